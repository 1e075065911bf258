"""The rows of one reading in every table."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from gazescribe.pipeline.core.tables import read_table, table_path
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
    """Read the rows of some readings.

    Parameters
    ----------
    tables, associated : pathlib.Path
        Folders; tables that they do not have give no rows.
    mentions : pyarrow.Table
        Table `mentions` of these readings.
    ids : sequence of str
        The readings.

    Returns
    -------
    dict of str to Parts
        By reading.
    """
    of_tables = {
        name: _by_reading(tables, name, ids)
        for name in ("readings", "fixations", "words", "sentences", "ellipses", "regions")
    }
    of_windows = {name: _by_reading(associated, name, ids) for name in ("windows", "gaussians")}
    said: dict[str, list[Row]] = {}
    for row in mentions.to_pylist():
        said.setdefault(row["report_id"], []).append(row)
    return {
        one: Parts(
            reading=of_tables["readings"][one][0],
            mentions=said.get(one, []),
            **{
                name: rows.get(one, [])
                for name, rows in (of_tables | of_windows).items()
                if name != "readings"
            },
        )
        for one in ids
    }


def _by_reading(folder: Path | None, name: str, ids: Sequence[str]) -> dict[str, list[Row]]:
    if folder is None or not table_path(folder, name).is_file():
        return {}
    found: dict[str, list[Row]] = {}
    for row in read_table(folder, name, filters=[("reading_id", "in", list(ids))]).to_pylist():
        found.setdefault(row["reading_id"], []).append(row)
    return found
