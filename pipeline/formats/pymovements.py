"""Events and samples that pymovements saved, as Feather or, unnested, as CSV.

Positions are lists: `location` of events, `pixel` or `position` (degrees) of samples, with x and y
of one eye, of two, or of two and their mean.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from gazescribe.pipeline.core.errors import ManifestError
from gazescribe.pipeline.core.foreign import parsing
from gazescribe.pipeline.core.foreign_tables import read_feather
from gazescribe.pipeline.formats.pieces import PIECE_ROWS, Content, in_pieces
from gazescribe.pipeline.formats.sheets import mean, number, open_sheet

LISTS = ("location", "pixel", "position")
ENDINGS = ("x", "y", "xl", "yl", "xr", "yr", "xa", "ya")  # of unnested columns
WIDEST_DEG = 90

Row = Mapping[str, Any]


def read(path: Path, table: str) -> Content:
    """Read the fixations or the samples; positions in degrees are `x_deg` and `y_deg`."""
    names, rows = _opened(path)
    if table == "samples":
        return _samples(path, names, rows)
    events = [row for row in rows if str(row.get("name", "")).startswith("fixation")]
    if not events:
        message = "there is no event called fixation in it."
        raise ManifestError(message, where=path, remedy="Save events, or use the table samples.")
    places = [_place(row, "location") for row in events]
    if not any(x != "" for x, _ in places):
        message = "its fixations have no location."
        remedy = "Add it with compute_event_properties(('location', {'position_column': 'pixel'}))."
        raise ManifestError(message, where=path, remedy=remedy)
    axes = ("x_deg", "y_deg") if _are_degrees(places) else ("x", "y")
    other_columns = [name for name in names if name not in {*LISTS, *axes, "onset", "offset"}]
    cells = (
        (row["onset"], row["offset"], *place, *(row[name] for name in other_columns))
        for row, place in zip(events, places, strict=True)
    )
    return in_pieces(("onset", "offset", *axes, *other_columns), cells)


def _opened(path: Path) -> tuple[list[str], Iterator[Row]]:
    """Give the names of the columns, and the rows by them."""
    if path.suffix not in {".feather", ".arrow"}:
        sheet = open_sheet(path, ("onset", "time"), "a file of pymovements")
        return sheet.header, (dict(zip(sheet.header, row.cells, strict=True)) for row in sheet.rows)
    table = read_feather(path, ManifestError)

    def rows() -> Iterator[Row]:
        with parsing(path, "a Feather file", ManifestError):
            for start in range(0, table.num_rows, PIECE_ROWS):
                yield from table.slice(start, PIECE_ROWS).to_pylist()

    return list(table.column_names), rows()


def _samples(path: Path, names: Sequence[str], rows: Iterable[Row]) -> Content:
    kinds = [name for name in ("pixel", "position") if _has(names, name)]
    if "time" not in names or not kinds:
        message = "there are no samples in it, with time and pixel or position."
        raise ManifestError(message, where=path)
    kind = kinds[0]
    axes = ("x", "y") if kind == "pixel" else ("x_deg", "y_deg")
    other_columns = [name for name in names if name not in {*LISTS, *axes, "time"}]
    cells = (
        (row["time"], *_place(row, kind), *(row[name] for name in other_columns)) for row in rows
    )
    return in_pieces(("time", *axes, *other_columns), cells)


def _has(names: Sequence[str], kind: str) -> bool:
    return kind in names or any(f"{kind}_{ending}" in names for ending in ENDINGS)


def _place(row: Row, kind: str) -> tuple[float | str, float | str]:
    """Give x and y, of two eyes the mean of those that are seen; blank where none is."""
    if kind in row:
        numbers = [_text(value) for value in _listed(row[kind])]
    else:
        names = [f"{kind}_{ending}" for ending in ENDINGS]
        numbers = [_text(row[name]) for name in names if name in row]
    both = numbers[:4]  # what follows is their mean
    return mean(*both[::2]), mean(*both[1::2])


def _listed(value: Any) -> Sequence[Any]:
    if isinstance(value, str):  # as pandas writes it to CSV
        return value.strip("[]() ").replace(";", ",").split(",")
    return value or ()


def _text(value: Any) -> str:
    """Write a number as text; blank where there is none."""
    if value is None or value != value:  # noqa: PLR0124 (NaN)
        return ""
    text = str(value).strip()
    return "" if text.lower() in {"nan", "null", "none"} else number(text)


def _are_degrees(places: Iterable[tuple[float | str, float | str]]) -> bool:
    """Tell degrees from the screen's centre from pixels: they are small, and some are negative."""
    values = [value for place in places for value in place if not isinstance(value, str)]
    return min(values) < 0 and max(map(abs, values)) < WIDEST_DEG
