"""Score tables of cooperative runs to the tables and figures of Qiu, Rivaz, Xiao 2025.

Reads: SCORES, one folder a run (`scores.json`, and what its network gives of
`classification.parquet`, `saliency.parquet` and `examples.npz`); the published figures;
`train.json` and `epochs.csv` of MODELS where that is given.
Writes: a CSV for each table, `tables.md` and `tables.json` with all, pictures as PNG, PDF
and SVG with `captions.json`, `tabulate.json`.
Params: sections `tabulate` and `figures`.
Drops: runs that give nothing to score, tables whose models are not there; named.
Source: Qiu, Rivaz, Xiao 2025, Tables 1 and 2, Figure 3; `spec/cooperative.md` sections 6 to 8.
"""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import pandas as pd

from gazescribe.pipeline.core.console import progress
from gazescribe.pipeline.core.figures import Plate
from gazescribe.pipeline.core.resampling import Draws
from gazescribe.pipeline.core.settings import Figures
from gazescribe.pipeline.results.cooperative import examples, figures, joint, tables
from gazescribe.pipeline.results.cooperative import measured as scoring
from gazescribe.pipeline.results.cooperative import scores as reading
from gazescribe.pipeline.results.cooperative.comparisons import diagnosis_tests, map_tests
from gazescribe.pipeline.results.cooperative.measured import CooperativeModel, Models
from gazescribe.pipeline.results.cooperative.scores import METRICS, Aligned, CooperativeRun
from gazescribe.pipeline.results.figures import draw_tables, with_level
from gazescribe.pipeline.results.published import PublishedCooperative, load_published
from gazescribe.pipeline.results.rows import PaperTable
from gazescribe.pipeline.results.runs import main_first, names_in_config, seed_notes
from gazescribe.pipeline.results.settings import Tabulate
from gazescribe.pipeline.results.starts import Starts, starts_of, with_starts
from gazescribe.pipeline.results.writing import NetworkResults, Summary, plain, write_results

DRAWN: dict[str, Callable[[pd.DataFrame], Plate]] = {
    "table_1_diagnosis": figures.diagnosis,
    "table_2_saliency": partial(figures.fit, "Fit of the saliency map to gaze, test"),
    "gradcam": partial(figures.fit, "Fit of the diagnosis' Grad-CAM to gaze, test"),
}
TABLE_OF = {"joint_curves": "joint_or_staged"}

INTERVALS = (
    "Intervals: a bootstrap over patients of the mean over the seeds, which says how another test"
    " sample would vary; Student's t over seeds, which says how training varies. weights: what the"
    " first stage of a model started from; scratch is nothing."
)
OF_THE_PAPER = tuple(name for name in scoring.MAIN if name != "dual_encoder")


def run(
    scores: Path,
    out: Path,
    params: Tabulate,
    pictures: Figures,
    *,
    models: Path | None = None,
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
    models : pathlib.Path, optional
        What `gazescribe train` wrote, for time, memory and curves of joint and staged training.
    config : pathlib.Path, optional
        CONFIG whose runs count; by default all that are there.

    Raises
    ------
    GazeError
        If runs or files do not fit together; all faults of a file at once.
    """
    draws = Draws(params.n_bootstrap, params.confidence, params.seed)
    runs_of = reading.read_cooperative_runs(scores, names_in_config(config) if config else None)
    published = None
    if reading.is_of_paper(runs_of):
        published = load_published("cooperative", PublishedCooperative)
    runs = {run.name: run for model_runs in runs_of.values() for run in model_runs}
    starts = starts_of(runs_of)
    scored = _score(runs_of, starts, draws, scores)
    trained = {name: model for name, model in scored.items() if model.runs}  # no baselines
    histories = joint.read_trained(scored, runs, models) if models else {}
    confidence, n_least = params.confidence, params.min_patients
    tables_made: dict[str, PaperTable | None] = {  # in the order of the page
        "table_1_diagnosis": tables.diagnosis(scored, published, confidence),
        "diagnosis_tests": diagnosis_tests(scored, confidence, n_least),
        "table_2_saliency": tables.saliency(scored, published, confidence),
        "table_2_further_metrics": tables.further_metrics(scored, published, confidence),
        "saliency_tests": map_tests(scored, "saliency", confidence, n_least),
        "gradcam": tables.gradcam(scored, confidence),
        "gradcam_tests": map_tests(scored, "gradcam", confidence, n_least),
        "joint_or_staged": joint.joint_table(scored, runs, histories),
        "inference_time": tables.inference(scored),
    }
    drawn = draw_tables(tables_made, DRAWN, TABLE_OF)
    participants = joint.taking_part(scored)
    drawn["joint_curves"] = figures.curves(histories, participants) if histories else None
    columns = examples.columns_of(scored)
    chosen = None
    if columns:
        classes = next(iter(runs.values())).scores.classes
        chosen = examples.choose(columns, classes, params.n_examples, params.seed)
    drawn["examples"] = None if chosen is None or chosen.empty else examples.draw(columns, chosen)
    metrics: Summary = {
        "params": params.model_dump(),
        "n_runs": len(runs),
        "models": {name: _metrics(model) for name, model in trained.items()},
        "baselines": {name: _fits(scored[name]) for name in scored if name not in trained},
        "not_scored": sorted(set(runs_of) - set(trained)),
        "not_there": [
            name
            for name in OF_THE_PAPER
            if name not in trained and f"{name}{scoring.AS_PUBLISHED}" not in trained
        ],
    }
    title = "Cooperative network for saliency and diagnosis: results"
    notes = _notes(trained, metrics, published)
    results = NetworkResults(title, notes, tables_made, with_level(drawn, confidence), TABLE_OF)
    of_model = metrics["models"].get(scoring.reference(trained), {})
    headline = {"auroc": of_model.get("macro"), "kl": of_model.get("saliency_valid", {}).get("kl")}
    results = with_starts(results, starts, ())
    return write_results(results, metrics, ("coop", headline), out, pictures)


def _score(
    runs_of: Mapping[str, list[CooperativeRun]],
    starts: Starts,
    draws: Draws,
    folder: Path,
) -> dict[str, CooperativeModel]:
    """Score all models, the paper's first, then the two maps that know nothing of the image."""
    models: dict[str, CooperativeModel] = {}
    diagnosed: dict[str, Aligned] = {}
    compared: dict[str, Aligned] = {}
    first_maps = None
    for name in progress(main_first(runs_of, scoring.MAIN), "scoring", total=len(runs_of)):
        classes = reading.read_classification(runs_of[name])
        maps = reading.read_saliency(runs_of[name])
        if classes is None and not maps:
            continue
        if classes is not None:
            diagnosed[name] = classes
        for (kind, pixels), aligned in maps.items():
            compared[f"{name}, {kind}, {pixels}"] = aligned
        first_maps = first_maps or maps
        of_model = {
            kind: aligned for kind, aligned in maps.items() if kind[0] not in scoring.BASELINES
        }
        models[name] = CooperativeModel(
            name,
            runs_of[name],
            None if classes is None else scoring.score_diagnosis(classes, draws),
            scoring.score_maps(of_model, draws),
            starts[name],
        )
    reading.check_cases(diagnosed, folder)
    reading.check_cases(compared, folder)
    for kind in scoring.BASELINES:
        model = scoring.baseline(first_maps or {}, kind, draws)
        if model.maps:
            models[model.name] = model
    return models


def _notes(models: Models, metrics: Summary, published: PublishedCooperative | None) -> list[str]:
    """Sentences above all tables, which hold for all of them."""
    source = "The diagnoses are not the paper's, whose figures are left out."
    if not any(run.scores.classes for model in models.values() for run in model.runs):
        source = "Saliency alone, for no image has a diagnosis. The paper's figures are left out."
    if published:
        source = f"Published: {published.paper}; one training, {published.n_test} images."
    notes = [INTERVALS, f"{source} A dash is a number that is not known."]
    protocols = {str(model.runs[0].settings.get("split")) for model in models.values()}
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
    notes += seed_notes({name: len(model.repetitions()) for name, model in models.items()})
    if metrics["not_scored"]:
        notes.append(f"Nothing to score, by what they are: {', '.join(metrics['not_scored'])}.")
    if metrics["not_there"]:
        notes.append(f"Models of the paper without scores: {', '.join(metrics['not_there'])}.")
    return notes


def _metrics(model: CooperativeModel) -> Summary:
    """Metrics of a model: unknown numbers are null."""
    metrics: Summary = {"n_seeds": len(model.repetitions()), "n_runs": len(model.runs)}
    if model.diagnosed:
        metrics["n_images"] = len(model.diagnosed.aligned.cases)
        for name, measure in model.diagnosed.measures.items():
            metrics[name] = plain(float(measure.mean()[0]))
    return metrics | _fits(model)


def _fits(model: CooperativeModel) -> Summary:
    fits = {}
    for (kind, pixels), compared in model.maps.items():
        means = [plain(float(mean)) for mean in compared.measure.mean()]
        n_undefined = compared.aligned.scores.shape[1] - compared.n_defined.astype(int)
        undefined = dict(zip(METRICS, n_undefined.tolist(), strict=True))
        fits[f"{kind}_{pixels}"] = dict(zip(METRICS, means, strict=True)) | {"undefined": undefined}
    return fits
