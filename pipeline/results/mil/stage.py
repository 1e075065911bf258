"""Score tables of MIL runs to the tables and figures of Lanfredi et al. 2023.

Reads: SCORES, one folder a run (`scores.json`, `classification.parquet`, `localisation.parquet`,
and `examples.npz` where there is one); the rules folder; the published figures.
Writes: a CSV for each table, `tables.md` and `tables.json` with all, pictures as PNG and SVG,
`tabulate.json`.
Params: section `tabulate`.
Drops: labels of one class, labels without a test case, tables whose models are not there; counted.
Source: Lanfredi et al. 2023, Tables 1 to 3 and 5 to 7, Figure 4; `spec/mil.md` sections 7 to 9.
"""

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from gazescribe.pipeline.core.class_names import TEN_LABELS
from gazescribe.pipeline.core.console import progress
from gazescribe.pipeline.core.errors import SchemaError
from gazescribe.pipeline.core.resampling import Draws
from gazescribe.pipeline.results.mil import examples as figure_4
from gazescribe.pipeline.results.mil import figures
from gazescribe.pipeline.results.mil.comparisons import comparisons
from gazescribe.pipeline.results.mil.experiments import Degraded, ablation, lambdas, noise
from gazescribe.pipeline.results.mil.fractions import equal_share, fraction_table, share_curves
from gazescribe.pipeline.results.mil.histogram import count_values, histogram_table
from gazescribe.pipeline.results.mil.models import (
    PAPER_DATASET,
    MilModel,
    check_cases,
    main_first,
    score_model,
)
from gazescribe.pipeline.results.mil.scores import MilRun, read_mil_runs
from gazescribe.pipeline.results.mil.tables import (
    auroc_by_label,
    averages,
    counts,
    iou_by_label,
    label_groups,
    maps,
    thresholds,
)
from gazescribe.pipeline.results.published import PublishedMil, load_published
from gazescribe.pipeline.results.rows import MARKS, Table
from gazescribe.pipeline.results.settings import Tabulate
from gazescribe.pipeline.results.writing import (
    Outputs,
    Results,
    Summary,
    by_name,
    plain,
    write_results,
)

TABLES = (
    "table_1_auroc_by_label",
    "table_2_label_groups",
    "table_3_counts",
    "table_5_averages",
    "table_6_iou_by_label",
    "table_7_ablation",
    "ellipse_shares",
    "noise",
    "lambdas",
    "comparisons",
    "maps",
    "thresholds",
    "histogram",
)
FIGURES = (
    "table_1_auroc_by_label",
    "table_5_averages",
    "table_6_iou_by_label",
    "table_6_pointing_by_label",
    "table_7_ablation",
    "ellipse_shares",
    "lambdas",
    "histogram",
    "figure_4",
)

OUTPUTS = Outputs(TABLES, FIGURES, {"table_6_pointing_by_label": "table_6_iou_by_label"})


def run(
    scores: Path,
    out: Path,
    params: Tabulate,
    *,
    heatmaps: Path | None = None,
    degraded: Path | None = None,
    rules: Path | None = None,
) -> Summary:
    """Write all tables and figures that the runs allow; give the metrics.

    Parameters
    ----------
    scores : pathlib.Path
        What `gazescribe evaluate` wrote.
    out : pathlib.Path
        Folder of the results.
    params : Tabulate
        The section of this name.
    heatmaps : pathlib.Path, optional
        Label maps, for the histogram behind the threshold of annotated cells.
    degraded : pathlib.Path, optional
        JSON of `gazescribe degrade`, for recall and precision of the noise experiment.
    rules : pathlib.Path, optional
        Rules folder.

    Raises
    ------
    GazeError
        If runs, maps or files do not fit together; all faults of a file at once.
    """
    published = load_published("mil", PublishedMil)
    draws = Draws(params.n_bootstrap, params.confidence, params.seed)
    noisy = _read_degraded(degraded) if degraded else None
    runs = read_mil_runs(scores)
    reference = runs.get("et") or next(iter(runs.values()))
    values = count_values(heatmaps, reference[0].settings["grid"]) if heatmaps else None
    models = _score(runs, draws, scores)
    curves = share_curves(models)
    equal = [equal_share(curve, draws) for curve in curves]
    tables = by_name(
        [
            auroc_by_label(models, published, params.confidence),
            label_groups(rules),
            counts(models, published),
            averages(models, published, params.confidence),
            iou_by_label(models, published, params.confidence),
            ablation(models, published, params.confidence),
            fraction_table(curves, equal, published, params.confidence),
            noise(models, published, params.confidence, noisy),
            lambdas(models, published),
            comparisons(models, params.confidence),
            maps(models),
            thresholds(models),
            histogram_table(values) if values else None,
        ]
    )
    drawn = _figures(tables)
    if curves:
        frame = tables["ellipse_shares"].frame
        drawn["ellipse_shares"] = figures.shares(curves, frame, equal, published)
    if values:
        drawn["histogram"] = figures.histogram(values, published.map_threshold.value)
    if examples := figure_4.main_examples(models):
        chosen = figure_4.choose(examples, params.n_examples, params.seed)
        drawn["figure_4"] = figure_4.draw(examples, chosen)
    metrics = {
        "params": params.model_dump(),
        "n_runs": sum(len(model.runs) for model in models.values()),
        "models": {name: _metrics(model) for name, model in models.items()},
        "equal_share": [
            {key: plain(value) for key, value in estimate.items()} for estimate in equal
        ],
    }
    footnotes = {mark: f"{published.sources[source]}." for source, mark in MARKS.items()}
    notes = _notes(models, published.paper, footnotes)
    title = "Multiple-instance network: results"
    return write_results(Results(title, notes, tables, drawn, footnotes), OUTPUTS, metrics, out)


def _score(runs: Mapping[str, list[MilRun]], draws: Draws, scores: Path) -> dict[str, MilModel]:
    """Score all models, the paper's first."""
    models, cases = {}, {}
    for name in progress(main_first(list(runs)), "scoring", total=len(runs)):
        models[name], cases[name] = score_model(runs[name], draws)
    check_cases(cases, scores)
    return models


def _read_degraded(path: Path) -> Degraded:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        label = content["params"]["label"]
        before, after = (content[when]["certainty_above_0"] for when in ("before", "after"))
    except (UnicodeDecodeError, json.JSONDecodeError, KeyError, TypeError) as error:
        message = f"this is not what `gazescribe degrade --against` writes ({error!r})."
        raise SchemaError(message, where=path) from error
    if label not in TEN_LABELS:
        raise SchemaError(f"{label!r} is none of the ten labels.", where=path)
    return Degraded(label, before, after)


def _figures(tables: Mapping[str, Table]) -> dict[str, Figure]:
    """Draw those tables that have a picture."""
    drawn = {}
    if table := tables.get("table_1_auroc_by_label"):
        rows = table.frame[table.frame["dataset"] == PAPER_DATASET]
        drawn["table_1_auroc_by_label"] = figures.by_label(figures.first_models(rows), "auroc")
    if table := tables.get("table_6_iou_by_label"):
        for metric in ("iou", "pointing"):
            rows = figures.first_models(table.frame[table.frame["metric"] == metric])
            drawn[f"table_6_{metric}_by_label"] = figures.by_label(rows, metric)
    of_tables = {
        "table_5_averages": figures.averages,
        "table_7_ablation": figures.ablation,
        "lambdas": figures.lambdas,
    }
    for name, function in of_tables.items():
        if table := tables.get(name):
            drawn[name] = function(table.frame)
    return drawn


def _notes(models: Mapping[str, MilModel], paper: str, footnotes: Mapping[str, str]) -> list[str]:
    """Sentences on top of the page, which hold for all tables."""
    intervals = (
        "Intervals: the paper's (mean ± 1.96 × population sd / √n over seeds), Student's t over"
        " seeds, and a bootstrap over the subjects of the test cases, of the mean over the seeds."
        " The first two say how training varies, the third how another test sample would; a label"
        " that a resample misses keeps its value in the mean over labels."
    )
    source = f"Published: {paper}. A dash is a number that no public text has."
    source += "".join(f" {mark} {text}" for mark, text in footnotes.items())
    notes = [intervals, source]
    alone = [name for name, model in models.items() if len(model.runs) < 2]
    if alone:
        notes.append(f"One seed, so no interval over seeds: {', '.join(alone)}.")
    return notes


def _metrics(model: MilModel) -> Summary:
    """Macro means of a model: unknown numbers are null."""
    metrics: Summary = {"n_seeds": len(model.runs), "map": model.map}
    left_out = {}
    for metric, measure in model.measures().items():
        metrics[metric] = plain(measure.macro().mean()[0])
        by_label = zip(TEN_LABELS, measure.mean(), strict=True)
        left_out[metric] = [label for label, value in by_label if np.isnan(value)]
    if model.best:
        table = model.best.thresholds
        without = table.loc[table["n_validation"] == 0, "label"]
        metrics["labels_without_validation_case"] = list(without)
    return metrics | {"labels_left_out": left_out}
