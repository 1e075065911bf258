"""What the page of a run shows of single stages: labeler, window search, training, settings."""

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup

from gazescribe.pipeline.core.errors import GazeError
from gazescribe.pipeline.core.files import settle
from gazescribe.pipeline.core.foreign import parsing
from gazescribe.pipeline.report.counts import Metrics
from gazescribe.pipeline.report.curves import Curves, read_curves
from gazescribe.pipeline.report.layout import RunLayout
from gazescribe.pipeline.report.numbers import (
    NONE,
    Cited,
    apart,
    cite,
    interval,
    number,
    pointer,
    shorten,
    told,
)
from gazescribe.pipeline.report.sheets import (
    Headline,
    Section,
    Sheet,
    cited_cell,
    embed_figure,
    figure_paths,
    read_csv,
    read_sheet,
    sheet,
)
from gazescribe.pipeline.report.unfinished import read_unfinished
from gazescribe.pipeline.report.written import (
    Best,
    EvaluatedLabels,
    Rate,
    SearchCaptions,
    Tuned,
    read_json,
    rerun,
)

PAPER = ("certainty_above_0", "positive_or_uncertain")  # what Table 4 of the paper counts
MACRO = ("macro", *PAPER)  # in evaluate_labels.json
RATES = ("precision", "recall", "f1")
RATE_NAMES = {"precision": "precision", "recall": "recall", "f1": "F1"}
SIDES = ("", "_low", "_high")
RATED = (
    *("label", "reference", "counted", "tp", "fp", "fn"),
    *(f"{rate}{side}" for rate in RATES for side in SIDES),
)
RANKED = (
    *("rank", "rule", "iou_paper"),
    *(f"{name}{side}" for name in ("iou_cross_validated", "behind_best") for side in SIDES),
)
SEARCHED = ("n_rules", "n_readings", "n_subjects", "n_rules_published")
DVC_STAGE = "DVC_STAGE"  # DVC sets it for the commands that it runs
TOP = 12  # rules of the search shown at once


def settings(metrics: Sequence[Metrics]) -> Sheet:
    """Put the parameters that the stages wrote down into one table, each as it was set."""
    rows: list[list[str]] = []
    for entry in metrics:
        for keys, value in _values(entry.content.get("params", {}), ("params",)):
            text = Cited(value, entry.file, [pointer(*keys)])
            rows.append([entry.stage, entry.item, ".".join(keys[1:]), text])
    for entry in metrics:
        if entry.stage == "ingest" and "split_source" in entry.content:
            text = Cited(str(entry.content["split_source"]), entry.file, ["/split_source"])
            rows.append([entry.stage, entry.item, "splits", text])
    return sheet("Settings", ["stage", "data", "parameter", "value"], rows, shown=len(rows))


def _values(
    params: Mapping[str, Any], above: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], str]]:
    """Give each parameter below some keys with all its keys, as text."""
    for name, value in params.items():
        if isinstance(value, dict):
            yield from _values(value, (*above, name))
        else:
            text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
            yield (*above, name), apart(text)


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
    file = f"{run.evaluated_labels}/{written.name}"
    counted = told(
        "{n_readings} readings, {n_images} different images, of phase"
        " {phase}. A reading mentions a label when a mention of it is"
        " positive or uncertain, and has it when its reader's certainty is above 0"
        " (Lanfredi et al. 2023, Table 4). Intervals come from resampled images.",
        n_readings=cite(summary.n_readings, file, "n_readings"),
        n_images=cite(summary.n_images, file, "n_images"),
        phase=cite(summary.params.phase, file, "params", "phase"),
    )
    texts = [
        told("{name} {rate}", name=RATE_NAMES.get(name, name), rate=macro_rate(rate, file, name))
        for name, rate in summary.macro.certainty_above_0.positive_or_uncertain.items()
    ]
    lead: list[str] = [counted, told("Macro over labels: {texts}.", texts=Markup(", ").join(texts))]
    numbered = list(enumerate(rows))
    kinds = dict.fromkeys((row["reference"], row["counted"]) for row in rows)
    labels = written, f"{run.evaluated_labels}/labels.csv"
    sheets = [
        _rates(kind, [(n, row) for n, row in numbered if _kind(row) == kind], *labels)
        for kind in sorted(kinds, key=lambda kind: kind != PAPER)
    ]
    confusion = f"{run.evaluated_labels}/confusion.csv"
    crossed = read_sheet(path / "confusion.csv", "Polarity against certainty", confusion)
    headlines = [
        Headline("labeler", f"Labeler: {RATE_NAMES[name]}", mean_rate(rate, file, name))
        for name, rate in summary.macro.certainty_above_0.positive_or_uncertain.items()
        if name == "f1"
    ]
    more = [*sheets[1:], crossed]
    return Section("labeler", title, lead, sheets[:1], more, headlines=headlines)


def macro_rate(rate: Rate, file: str, name: str) -> Markup:
    """Write a mean over labels, with its interval and of how many labels it is."""
    return told(
        "{rate} ({n_defined} of {n_items} labels)",
        rate=mean_rate(rate, file, name),
        n_defined=cite(rate.n_defined, file, *MACRO, name, "n_defined"),
        n_items=cite(rate.n_items, file, *MACRO, name, "n_items"),
    )


def mean_rate(rate: Rate, file: str, name: str) -> Cited:
    """Write a mean over labels with its interval."""
    value = "undefined" if rate.value is None else number(rate.value)
    text = interval(value, number(rate.low), number(rate.high))
    ends = ("value", "low", "high") if "[" in text else ("value",)
    return Cited(text, file, [pointer(*MACRO, name, end) for end in ends])


def _kind(row: Mapping[str, str]) -> tuple[str, str]:
    return row["reference"], row["counted"]


def _rates(
    kind: tuple[str, str], rows: Sequence[tuple[int, dict[str, str]]], path: Path, file: str
) -> Sheet:
    title = ", ".join(part.replace("_", " ") for part in kind)
    names = [RATE_NAMES[rate] for rate in RATES]
    columns = ["label", "readers say so", "mentioned", *names]
    cells = []
    for n, row in rows:
        with parsing(path, "what `gazescribe evaluate-labels` writes", GazeError, rerun(path)):
            positive, mentioned = (
                Cited(
                    number(int(row["tp"]) + int(row[other])),
                    file,
                    [pointer(n, "tp"), pointer(n, other)],
                )
                for other in ("fn", "fp")
            )
        rates = [_interval(row, rate, file, n) for rate in RATES]
        cells.append([row["label"], positive, mentioned, *rates])
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
    file = f"{run.tune}/tune.json"
    counted = told(
        "{n_rules} rules for the window of gaze, on {n_readings} readings of"
        " {n_subjects} subjects; {n_rules_published} of them are the paper's."
        " Best: {rule}, IoU {iou_cross_validated}"
        " cross-validated, {iou_paper} as in the paper.",
        rule=best.rule.replace("_", " "),
        iou_cross_validated=best_iou(best, file),
        iou_paper=cite(best.iou_paper, file, "best", "iou_paper"),
        **{name: cite(getattr(summary, name), file, name) for name in SEARCHED},
    )
    explained = (
        "Floors and ceilings stand below the rules. A rule whose distance to the best has an"
        " interval that holds 0 is not told apart from it."
    )
    numbered = list(enumerate(rows))
    ranked = [(n, row) for n, row in numbered if row["rank"]]
    between = [(n, row) for n, row in numbered if not row["rank"]]
    ranking = f"{run.tune}/ranking.csv"
    sheets = [_ranking("Best rules, floors and ceilings", [*ranked[:TOP], *between], ranking)]
    more = [_ranking("All rules", numbered, ranking)]
    captions_path = path / "captions.json"
    captions = (
        read_json(captions_path, SearchCaptions, remedy)
        if captions_path.is_file()
        else SearchCaptions()
    )
    pictures = [
        embed_figure(figure_paths(path, name), under.title, remedy, under.caption)
        for name, under in captions
    ]
    name = "Window search: IoU of the best rule, cross-validated"
    headline = Headline("tune", name, best_iou(best, file))
    lead: list[str] = [counted, explained]
    return Section("tune", title, lead, sheets, more, pictures, headlines=[headline])


def best_iou(best: Best, file: str) -> Cited:
    """Write the cross-validated IoU of the best rule, with its interval where it is known."""
    low, high = best.iou_cross_validated_interval or (None, None)
    text = interval(number(best.iou_cross_validated), number(low), number(high))
    edges = ["/best/iou_cross_validated_interval/0", "/best/iou_cross_validated_interval/1"]
    return Cited(text, file, ["/best/iou_cross_validated", *(edges if "[" in text else [])])


def _ranking(title: str, rows: Sequence[tuple[int, dict[str, str]]], file: str) -> Sheet:
    columns = ["rank", "rule", "IoU, cross-validated", "IoU, as in the paper", "behind the best"]
    cells = [
        [
            cited_cell(row, "rank", file, n),
            row["rule"].replace("_", " "),
            _interval(row, "iou_cross_validated", file, n),
            _interval(row, "iou_paper", file, n),
            _interval(row, "behind_best", file, n),
        ]
        for n, row in rows
    ]
    return sheet(title, columns, cells, shown=len(cells))


def _interval(row: Mapping[str, str], name: str, file: str, place: int) -> Cited:
    """Write a value of a CSV file with its interval; `place` is its row, from 0."""
    columns = [f"{name}{side}" for side in SIDES]
    value, low, high = (_fraction(row.get(column)) for column in columns)
    text = interval(value, low, high)
    shown = columns if "[" in text else columns[:1]
    return Cited(text, file, [pointer(place, column) for column in shown])


def _fraction(cell: str | None) -> str:
    """Write a number that need not be whole: pandas writes 0.0 as 0 where all are."""
    try:
        return number(float(cell)) if cell else NONE
    except ValueError:
        return shorten(cell)


def training(folder: Path, run: RunLayout) -> list[Curves]:
    """Training curves of each system that was trained, or is being trained.

    As a stage of DVC, the page has finished runs alone: it is kept with what the stage depends on,
    and would say for ever that a run is going on.
    """
    begun = {} if DVC_STAGE in os.environ else read_unfinished(folder)
    systems = dict.fromkeys([*run.models, *sorted(system for system, _ in begun)])
    curves = [
        read_curves(system, folder / run.models[system], begun, run.models[system])
        if system in run.models
        else read_curves(system, None, begun)
        for system in systems
    ]
    return [system for system in curves if system.panels or system.notes]
