"""What came in and what was left out, from the JSON that each stage wrote.

No stage is named one by one: whole numbers are counts, and a key that ends in `left_out` holds
counts by reason. A stage added later is shown without a change.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gazescribe.pipeline.core.errors import GazeError
from gazescribe.pipeline.core.schemas import SPLITS
from gazescribe.pipeline.core.yaml_files import check
from gazescribe.pipeline.report.sheets import Sheet, number, sheet
from gazescribe.pipeline.report.written import Counts, IngestCounts, load_json, rerun

LEFT_OUT = "left_out"
REASONS = {"without_gaze": "gaze of readings"}  # counts by reason under another key
DRAWN = ("label", "saliency")  # kinds of maps
_NO_COUNTS = ("params", "faults", "n_shards")


@dataclass(frozen=True)
class Metrics:
    """What one stage wrote about one item."""

    stage: str  # such as `heatmaps`, the name of the file
    item: str  # such as `reflacx-label`, the name of its folder
    content: dict[str, Any]  # the JSON


@dataclass(frozen=True)
class LeftOut:
    """How many objects a stage left out for one reason, or noticed and kept."""

    stage: str
    item: str
    objects: str  # such as `windows`
    reason: str
    count: int


def read_metrics(folder: Path, paths: Sequence[str]) -> list[Metrics]:
    """Read the JSON of stages, in the order given; refuse one that is absent or of another form."""
    metrics = []
    for path in (folder / relative for relative in paths):
        model = IngestCounts if path.stem == "ingest" else Counts
        content = load_json(path, rerun(path))
        check(content, model, GazeError, where=path, remedy=rerun(path))
        metrics.append(Metrics(path.stem, path.parent.name, content))
    return metrics


def left_out(metrics: Sequence[Metrics]) -> tuple[list[LeftOut], list[LeftOut]]:
    """List what was left out, and what was noticed and kept; reasons with a count of 0 included."""
    lost: list[LeftOut] = []
    noticed: list[LeftOut] = []
    for entry in metrics:
        for key, reasons in entry.content.items():
            if (key.endswith(LEFT_OUT) or key in REASONS) and isinstance(reasons, dict):
                objects = REASONS.get(key) or key.removesuffix(LEFT_OUT).strip("_")
                lost += _by_reason(entry, objects or _drawn_from(entry), reasons)
        for reason, fault in entry.content.get("faults", {}).items():
            objects = f"rows of {fault['loses']}" if fault["loses"] else "rows"
            rows = noticed if fault["severity"] == "warning" else lost
            rows += _by_reason(entry, objects, {reason: fault["rows"]})
    return lost, noticed


def _by_reason(entry: Metrics, objects: str, reasons: Mapping[str, Any]) -> Iterator[LeftOut]:
    # Some stages write the first ids beside the count.
    plain = {
        reason: count.get("n") if isinstance(count, dict) else count
        for reason, count in reasons.items()
    }
    for reason, count in _whole_numbers(plain):
        words = objects.replace("_", " "), reason.replace("_", " ")
        yield LeftOut(entry.stage, entry.item, *words, count)


def _drawn_from(entry: Metrics) -> str:
    kind = entry.content.get("kind")
    if kind is None:
        return "images" if "images" in entry.content.get("rows", {}) else entry.stage
    return "ellipses" if kind == "ellipse" else "windows"


def flows(metrics: Sequence[Metrics]) -> dict[str, list[tuple[str, int]]]:
    """Follow each data set that was ingested from readings to maps, as far as it went."""
    return {entry.item: _flow(entry.item, metrics) for entry in metrics if entry.stage == "ingest"}


def _flow(item: str, metrics: Sequence[Metrics]) -> list[tuple[str, int]]:
    by_stage = {(entry.stage, entry.item): entry.content for entry in metrics}
    ingest = by_stage.get(("ingest", item), {})
    fixations = by_stage.get(("fixations", item), {})  # found in samples, where there were none
    associate = by_stage.get(("associate", item), {})
    maps = {kind: by_stage.get(("heatmaps", f"{item}-{kind}"), {}) for kind in DRAWN}
    n_maps = {kind: content.get("n_maps") for kind, content in maps.items()}
    # Without mentions the windows are those of whole readings.
    wanted = ("reading",) if associate.get("n_mentions", 0) is None else ("sentence", "mention")
    opened = sum(
        count
        for name, count in associate.get("n_windows", {}).items()
        if name.split()[0] in wanted and name.endswith(" ok")
    )
    steps = [
        ("readings", ingest.get("counts", {}).get("readings")),
        ("with gaze", (fixations or ingest.get("counts", {})).get("readings_with_gaze")),
        ("mentions", associate.get("n_mentions")),
        ("windows", opened if associate else None),
        ("label maps", n_maps["label"]),
        ("saliency maps", None if n_maps["label"] else n_maps["saliency"]),
        ("studies", ingest.get("rows", {}).get("studies")),
        ("images", ingest.get("rows", {}).get("images")),
    ]
    return [(step, count) for step, count in steps if count is not None]


def intake(metrics: Sequence[Metrics]) -> Sheet:
    """Put the rows that came in, and their splits, into a table: a column for each data set."""
    ingested = [entry for entry in metrics if entry.stage == "ingest"]
    tables = dict.fromkeys(name for entry in ingested for name in entry.content["rows"])
    names = [f"rows: {name.replace('_', ' ')}" for name in tables]
    names += [f"splits: {name}" for name in SPLITS]
    return _count_table("Rows of each table, and how they are split", ingested, names)


def count_tables(metrics: Sequence[Metrics]) -> list[Sheet]:
    """Put the counts of each stage into a table: a column for each item."""
    by_stage: dict[str, list[Metrics]] = {}
    for entry in metrics:
        by_stage.setdefault(entry.stage, []).append(entry)
    return [_count_table(stage, entries) for stage, entries in by_stage.items()]


def _count_table(title: str, metrics: Sequence[Metrics], names: Sequence[str] = ()) -> Sheet:
    """Make a table of the counts named, or of all."""
    columns = [dict(_counts(entry.content)) for entry in metrics]
    rows = [
        [name.removeprefix("rows: "), *(number(column.get(name)) for column in columns)]
        for name in names or dict.fromkeys(name for column in columns for name in column)
        if any(name in column for column in columns)
    ]
    return sheet(title, ["quantity", *(entry.item for entry in metrics)], rows, shown=len(rows))


def _counts(content: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    for key, value in content.items():
        if key in _NO_COUNTS or key in REASONS or key.endswith(LEFT_OUT):
            continue
        name = key.removeprefix("n_").replace("_", " ")
        if isinstance(value, dict):
            for inner, count in _whole_numbers(value):
                # `counts` repeats `rows` where nothing was left out.
                if key != "counts" or content.get("rows", {}).get(inner) != count:
                    yield f"{name}: {inner.replace('_', ' ') or 'all'}", count
        else:
            yield from _whole_numbers({name: value})


def _whole_numbers(values: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    for key, value in values.items():
        if isinstance(value, int) and not isinstance(value, bool):
            yield key, value
