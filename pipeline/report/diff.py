"""What an edit of the rules or the parameters changed, for the command `diff`.

Reads: the mentions, windows and heatmaps below two folders, told by what their Parquet files say
they are; mentions in .csv and .jsonl too, told by their columns. Writes: nothing, or one CSV with a
row for each change. Params: none. Drops: nothing; tables that only one side has are named.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gazescribe.pipeline.core.console import progress
from gazescribe.pipeline.core.errors import GazeError, SchemaError
from gazescribe.pipeline.core.files import JOURNAL, settle
from gazescribe.pipeline.core.foreign import check_file
from gazescribe.pipeline.core.foreign_tables import parquet_schema, read_parquet
from gazescribe.pipeline.core.shards import open_shards
from gazescribe.pipeline.dictation.mentions import read_frame
from gazescribe.pipeline.geometry.iou import iou_by_threshold
from gazescribe.pipeline.report.diff_words import measure

KEYS = {
    "mentions": ("report_id", "char_start", "char_end", "label"),
    "windows": ("reading_id", "kind", "char_start", "char_end"),
    "heatmaps": ("reading_id", "kind", "label"),
}
COMPARED = {
    "mentions": ("polarity",),
    "windows": ("start_s", "end_s", "n_fixations", "labels", "status"),
    "heatmaps": (),
}
TEXT = (".csv", ".jsonl")  # of mentions alone
HEADER = 2**16  # characters of a first line; that of mentions has some hundred
WHOLE = ("char_start", "char_end")  # columns that text files do not type


@dataclass(frozen=True)
class Change:
    """One mention, window or map that is not the same on both sides; a row of the CSV."""

    part: str  # the file, relative to the folders
    table: str
    change: str  # added, removed or changed
    id: str  # reading or report
    label: str  # label or labels
    before: Mapping[str, Any] | None = None  # what was compared; of maps their place in the index
    after: Mapping[str, Any] | None = None
    iou: float | None = None  # of two maps of one size, both above the threshold

    def as_row(self) -> dict[str, Any]:
        """Give the row of the CSV: a column for each value on each side, numbers as numbers."""
        row = {name: getattr(self, name) for name in ("part", "table", "change", "id", "label")}
        for name in dict.fromkeys(name for names in COMPARED.values() for name in names):
            for side, values in (("before", self.before), ("after", self.after)):
                value = (values or {}).get(name)
                row[f"{name}_{side}"] = " + ".join(value) if isinstance(value, list) else value
        return {**row, "iou": self.iou}


def find_tables(start: Path) -> dict[str, tuple[str, Path]]:
    """Find the tables that can be compared, in a folder of any depth or in one file.

    Returns
    -------
    dict
        Path relative to `start` → name of the table, path. A Parquet file that is none is refused.
    """
    # what a killed stage left undone is done before anything is read
    settle(start.parent if start.is_file() else start)
    for journal in sorted(start.rglob(JOURNAL)):
        settle(journal.parent)
    tables = {}
    for path in [start] if start.is_file() else sorted(start.rglob("*")):
        name = ""
        if path.suffix in TEXT:
            # `label` writes mentions as text too: their columns tell them from any other text.
            check_file(path, GazeError)
            with path.open(encoding="utf-8", errors="replace") as file:
                header = file.readline(HEADER)
            name = "mentions" if all(column in header for column in _columns("mentions")) else ""
        elif path.suffix == ".parquet" or path == start:
            metadata = parquet_schema(path).metadata or {}
            name = metadata.get(b"table", b"").decode(errors="replace")
        if name in KEYS:
            tables[name if path == start else path.relative_to(start).as_posix()] = (name, path)
    return tables


def _columns(table: str) -> list[str]:
    return [*KEYS[table], *COMPARED[table]]


def ids_of(table: str, path: Path) -> set[str]:
    """Give the readings or reports that a file has rows of."""
    key = KEYS[table][0]
    return {str(row[key]) for row in _records(path, table, [key])}


def compare(part: str, table: str, sides: Sequence[Path], threshold: float) -> Iterator[Change]:
    """Compare two files of the same table; give the changes in the order of its key.

    Parameters
    ----------
    part, table : str
        Name of the file in the changes; table that both hold.
    sides : sequence of pathlib.Path
        The file before and the file after; shards lie beside an index of heatmaps.
    threshold : float
        0 to 1; IoU is of the pixels above it.
    """
    before, after = (_rows(path, table) for path in sides)
    overlap = _overlap_of(sides, threshold) if table == "heatmaps" else None
    for key in progress(sorted({*before, *after}, key=str), f"comparing {part}"):
        old, new = before.get(key), after.get(key)
        label = str(key[KEYS[table].index("label")]) if "label" in KEYS[table] else ""
        change = "added" if old is None else "removed" if new is None else "changed"
        if overlap and old and new:
            iou = overlap(old["place"], new["place"])
            if iou is None or iou < 1:
                yield Change(part, table, change, str(key[0]), label, old, new, iou)
        elif old != new:
            yield Change(part, table, change, str(key[0]), label, old, new)


def _rows(path: Path, table: str) -> dict[tuple[Any, ...], dict[str, Any]]:
    """Rows by key; those of equal key are told apart by their order."""
    repeats: Counter[tuple[Any, ...]] = Counter()
    rows = {}
    for place, row in enumerate(_records(path, table, _columns(table))):
        key = tuple(row.pop(name) for name in KEYS[table])
        repeats[key] += 1
        rows[(*key, repeats[key])] = row if COMPARED[table] else {"place": place}
    return rows


def _records(path: Path, table: str, columns: Sequence[str]) -> list[dict[str, Any]]:
    try:
        if path.suffix not in TEXT:
            return list(read_parquet(path, columns=columns).to_pylist())
        numbers = {name: int for name in WHOLE if name in columns}
        frame = read_frame(path)[list(columns)].astype(numbers)
    except (ValueError, OverflowError, OSError) as error:
        raise SchemaError(f"this is not a table {table} ({error}).", where=path) from error
    return [dict(zip(columns, row, strict=True)) for row in frame.to_numpy(object).tolist()]


def _overlap_of(sides: Sequence[Path], threshold: float) -> Callable[[int, int], float | None]:
    before, after = (open_shards(path.parent) for path in sides)

    def overlap(old_place: int, new_place: int) -> float | None:
        """IoU of two maps; 1 where they are equal, None where their sizes differ."""
        old, new = before.finite(old_place), after.finite(new_place)
        if old.shape != new.shape:
            return None
        if np.array_equal(old, new):
            return 1.0
        iou = iou_by_threshold(old, np.asarray(new > threshold), [threshold])[0]
        return min(float(iou), 1 - 1e-6)  # maps may differ below the threshold alone

    return overlap


def summary(
    changes: Sequence[Change], common: Sequence[str], sides: Sequence[Mapping[str, object]]
) -> dict[str, Any]:
    """Measure the changes of each table (`diff_words.measure`), and name their ids and labels.

    `common` names the files that were compared, `sides` all files before and after: those on one
    side alone are named.
    """
    parts = {}
    for part in common:
        rows = [change for change in changes if change.part == part]
        parts[part] = {
            **measure(rows),
            "by_label": dict(sorted(Counter(change.label for change in rows).items())),
            "ids": sorted({change.id for change in rows}),
        }
    alone = {
        side: sorted(set(files) - set(common))
        for side, files in zip(("before", "after"), sides, strict=True)
    }
    return {"tables": parts, "only": alone}
