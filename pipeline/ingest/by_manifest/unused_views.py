"""Columns that look like zoom, pan or a turned image, which a manifest does not use.

Positions on the screen are misplaced where the view changes and nobody says so.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gazescribe.pipeline.ingest.by_manifest.column_names import find_columns
from gazescribe.pipeline.ingest.csv_files import Mask
from gazescribe.pipeline.sources.columns import ViewColumns
from gazescribe.pipeline.sources.table_manifests import (
    Source,
    is_seen_on_screen,
    owner_columns,
    wanted,
)

_SIDE = "(?:[xy]?(?:min|max)|left|top|right|bottom|width|height)"
_ZOOM = re.compile(
    r"(?:^|_)(?:zoom\w*|magnification|viewport|pan(?:_?[xy]|ned|ning)?|scroll(?:_?[xy]|ed)?"
    r"|pixel_ratio|(?:image|img|view)_scale|scale|window_(?:left|top|x|y)"
    rf"|{_SIDE}_(?:shown|visible)|(?:shown|visible)_{_SIDE})(?:_|$)"
)
_TURN = re.compile(
    r"(?:^|_)(?:rotated|flip(?:ped)?|mirrored|(?:image|img|view)_(?:rotation|angle))(?:_|$)"
)


def view_columns(source: Source, header: Sequence[str]) -> list[str]:
    """Name the columns of a file that may say how the image was seen, and are not used."""
    if not is_seen_on_screen(source.columns):
        return []
    is_placed = getattr(source.columns, "shown_xmin_px", None) is not None
    patterns = [_TURN] if is_placed else [_TURN, _ZOOM]
    used = {*find_columns(wanted(source), header).values()}
    names = []
    for name in header:
        parts = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
        plain = re.sub(r"[^a-z0-9]+", "_", parts)
        if name not in used and any(pattern.search(plain) for pattern in patterns):
            names.append(name)
    return names


class UnusedViews:
    """What the columns of `view_columns` hold, to find one that changes within a reading."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.is_placeable = isinstance(source.columns, ViewColumns)
        self.ids = owner_columns(source)
        self.first: dict[tuple[str, str], str | float] = {}

    def fault(self, columns: Mapping[str, Sequence[Any]], chosen: Mask) -> str | None:
        """Say which column changes, with the remedy; None where none does so far."""
        for name in sorted(view_columns(self.source, [*columns])):
            rows = np.flatnonzero(chosen).tolist()
            ids = list(zip(*(columns[part] for part in self.ids), strict=True))
            cells = {(str(ids[row]) if ids else "", columns[name][row]) for row in rows}
            for reading_id, cell in cells:
                value = _value(cell)
                if value is not None and self.first.setdefault((name, reading_id), value) != value:
                    return self._message(name)
        return None

    def _message(self, name: str) -> str:
        remedy = (
            "say which part of the image each row shows (shown_xmin_px and so on: docs/own-data.md,"
            " Zoom and pan)"
            if self.is_placeable and not _TURN.search(name.lower())
            else "give positions on the image (unit px)"
        )
        return (
            f"the column {name} changes within a reading, and positions on the screen depend on"
            f" it: {remedy}, or keep the rows that show the whole image as it is, for example"
            f" `where: {{{name}: 1}}`"
        )


def _value(cell: Any) -> str | float | None:
    """Read a cell as a number where it is one; None where it is blank."""
    text = "" if cell is None or cell != cell else str(cell).strip().lower()  # noqa: PLR0124 (NaN)
    if not text:
        return None
    try:
        return float(text)
    except ValueError:
        return text
