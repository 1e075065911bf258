"""The rows of one reading in every table."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from gazescribe.pipeline.core.errors import AlignmentError
from gazescribe.pipeline.core.tables import has_table, read_table
from gazescribe.pipeline.geometry.canvas import Size

Row = dict[str, Any]


@dataclass(frozen=True)
class Parts:
    """The rows of one reading in each table."""

    reading: Row
    fixations: list[Row]
    words: list[Row]
    sentences: list[Row]
    mentions: list[Row]
    ellipses: list[Row]
    regions: list[Row]
    windows: list[Row]
    gaussians: list[Row]

    @property
    def image_size(self) -> Size | None:
        """(height, width) in pixels; None where it is unknown."""
        height, width = self.reading["height_px"], self.reading["width_px"]
        return None if height is None or width is None else (height, width)


def read_parts(
    tables: Path, associated: Path | None, mentions: pa.Table, ids: Sequence[str]
) -> dict[str, Parts]:
    """Read the rows of some readings, whose mentions are read already.

    Tables that the folders `tables` and `associated` do not have give no rows. An AlignmentError if
    a fixation is drawn that the tables do not have.
    """
    rows = {
        name: _by_reading(tables, name, ids)
        for name in ("readings", "fixations", "words", "sentences", "ellipses", "regions")
    }
    for name in ("windows", "gaussians"):
        rows[name] = {} if associated is None else _by_reading(associated, name, ids)
    if associated is not None:
        _check_fixations(rows["gaussians"], rows["fixations"], associated)
    rows["mentions"] = _grouped(mentions, "report_id")
    readings = rows.pop("readings")
    return {
        reading_id: Parts(
            reading=readings[reading_id][0],
            **{name: by_reading.get(reading_id, []) for name, by_reading in rows.items()},
        )
        for reading_id in ids
    }


def _check_fixations(
    gaussians: dict[str, list[Row]], fixations: dict[str, list[Row]], associated: Path
) -> None:
    faults = []
    for reading_id, rows in gaussians.items():
        numbers = {row["fixation"] for row in fixations.get(reading_id, [])}
        absent = sorted({row["fixation"] for row in rows} - numbers)
        if absent:
            faults.append(f"{reading_id}: {len(absent)}, the first of them {absent[0]}")
    if faults:
        message = "gaussians.parquet is of fixations that the table fixations does not have."
        remedy = "The tables changed since: run `gazescribe associate` again."
        raise AlignmentError(message, where=associated, faults=faults, remedy=remedy)


def _by_reading(folder: Path, name: str, ids: Sequence[str]) -> dict[str, list[Row]]:
    if not has_table(folder, name):
        return {}
    filters = [("reading_id", "in", list(ids))]
    return _grouped(read_table(folder, name, filters=filters), "reading_id")


def _grouped(table: pa.Table, key: str) -> dict[str, list[Row]]:
    groups: dict[str, list[Row]] = {}
    for row in table.to_pylist():
        groups.setdefault(row[key], []).append(row)
    return groups
