"""Score tables of cooperative runs to the tables and figures of Qiu, Rivaz, Xiao 2025.

Reads: SCORES, one folder a run (`scores.json`, and what its network gives of
`classification.parquet`, `saliency.parquet` and `examples.npz`); the published figures;
`train.json` and `epochs.csv` of MODELS where that is given.
Writes: a CSV for each table, `tables.md` with all, pictures as PNG and SVG, `tabulate.json`.
Params: section `tabulate`.
Drops: runs that give nothing to score, tables whose models are not there; named.
Source: Qiu, Rivaz, Xiao 2025, Tables 1 and 2, Figure 3; `spec/cooperative.md` sections 6 to 8.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from gazescribe.pipeline.core.console import progress
from gazescribe.pipeline.core.resampling import Draws
from gazescribe.pipeline.results.cooperative import examples, figures
from gazescribe.pipeline.results.cooperative.comparisons import diagnosis_tests, map_tests
from gazescribe.pipeline.results.cooperative.joint import joint_table, read_trained, taking_part
from gazescribe.pipeline.results.cooperative.measured import (
    BASELINES,
    MAIN,
    Model,
    baseline,
    ordered,
    score_diagnosis,
    score_maps,
)
from gazescribe.pipeline.results.cooperative.scores import (
    METRICS,
    Aligned,
    Run,
    check_cases,
    read_classification,
    read_runs,
    read_saliency,
)
from gazescribe.pipeline.results.cooperative.tables import (
    PAPER_METRICS,
    diagnosis,
    gradcam,
    saliency,
    weights_of,
)
from gazescribe.pipeline.results.published import PublishedCooperative, load_published
from gazescribe.pipeline.results.rows import Table
from gazescribe.pipeline.results.settings import Tabulate
from gazescribe.pipeline.results.writing import Results, plain, write_results

Summary = dict[str, Any]

TABLES = (
    "table_1_diagnosis",
    "diagnosis_tests",
    "table_2_saliency",
    "table_2_further_metrics",
    "saliency_tests",
    "gradcam",
    "gradcam_tests",
    "joint_or_staged",
)
FIGURES = ("table_1_diagnosis", "table_2_saliency", "gradcam", "joint_curves", "examples")
INTERVALS = (
    "Intervals: a bootstrap over patients of the mean over the seeds, which says how another test"
    " sample would vary; Student's t over seeds, which says how training varies. weights: what the"
    " first stage of a model started from; scratch is nothing."
)
OF_THE_PAPER = tuple(name for name in MAIN if name != "dual_encoder")


def run(scores: Path, out: Path, params: Tabulate, *, models: Path | None = None) -> Summary:
    """Write all tables and figures that the runs allow; give the metrics.

    Parameters
    ----------
    scores : pathlib.Path
        What `gazescribe evaluate` wrote.
    out : pathlib.Path
        Folder of the results.
    params : Tabulate
        The section of this name.
    models : pathlib.Path, optional
        What `gazescribe train` wrote, for time, memory and curves of joint and staged training.

    Raises
    ------
    GazeError
        If runs or files do not fit together; all faults of a file at once.
    """
    published = load_published("cooperative", PublishedCooperative)
    draws = Draws(params.n_bootstrap, params.confidence, params.seed)
    found = read_runs(scores)
    runs = {one.name: one for of in found.values() for one in of}
    every = _score(found, draws, scores)
    scored = {name: one for name, one in every.items() if one.runs}
    histories = read_trained(every, runs, models) if models else {}
    weights = {name: weights_of(one.runs[0], runs) for name, one in scored.items()}
    weights |= dict.fromkeys(BASELINES.values(), "–")
    confidence = params.confidence
    tables: list[Table | None] = [
        diagnosis(every, weights, published, confidence),
        diagnosis_tests(every, confidence),
        *saliency(every, weights, published, confidence),
        map_tests(every, "saliency", confidence),
        gradcam(every, weights, confidence),
        map_tests(every, "gradcam", confidence),
        joint_table(every, runs, histories),
    ]
    made = {table.name: table for table in tables if table is not None}
    drawn = _figures(made)
    if histories:
        drawn["joint_curves"] = figures.curves(histories, taking_part(every))
    if columns := examples.columns_of(every):
        chosen = examples.choose(columns, params.n_examples, params.seed)
        drawn["examples"] = examples.draw(columns, chosen)
    summary = {
        "params": params.model_dump(),
        "n_runs": len(runs),
        "models": {name: _of_model(one) for name, one in scored.items()},
        "baselines": {name: _fits(every[name]) for name in every if name not in scored},
        "not_scored": sorted(set(found) - set(scored)),
        "not_there": [name for name in OF_THE_PAPER if name not in scored],
        "tables": [name for name in TABLES if name in made],
        "figures": [name for name in FIGURES if name in drawn],
        "not_made": sorted({*TABLES, *FIGURES} - {*made, *drawn}),
    }
    title = "Cooperative network for saliency and diagnosis: results"
    results = Results(title, _notes(scored, summary, published), made, drawn)
    write_results(results, summary, out, (*TABLES, *FIGURES))
    return summary


def _score(found: Mapping[str, list[Run]], draws: Draws, folder: Path) -> dict[str, Model]:
    """Score all models, the paper's first, then the two maps that know nothing of the image."""
    models: dict[str, Model] = {}
    diagnosed: dict[str, Aligned] = {}
    compared: dict[str, Aligned] = {}
    first = None
    for name in progress(ordered(found), "scoring", total=len(found)):
        classes, maps = read_classification(found[name]), read_saliency(found[name])
        if classes is None and not maps:
            continue
        if classes is not None:
            diagnosed[name] = classes
        compared |= {f"{name}, {kind}, {on}": one for (kind, on), one in maps.items()}
        first = first or maps
        kept = {kind: one for kind, one in maps.items() if kind[0] not in BASELINES}
        scored = None if classes is None else score_diagnosis(classes, draws)
        models[name] = Model(name, found[name], scored, score_maps(kept, draws))
    check_cases(diagnosed, folder)
    check_cases(compared, folder)
    for kind in BASELINES:
        one = baseline(first or {}, kind, draws)
        if one.maps:
            models[one.name] = one
    return models


def _figures(made: Mapping[str, Table]) -> dict[str, Figure]:
    """Draw those tables that have a picture."""
    drawn = {}
    if table := made.get("table_1_diagnosis"):
        drawn["table_1_diagnosis"] = figures.diagnosis(table.frame)
    for name in ("table_2_saliency", "gradcam"):
        if table := made.get(name):
            drawn[name] = figures.fit(table.frame, PAPER_METRICS)
    return drawn


def _notes(
    models: Mapping[str, Model], summary: Summary, published: PublishedCooperative
) -> list[str]:
    """Say above all tables what holds for all of them."""
    source = f"Published: {published.paper}; one training, {published.n_test} images."
    notes = [INTERVALS, f"{source} A dash is a number that is not known."]
    protocols = {str(one.runs[0].scores.settings.get("split")) for one in models.values()}
    if "published" in protocols:
        notes.append(
            "Published protocol, for comparison only: images and not patients were split, and the"
            " reported images chose the epoch, so all figures are too good."
        )
    if "folds" in protocols:
        notes.append(
            "Cross-validation: AUROC is the mean of the folds' own, all else is pooled over the"
            " images of all folds; what is called a seed is one pass through the folds."
        )
    alone = [name for name, one in models.items() if len(_repetitions(one)) < 2]
    if alone:
        notes.append(f"One seed, so no interval over seeds: {', '.join(alone)}.")
    if summary["not_scored"]:
        notes.append(f"Nothing to score, by what they are: {', '.join(summary['not_scored'])}.")
    if summary["not_there"]:
        notes.append(f"Models of the paper without scores: {', '.join(summary['not_there'])}.")
    return notes


def _repetitions(model: Model) -> set[int]:
    return {one.repetition for one in model.runs}


def _of_model(model: Model) -> Summary:
    """Give the metrics of a model: unknown numbers are null."""
    found: Summary = {"n_seeds": len(_repetitions(model)), "n_runs": len(model.runs)}
    if model.diagnosed:
        found["n_images"] = len(model.diagnosed.aligned.cases)
        for name, measure in model.diagnosed.measures.items():
            found[name] = plain(float(measure.mean()[0]))
    return found | _fits(model)


def _fits(model: Model) -> Summary:
    found = {}
    for (kind, pixels), compared in model.maps.items():
        means = compared.measure.mean()
        values = {name: plain(float(means[at])) for at, name in enumerate(METRICS)}
        n_undefined = compared.aligned.scores.shape[1] - compared.n_defined.astype(int)
        undefined = dict(zip(METRICS, n_undefined.tolist(), strict=True))
        found[f"{kind}_{pixels}"] = values | {"undefined": undefined}
    return found
