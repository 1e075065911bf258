"""What the page of a run shows of single stages: labeler, window search, training, settings."""

import os
from collections.abc import Sequence
from pathlib import Path

from gazescribe.pipeline.core.errors import GazeError
from gazescribe.pipeline.core.files import settle
from gazescribe.pipeline.core.foreign import parsing
from gazescribe.pipeline.report.counts import Metrics
from gazescribe.pipeline.report.curves import Curves, read_curves
from gazescribe.pipeline.report.layout import RunLayout
from gazescribe.pipeline.report.sheets import (
    NONE,
    Section,
    Sheet,
    embed_figure,
    figure_paths,
    number,
    read_csv,
    read_sheet,
    sheet,
    shorten,
)
from gazescribe.pipeline.report.unfinished import read_unfinished
from gazescribe.pipeline.report.written import EvaluatedLabels, Tuned, read_json, rerun

PAPER = ("certainty_above_0", "positive_or_uncertain")  # what Table 4 of the paper counts
RATES = ("precision", "recall", "f1")
SIDES = ("", "_low", "_high")
RATED = (
    *("label", "reference", "counted", "tp", "fp", "fn"),
    *(f"{rate}{side}" for rate in RATES for side in SIDES),
)
RANKED = (
    *("rank", "rule", "iou_paper"),
    *(f"{name}{side}" for name in ("iou_cross_validated", "behind_best") for side in SIDES),
)
DVC_STAGE = "DVC_STAGE"  # DVC sets it for the commands that it runs
TOP = 12  # rules of the search shown at once


def settings(metrics: Sequence[Metrics]) -> Sheet:
    """Put the parameters that the stages wrote down into one table."""
    rows = [
        [entry.stage, entry.item, name, str(value)]
        for entry in metrics
        for name, value in entry.content.get("params", {}).items()
    ]
    rows += [
        [entry.stage, entry.item, "splits", str(entry.content["split_source"])]
        for entry in metrics
        if entry.stage == "ingest" and "split_source" in entry.content
    ]
    return sheet("Settings", ["stage", "data", "parameter", "value"], rows, shown=len(rows))


def labeler(folder: Path, run: RunLayout) -> Section:
    """Tables of `evaluate-labels`."""
    title = "Labeler against the readers' certainties"
    path = folder / (run.evaluated_labels or "")
    settle(path)
    if run.evaluated_labels is None or not (path / "labels.csv").is_file():
        missing = "Not evaluated yet: dvc repro evaluate-labels."
        return Section("labeler", title, missing=missing)
    rows = read_csv(path / "labels.csv", RATED)
    written = path / "evaluate_labels.json"
    summary = read_json(written, EvaluatedLabels, rerun(written))
    counted = (
        f"{summary.n_readings} readings, {summary.n_images} different images, of phase"
        f" {summary.params.phase}. A reading mentions a label when a mention of it is"
        " positive or uncertain, and has it when its reader's certainty is above 0"
        " (Lanfredi et al. 2023, Table 4). Intervals come from resampled images."
    )
    texts = []
    for name, rate in summary.macro.certainty_above_0.positive_or_uncertain.items():
        value = "undefined" if rate.value is None else f"{rate.value:.3f}"
        texts.append(f"{name} {value} ({rate.n_defined} of {rate.n_items} labels)")
    lead = [counted, f"Macro over labels: {', '.join(texts)}."]
    kinds = dict.fromkeys((row["reference"], row["counted"]) for row in rows)
    sheets = [
        _rates(kind, [row for row in rows if (row["reference"], row["counted"]) == kind], written)
        for kind in sorted(kinds, key=lambda kind: kind != PAPER)
    ]
    confusion = read_sheet(path / "confusion.csv", "Polarity against certainty")
    return Section("labeler", title, lead, sheets[:1], [*sheets[1:], confusion])


def _rates(kind: tuple[str, str], rows: Sequence[dict[str, str]], path: Path) -> Sheet:
    title = ", ".join(part.replace("_", " ") for part in kind)
    columns = ["label", "readers say so", "mentioned", *RATES]
    cells = []
    for row in rows:
        with parsing(path, "what `gazescribe evaluate-labels` writes", GazeError, rerun(path)):
            hits = int(row["tp"])
            positive, mentioned = (str(hits + int(row[other])) for other in ("fn", "fp"))
        cells.append([row["label"], positive, mentioned, *(_interval(row, r) for r in RATES)])
    return sheet(title.capitalize(), columns, cells)


def search(folder: Path, run: RunLayout) -> Section:
    """Ranking and pictures of `tune`."""
    title = "Window search"
    path = folder / (run.tune or "")
    settle(path)
    if run.tune is None or not (path / "ranking.csv").is_file():
        return Section("tune", title, missing="Not searched yet: dvc repro tune.")
    rows = read_csv(path / "ranking.csv", RANKED)
    remedy = rerun(path / "tune.json")
    summary = read_json(path / "tune.json", Tuned, remedy)
    best = summary.best
    counted = (
        f"{summary.n_rules} rules for the window of gaze, on {summary.n_readings} readings of"
        f" {summary.n_subjects} subjects; {summary.n_rules_published} of them are the paper's."
        f" Best: {best.rule.replace('_', ' ')}, IoU {number(best.iou_cross_validated)}"
        f" cross-validated, {number(best.iou_paper)} as in the paper."
    )
    explained = (
        "Floors and ceilings stand below the rules. A rule whose distance to the best has an"
        " interval that holds 0 is not told apart from it."
    )
    ranked = [row for row in rows if row["rank"]]
    between = [row for row in rows if not row["rank"]]
    sheets = [_ranking("Best rules, floors and ceilings", [*ranked[:TOP], *between])]
    more = [_ranking("All rules", rows)]
    pictures = [
        embed_figure(figure_paths(path, name), f"IoU against the delay, for each {what}", remedy)
        for name, what in (("iou_by_delay", "end of the window"), ("iou_by_label", "label"))
    ]
    return Section("tune", title, [counted, explained], sheets, more, pictures)


def _ranking(title: str, rows: Sequence[dict[str, str]]) -> Sheet:
    columns = ["rank", "rule", "IoU, cross-validated", "IoU, as in the paper", "behind the best"]
    cells = [
        [
            row["rank"],
            row["rule"].replace("_", " "),
            _interval(row, "iou_cross_validated"),
            shorten(row["iou_paper"]),
            _interval(row, "behind_best"),
        ]
        for row in rows
    ]
    return sheet(title, columns, cells, shown=len(cells))


def _interval(row: dict[str, str], name: str) -> str:
    """Write `value (low to high)`; the value alone where an edge is unknown."""
    value, low, high = (shorten(row[f"{name}{side}"]) for side in SIDES)
    return value if NONE in (low, high) else f"{value} ({low} to {high})"


def training(folder: Path, run: RunLayout) -> list[Curves]:
    """Training curves of each system that was trained, or is being trained.

    As a stage of DVC, the page has finished runs alone: it is kept with what the stage depends on,
    and would say for ever that a run is going on.
    """
    begun = {} if DVC_STAGE in os.environ else read_unfinished(folder)
    systems = dict.fromkeys([*run.models, *sorted(system for system, _ in begun)])
    curves = [
        read_curves(system, folder / run.models[system] if system in run.models else None, begun)
        for system in systems
    ]
    return [system for system in curves if system.panels or system.notes]
