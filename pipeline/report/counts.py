"""What came in and what was left out, from the JSON that each stage wrote.

No stage is named one by one: whole numbers are counts, and a key that ends in `left_out` holds
counts by reason. A stage added later is shown without a change.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any

from gazescribe.pipeline.core.errors import GazeError
from gazescribe.pipeline.core.values import SPLITS
from gazescribe.pipeline.core.yaml_files import check
from gazescribe.pipeline.report.gallery import QUALITY
from gazescribe.pipeline.report.layout import DataSet
from gazescribe.pipeline.report.numbers import NONE, Cited, cite, number, pointer
from gazescribe.pipeline.report.sheets import Sheet, sheet
from gazescribe.pipeline.report.written import ALWAYS, Counts, load_json, rerun

LEFT_OUT = "left_out"
INGEST, GAZE = "ingest", "readings_with_gaze"
REASONS = {"without_gaze": "gaze of readings"}  # counts by reason under another key
DRAWN = ("label", "saliency")  # kinds of maps
LACKS = {"no gaze": QUALITY[0], "no image size": QUALITY[1]}  # reasons, as the gallery says them
_NO_COUNTS = ("params", "faults", "n_shards")


@dataclass(frozen=True)
class Metrics:
    """What one stage wrote about one item."""

    stage: str  # such as `heatmaps`, the name of the file
    item: str  # such as `reflacx-label`: the data set, else the name of its folder
    content: dict[str, Any]  # the JSON
    file: str = field(default="", compare=False)  # relative to the folder of the run
    dataset: str = field(default="", compare=False)  # whose readings it counts, if of any

    def cited(self, *keys: str) -> Cited | None:
        """Write the number that stands below some keys; None where there is none."""
        value: Any = self.content
        for key in keys:
            value = value.get(key) if isinstance(value, dict) else None
        choice = self.choice_of(*keys)
        return None if value is None else cite(value, self.file, *keys, choice=choice)

    def choice_of(self, *keys: str) -> dict[str, str]:
        """Say what in the gallery chooses the readings that are counted below some keys, if any."""
        choice = {"dataset": self.dataset}
        if not self.dataset:
            return {}
        if self.stage == INGEST and keys in (("rows", "readings"), ("counts", "readings")):
            return choice
        if self.stage == INGEST and keys[0] == "splits" and "readings" in self.content["rows"]:
            return choice | {"split": keys[1]}
        if self.stage == "heatmaps" and keys[0] == "maps_by_label":
            return choice | {"label": keys[1], "by": "said"}
        if keys[0] == "readings_left_out" and keys[1] in LACKS:
            return choice | {"quality": LACKS[keys[1]]}
        return {}


@dataclass(frozen=True)
class LeftOut:
    """How many objects a stage left out for one reason, or noticed and kept."""

    stage: str
    item: str
    objects: str  # such as `windows`
    reason: str
    count: int
    file: str = field(default="", compare=False)
    key: str = field(default="", compare=False)  # where the count stands in the file
    choice: Mapping[str, str] = field(default_factory=dict, compare=False)  # of the readings

    @property
    def cited(self) -> Cited:
        """The count as it is read."""
        return Cited(number(self.count), self.file, [self.key], self.choice)


def read_metrics(
    folder: Path, paths: Sequence[str], datasets: Mapping[str, DataSet] | None = None
) -> list[Metrics]:
    """Read the JSON of stages, in the order given; refuse one that is absent or of another form.

    Each is of the data set that has its folder, else of the name of the folder; where two of a
    stage have one name, of the whole path, for one must never stand for the other.
    """
    owners = {
        part: name
        for name, parts in (datasets or {}).items()
        for part in (parts.tables, parts.associated)
        if part is not None
    }
    metrics = []
    for relative in paths:
        path = folder / relative
        content = load_json(path, rerun(path))
        model = ALWAYS.get(path.stem, Counts)
        check(content, model, GazeError, where=path, remedy=rerun(path))
        parent = PurePosixPath(relative).parent
        item = owners.get(str(parent), parent.name)
        maps_of = (name for name in datasets or {} if item == f"{name}-label")
        dataset = owners.get(str(parent)) or next(maps_of, "")
        metrics.append(Metrics(path.stem, item, content, relative, dataset))
    names = Counter((entry.stage, entry.item) for entry in metrics)
    return [
        entry
        if names[entry.stage, entry.item] == 1
        else replace(entry, item=str(PurePosixPath(entry.file).parent))
        for entry in metrics
    ]


def left_out(metrics: Sequence[Metrics]) -> tuple[list[LeftOut], list[LeftOut]]:
    """List what was left out, and what was noticed and kept; reasons with a count of 0 included."""
    lost: list[LeftOut] = []
    noticed: list[LeftOut] = []
    for entry in metrics:
        for key, reasons in entry.content.items():
            if (key.endswith(LEFT_OUT) or key in REASONS) and isinstance(reasons, dict):
                objects = REASONS.get(key) or key.removesuffix(LEFT_OUT).strip("_")
                lost += _by_reason(entry, objects or _drawn_from(entry), reasons, key)
                lost += _by_kind(entry, reasons, key)
        for reason, fault in entry.content.get("faults", {}).items():
            objects = f"rows of {fault['loses']}" if fault["loses"] else "rows"
            rows = noticed if fault["severity"] == "warning" else lost
            rows += _by_reason(entry, objects, {reason: fault}, "faults", "rows")
    return lost, noticed


def _by_reason(
    entry: Metrics, objects: str, reasons: Mapping[str, Any], key: str, inner: str = "n"
) -> Iterator[LeftOut]:
    for reason, written in reasons.items():
        count, place = written, [key, reason]
        if isinstance(written, dict):  # some stages write the first ids beside the count
            count, place = written.get(inner), [*place, inner]
        if _is_whole(count):
            words = objects.replace("_", " "), reason.replace("_", " ")
            choice = entry.choice_of(key, reason)
            place_in_file = pointer(*place)
            yield LeftOut(entry.stage, entry.item, *words, count, entry.file, place_in_file, choice)


def _by_kind(entry: Metrics, kinds: Mapping[str, Any], key: str) -> Iterator[LeftOut]:
    """List the counts of stages that name what they left out, and under that the reasons."""
    for kind, reasons in kinds.items():
        for reason, count in reasons.items() if isinstance(reasons, dict) else ():
            if _is_whole(count) and "n" not in reasons:
                words = kind.replace("_", " "), reason.replace("_", " ")
                place = pointer(key, kind, reason)
                yield LeftOut(entry.stage, entry.item, *words, count, entry.file, place)


def _drawn_from(entry: Metrics) -> str:
    kind = entry.content.get("kind")
    if kind is None:
        return "images" if "images" in entry.content.get("rows", {}) else entry.stage
    return "ellipses" if kind == "ellipse" else "windows"


def flows(metrics: Sequence[Metrics]) -> dict[str, list[tuple[str, Cited]]]:
    """Follow each data set that was ingested from readings to maps, as far as it went."""
    by_stage = {(entry.stage, entry.item): entry for entry in metrics}
    return {item: _flow(item, by_stage) for stage, item in by_stage if stage == "ingest"}


def _flow(item: str, by_stage: Mapping[tuple[str, str], Metrics]) -> list[tuple[str, Cited]]:
    nothing = Metrics("", "", {})
    ingest = by_stage[INGEST, item]
    entry_of_fixations = by_stage.get(("fixations", item))  # in samples, where there were none
    gaze = entry_of_fixations.cited(GAZE) if entry_of_fixations else ingest.cited("counts", GAZE)
    associate = by_stage.get(("associate", item), nothing)
    maps = {kind: by_stage.get(("heatmaps", f"{item}-{kind}"), nothing) for kind in DRAWN}
    has_labels = maps["label"].content.get("n_maps")
    steps = [
        ("readings", ingest.cited("counts", "readings")),
        ("with gaze", gaze),
        ("mentions", associate.cited("n_mentions")),
        ("windows", _opened(associate) if associate.content else None),
        ("label maps", maps["label"].cited("n_maps")),
        ("saliency maps", None if has_labels else maps["saliency"].cited("n_maps")),
        ("studies", ingest.cited("rows", "studies")),
        ("images", ingest.cited("rows", "images")),
    ]
    return [(step, count) for step, count in steps if count is not None]


def _opened(associate: Metrics) -> Cited:
    """Count the windows that mentions opened; without mentions, those of whole readings."""
    without = associate.content.get("n_mentions", 0) is None
    wanted = ("reading",) if without else ("sentence", "mention")
    counts = {
        name: count
        for name, count in associate.content.get("n_windows", {}).items()
        if name.split()[0] in wanted and name.endswith(" ok")
    }
    keys = [pointer("n_windows", name) for name in counts]
    return Cited(number(sum(counts.values())), associate.file if keys else "", keys)


def intake(metrics: Sequence[Metrics]) -> Sheet:
    """Put the rows that came in, and their splits, into a table: a column for each data set."""
    ingested = [entry for entry in metrics if entry.stage == INGEST]
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
    columns = [dict(_counts(entry)) for entry in metrics]
    rows = [
        [name.removeprefix("rows: "), *(column.get(name, NONE) for column in columns)]
        for name in names or dict.fromkeys(name for column in columns for name in column)
        if any(name in column for column in columns)
    ]
    return sheet(title, ["quantity", *(entry.item for entry in metrics)], rows, shown=len(rows))


def _counts(entry: Metrics) -> Iterator[tuple[str, Cited]]:
    content = entry.content
    for key, value in content.items():
        if key in _NO_COUNTS or key in REASONS or key.endswith(LEFT_OUT):
            continue
        name = key.removeprefix("n_").replace("_", " ")
        if _is_whole(value):
            yield name, cite(value, entry.file, key)
        for inner, count in value.items() if isinstance(value, dict) else ():
            # `counts` repeats `rows` where nothing was left out.
            repeats = key == "counts" and content.get("rows", {}).get(inner) == count
            if _is_whole(count) and not repeats:
                words = inner.replace("_", " ") or "all"
                choice = entry.choice_of(key, inner)
                yield f"{name}: {words}", cite(count, entry.file, key, inner, choice=choice)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
