"""What came in and what was left out, from the JSON that each stage wrote.

Nothing here knows the stages one by one: whole numbers are counts, and a key that ends in
`left_out` holds counts by reason. A stage added later is shown without a change.
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
_NO_COUNTS = ("params", "faults", "n_shards")


@dataclass(frozen=True)
class Metrics:
    """What one stage wrote about one item.

    Attributes
    ----------
    stage, item : str
        Such as `heatmaps` and `reflacx-label`: the names of the file and of its folder.
    content : dict
        The JSON.
    """

    stage: str
    item: str
    content: dict[str, Any]


@dataclass(frozen=True)
class LeftOut:
    """So many of something that a stage left out for one reason, or noticed and kept."""

    stage: str
    item: str
    what: str
    reason: str
    count: int


def read_metrics(folder: Path, paths: Sequence[str]) -> list[Metrics]:
    """Read the JSON of stages, in the order given.

    Raises
    ------
    GazeError
        If a file is absent, or does not say what its stage writes.
    """
    return [_read(folder / path) for path in paths]


def _read(path: Path) -> Metrics:
    model = IngestCounts if path.stem == "ingest" else Counts
    content = load_json(path, rerun(path))
    check(content, model, GazeError, where=path, remedy=rerun(path))
    return Metrics(path.stem, path.parent.name, content)


def left_out(metrics: Sequence[Metrics]) -> tuple[list[LeftOut], list[LeftOut]]:
    """List what was left out, and what was noticed and kept; reasons with a count of 0 included.

    Returns
    -------
    tuple of list
        Left out, and kept: in the order of the metrics.
    """
    lost: list[LeftOut] = []
    kept: list[LeftOut] = []
    for one in metrics:
        for key, reasons in one.content.items():
            if (key.endswith(LEFT_OUT) or key in REASONS) and isinstance(reasons, dict):
                what = REASONS.get(key) or key.removesuffix(LEFT_OUT).strip("_")
                what = what or _drawn_from(one)
                for reason, count in _whole(dict(_flat(reasons))):
                    lost.append(LeftOut(one.stage, one.item, what, reason, count))
        for reason, fault in one.content.get("faults", {}).items():
            what = f"rows of {fault['loses']}" if fault["loses"] else "rows"
            row = LeftOut(one.stage, one.item, what, reason, fault["rows"])
            (kept if fault["severity"] == "warning" else lost).append(row)
    return [_worded(row) for row in lost], [_worded(row) for row in kept]


def _flat(reasons: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Give counts by reason; some stages say the first ids as well."""
    for reason, count in reasons.items():
        yield reason, count["n"] if isinstance(count, dict) and "n" in count else count


def _drawn_from(one: Metrics) -> str:
    kind = one.content.get("kind")
    if kind is None:
        return "images" if "images" in one.content.get("rows", {}) else one.stage
    return "ellipses" if kind == "ellipse" else "windows"


def _worded(row: LeftOut) -> LeftOut:
    what, reason = (text.replace("_", " ") for text in (row.what, row.reason))
    return LeftOut(row.stage, row.item, what, reason, row.count)


def flows(metrics: Sequence[Metrics]) -> dict[str, list[tuple[str, int]]]:
    """Follow each data set that was ingested."""
    return {one.item: _flow(one.item, metrics) for one in metrics if one.stage == "ingest"}


def _flow(item: str, metrics: Sequence[Metrics]) -> list[tuple[str, int]]:
    """Follow a data set from readings to maps: (what, how many), as far as it went."""
    by_stage = {
        (one.stage, one.content.get("kind")): one.content
        for one in metrics
        if one.item == item or one.item.startswith(f"{item}-")
    }
    ingest = by_stage.get(("ingest", None), {})
    associate = by_stage.get(("associate", None), {})
    opened = sum(
        count
        for name, count in associate.get("n_windows", {}).items()
        if name.split()[0] in ("sentence", "mention") and name.endswith(" ok")
    )
    steps = [
        ("readings", ingest.get("counts", {}).get("readings")),
        ("with gaze", ingest.get("counts", {}).get("readings_with_gaze")),
        ("mentions", associate.get("n_mentions")),
        ("windows", opened if associate else None),
        ("label maps", by_stage.get(("heatmaps", "label"), {}).get("n_maps")),
        ("studies", ingest.get("rows", {}).get("studies")),
        ("images", ingest.get("rows", {}).get("images")),
    ]
    return [(what, count) for what, count in steps if count is not None]


def intake(metrics: Sequence[Metrics]) -> Sheet:
    """Put the rows that came in, and their splits, into a table: a column for each data set."""
    ingested = [one for one in metrics if one.stage == "ingest"]
    names = {
        f"rows: {name.replace('_', ' ')}": None for one in ingested for name in one.content["rows"]
    }
    splits = {f"splits: {name}": None for name in SPLITS}
    return _counted("Rows of each table, and how they are split", ingested, [*names, *splits])


def count_tables(metrics: Sequence[Metrics]) -> list[Sheet]:
    """Put the counts of each stage into a table: a column for each item."""
    return [
        _counted(stage, [one for one in metrics if one.stage == stage], ())
        for stage in dict.fromkeys(one.stage for one in metrics)
    ]


def _counted(title: str, metrics: Sequence[Metrics], names: Sequence[str]) -> Sheet:
    """Make a table of the counts named, or of all."""
    counts = [dict(_counts(one.content)) for one in metrics]
    chosen = names or dict.fromkeys(name for one in counts for name in one)
    rows = [
        [name.removeprefix("rows: "), *(number(one.get(name)) for one in counts)]
        for name in chosen
        if any(name in one for one in counts)
    ]
    return sheet(title, ["quantity", *(one.item for one in metrics)], rows, shown=len(rows))


def _counts(content: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    for key, value in content.items():
        if key in _NO_COUNTS or key in REASONS or key.endswith(LEFT_OUT):
            continue
        name = key.removeprefix("n_").replace("_", " ")
        if isinstance(value, int) and not isinstance(value, bool):
            yield name, value
        elif isinstance(value, dict):
            for inner, count in _whole(value):
                if key != "counts" or content.get("rows", {}).get(inner) != count:
                    yield f"{name}: {inner.replace('_', ' ') or 'all'}", count


def _whole(counts: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    for key, value in counts.items():
        if isinstance(value, int) and not isinstance(value, bool):
            yield key, value
