"""Score tables of MIL runs to the tables and figures of Lanfredi et al. 2023.

Reads: SCORES, one folder a run (`scores.json`, `classification.parquet`, `localisation.parquet`,
and `examples.npz` where there is one); the rules folder; the published figures.
Writes: a CSV for each table, `tables.md` and `tables.json` with all, pictures as PNG, PDF
and SVG with `captions.json`, `tabulate.json`.
Params: sections `tabulate` and `figures`.
Drops: labels of one class, labels without a test case, tables whose models are not there; counted.
Source: Lanfredi et al. 2023, Tables 1 to 3 and 5 to 7, Figure 4; `spec/mil.md` sections 7 to 9.
"""

from collections.abc import Mapping
from functools import partial
from pathlib import Path

import numpy as np

from gazescribe.pipeline.core.console import progress
from gazescribe.pipeline.core.resampling import Draws
from gazescribe.pipeline.core.settings import Figures
from gazescribe.pipeline.results.figures import draw_tables, with_level
from gazescribe.pipeline.results.mil import examples, experiments, figures, fractions, tables
from gazescribe.pipeline.results.mil.comparisons import comparisons
from gazescribe.pipeline.results.mil.histogram import (
    MapsToDraw,
    count_values,
    drawn_maps,
    histogram_table,
    stored_maps,
)
from gazescribe.pipeline.results.mil.models import MAIN, MilModel, check_cases, score_model
from gazescribe.pipeline.results.mil.scores import MilRun, read_mil_runs
from gazescribe.pipeline.results.published import PublishedMil, load_published
from gazescribe.pipeline.results.rows import MARKS, PaperTable
from gazescribe.pipeline.results.runs import main_first, names_in_config, seed_notes
from gazescribe.pipeline.results.settings import Tabulate
from gazescribe.pipeline.results.starts import starts_of, with_starts
from gazescribe.pipeline.results.writing import NetworkResults, Summary, plain, write_results

DRAWN = {
    "table_5_averages": figures.averages,
    "table_6_iou_by_label": figures.iou_by_label,
    "table_6_pointing_by_label": figures.pointing_by_label,
    "table_7_ablation": figures.ablation,
}
NO_NETWORK = ("table_2_label_groups", "histogram")
TABLE_OF = {"table_6_pointing_by_label": "table_6_iou_by_label"}


def run(
    scores: Path,
    out: Path,
    params: Tabulate,
    pictures: Figures,
    *,
    heatmaps: Path | None = None,
    drawn: MapsToDraw | None = None,
    degraded: Path | None = None,
    rules: Path | None = None,
    config: Path | None = None,
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
    pictures : Figures
        The section `figures`.
    heatmaps : pathlib.Path, optional
        Label maps, for the histogram behind the threshold of annotated cells.
    drawn : MapsToDraw, optional
        In their place what to draw them from.
    degraded : pathlib.Path, optional
        JSON of `gazescribe degrade`, for recall and precision of the noise experiment.
    rules : pathlib.Path, optional
        Rules folder.
    config : pathlib.Path, optional
        CONFIG whose runs count; by default all that are there.

    Raises
    ------
    GazeError
        If runs, maps or files do not fit together; all faults of a file at once.
    """
    draws = Draws(params.n_bootstrap, params.confidence, params.seed)
    confidence = params.confidence
    runs = read_mil_runs(scores, names_in_config(config) if config else None)
    reference = runs.get("et") or next(iter(runs.values()))
    mil_scores = reference[0].scores
    noisy = experiments.read_degraded(degraded, mil_scores.labels) if degraded else None
    whole = load_published("mil", PublishedMil)
    published = whole.beside(mil_scores.labels, mil_scores.unannotated[0], mil_scores.scored_by)
    values, grid = None, reference[0].settings["grid"]
    if heatmaps:
        values = count_values(stored_maps(heatmaps), grid, where=heatmaps)
    elif drawn:
        values = count_values(drawn_maps(drawn), grid, where=drawn.associated)
    models = _score(runs, draws, scores)
    curves = fractions.share_curves(models)
    equal = [fractions.equal_share(curve, draws) for curve in curves]
    tables_made: dict[str, PaperTable | None] = {  # in the order of the page
        "table_1_auroc_by_label": tables.auroc_by_label(models, published, confidence),
        "table_2_label_groups": tables.label_groups(rules),
        "table_3_counts": tables.counts(models, published),
        "table_5_averages": tables.averages(models, published, confidence),
        "table_6_iou_by_label": tables.iou_by_label(models, published, confidence),
        "table_6_by_map": tables.iou_by_map(models, published, confidence),
        "table_7_ablation": experiments.ablation(models, published, confidence),
        "ellipse_shares": fractions.fraction_table(curves, equal, published, confidence),
        "noise": experiments.noise(models, published, confidence, noisy),
        "lambdas": experiments.lambdas(models, published),
        "comparisons": comparisons(models, confidence, params.min_patients),
        "maps": tables.maps(models),
        "thresholds": tables.thresholds(models),
        "histogram": histogram_table(values) if values else None,
    }
    of_auroc = partial(figures.auroc_by_label, mil_scores.unannotated[0])
    pictures_made = draw_tables(
        tables_made, {"table_1_auroc_by_label": of_auroc, **DRAWN}, TABLE_OF
    )
    shares, weights = tables_made["ellipse_shares"], tables_made["lambdas"]
    pictures_made["ellipse_shares"] = (
        figures.shares(curves, shares.frame, equal, published) if shares else None
    )
    pictures_made["lambdas"] = figures.lambdas(weights.frame) if weights else None
    cut = published.map_threshold.value
    pictures_made["histogram"] = figures.histogram(values, cut) if values else None
    pictures_made |= examples.figure_4(models, params.n_examples, params.seed)
    pictures_made = with_level(pictures_made, confidence)
    if published is not whole:
        tables_made = {
            name: table and table.without_published() for name, table in tables_made.items()
        }
    metrics: Summary = {
        "params": params.model_dump(),
        "n_runs": sum(len(model.runs) for model in models.values()),
        "models": {name: _metrics(model) for name, model in models.items()},
        "equal_share": [
            {key: plain(value) for key, value in estimate.items()} for estimate in equal
        ],
    }
    footnotes = {mark: f"{published.sources[source]}." for source, mark in MARKS.items()}
    notes = _notes(models, published.paper, footnotes)
    if published is not whole:
        notes.append(
            "Published figures stand beside what is of the paper's labels and images alone."
        )
    title = "Multiple-instance network: results"
    results = NetworkResults(title, notes, tables_made, pictures_made, TABLE_OF, footnotes)
    results = with_starts(results, starts_of(runs), NO_NETWORK)
    of_model = metrics["models"]["et" if "et" in models else next(iter(models))]
    headline = "mil", {name: of_model.get(name) for name in ("auroc", "iou")}
    return write_results(results, metrics, headline, out, pictures)


def _score(runs: Mapping[str, list[MilRun]], draws: Draws, scores: Path) -> dict[str, MilModel]:
    """Score all models, the paper's first."""
    models, cases = {}, {}
    for name in progress(main_first(runs, MAIN), "scoring", total=len(runs)):
        models[name], cases[name] = score_model(runs[name], draws)
    check_cases(cases, scores)
    return models


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
    return [
        intervals,
        source,
        *seed_notes({name: len(model.runs) for name, model in models.items()}),
    ]


def _metrics(model: MilModel) -> Summary:
    """Macro means of a model: unknown numbers are null."""
    metrics: Summary = {"n_seeds": len(model.runs), "map": model.map}
    left_out = {}
    for metric, measure in model.measures().items():
        metrics[metric] = plain(measure.macro().mean()[0])
        by_label = zip(measure.items, measure.mean(), strict=True)
        left_out[metric] = [label for label, value in by_label if np.isnan(value)]
    if model.best:
        table = model.best.thresholds
        without = table.loc[table["n_validation"] == 0, "label"]
        metrics["labels_without_validation_case"] = list(without)
    return metrics | {"labels_left_out": left_out}
