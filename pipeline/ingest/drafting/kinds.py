"""What files are: pictures, sound, recordings of a known format, plain tables."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any

from gazescribe.pipeline.core.errors import GazeError
from gazescribe.pipeline.core.file_names import RADIOGRAPH_SUFFIXES
from gazescribe.pipeline.formats.opening import open_recording
from gazescribe.pipeline.ingest.drafting.groups import Pattern, group_by_depth, pattern_of
from gazescribe.pipeline.ingest.drafting.roles import role_of
from gazescribe.pipeline.ingest.drafting.sheets import SUFFIXES, Sheet, read_sheet
from gazescribe.pipeline.ingest.drafting.unread import UNREAD, unread
from gazescribe.pipeline.sources.presets import read_format, recognised

PICTURES = (*RADIOGRAPH_SUFFIXES, ".tif", ".tiff", ".bmp")
IMAGES = "images"  # their format, and the group of their files
UNKNOWN = "unknown"
SOUND = (".wav", ".mp3", ".m4a", ".flac", ".ogg", ".opus")
LOOKED_AT = 30  # files of a group whose cells are looked at
SCENE = "gaze in a scene camera's picture, not on the image (docs/recorders.md)"


@dataclass(frozen=True)
class Group:
    """Files that are alike.

    Attributes
    ----------
    table : str
        The table of ours that they hold, or `images`, `audio`, `unknown`, or what is said of them.
    columns : dict
        Of a plain table: its columns by our name.
    sheets : list of Sheet
        Of some of them.
    """

    table: str
    paths: list[str]
    pattern: Pattern
    format: str | None = None
    columns: dict[str, str] = field(default_factory=dict)
    sheets: list[Sheet] = field(default_factory=list)


def is_unknown(table: str) -> bool:
    """Tell whether files, by what they are taken for, are not read."""
    return table == UNKNOWN or table.startswith(UNREAD)


def find_groups(root: Path, paths: Sequence[str]) -> list[Group]:
    """Sort files into groups, each of one kind."""
    by_kind: dict[tuple[str, str | None], list[str]] = {}
    for path in sorted(paths):
        by_kind.setdefault(_kind(root, path), []).append(path)
    groups: list[Group] = []
    for (table, form), alike in by_kind.items():
        for some in group_by_depth(alike):
            if form is None:
                groups.append(_plain_group(root, table, some))
            elif form.endswith("_scene"):  # of no use, most likely: the head moved
                groups.append(Group(SCENE, some, pattern_of(some)))
            elif recordings := list(_recordings(root, form, some)):
                groups += recordings
            else:  # it has the looks of a format but not its columns
                groups += _plain_groups(root, some)
    return groups


def _plain_groups(root: Path, paths: list[str]) -> Iterator[Group]:
    by_table: dict[str, list[str]] = {}
    for path in paths:
        by_table.setdefault(_table_of(root, path), []).append(path)
    for table, some in by_table.items():
        yield _plain_group(root, table, some)


def _kind(root: Path, path: str) -> tuple[str, str | None]:
    """Tell what a file is: the table of ours, or `recording` with its format."""
    suffix = Path(path).suffix.lower()
    if suffix in PICTURES:
        return IMAGES, None
    if suffix in SOUND:
        return "audio", None
    try:
        names = recognised(root / path)
    except OSError:
        return UNKNOWN, None
    if names:
        return "recording", names[0]
    return _table_of(root, path), None


def _table_of(root: Path, path: str) -> str:
    """Name the table of ours that a plain table is; say of others what can be said."""
    sheet = read_sheet(root / path) if path.lower().endswith(SUFFIXES) else None
    role = role_of(sheet) if sheet is not None else None
    return role[0] if role else unread(root / path) or UNKNOWN


def _plain_group(root: Path, table: str, paths: list[str]) -> Group:
    pattern = pattern_of(paths)
    if table in {IMAGES, "audio"} or is_unknown(table):
        return Group(table, paths, pattern)
    sheets: list[Sheet] = []
    columns: dict[str, str] = {}
    for path in paths[:LOOKED_AT]:
        sheet = read_sheet(root / path)
        role = role_of(sheet) if sheet is not None else None
        if sheet is None or role is None:
            continue
        # What only some files have cannot be asked for.
        shared = {*columns.items()} & {*role[1].items()} if sheets else {*role[1].items()}
        columns = {name: column for name, column in role[1].items() if (name, column) in shared}
        sheets.append(sheet)
    return Group(table, paths, pattern, None, columns, sheets)


def _recordings(root: Path, form: str, paths: list[str]) -> Iterator[Group]:
    """Give a group for each table that files of a format hold."""
    pattern, preset = pattern_of(paths), read_format(form)
    for table in preset.tables:
        sheets = []
        for path in paths[:LOOKED_AT]:
            sheet = _sheet_of(root / path, preset.reader, table)
            if sheet is not None and _fits(sheet, preset.tables[table]):
                sheets.append(sheet)
        if sheets:
            yield Group(table, paths, pattern, form, {}, sheets)


def image_readings(root: Path, group: Group) -> Group:
    """Take images for readings: they say how large they are."""
    sheets = [_sheet_of(root / path, IMAGES, "readings") for path in group.paths[:LOOKED_AT]]
    readings = [sheet for sheet in sheets if sheet is not None]
    return replace(group, table="readings", format=IMAGES, sheets=readings)


def preset_columns(group: Group) -> dict[str, Any]:
    """Give what the format of a group says of its columns; nothing for plain tables."""
    if group.format is None:
        return {}
    columns: dict[str, Any] = read_format(group.format).tables[group.table].get("columns", {})
    return columns


def _sheet_of(path: Path, reader: str | None, table: str) -> Sheet | None:
    if reader is None:
        return read_sheet(path)
    try:
        names, pieces = open_recording(reader, path, table)
        piece = next(islice(pieces, 1), None)
    except GazeError:
        return None
    if piece is None:
        return None
    columns = [list(map(_plain, piece.columns[name])) for name in names]
    return Sheet(list(names), [list(row) for row in zip(*columns, strict=True)], "utf-8", ",", ".")


def _fits(sheet: Sheet, preset: dict[str, Any]) -> bool:
    """Tell whether a table has rows, and the columns that a preset cannot do without."""
    needed = [_column(cell) for cell in preset.get("columns", {}).values()]
    return bool(sheet.rows) and all(name in sheet.header for name in needed if name is not None)


def _column(cell: Any) -> str | None:
    name = cell.get("column") if isinstance(cell, dict) else cell
    return name if isinstance(name, str) and "*" not in name else None


def _plain(value: Any) -> str:
    return "" if value is None else str(value)


def distinct(group: Group) -> Iterator[tuple[str, list[str]]]:
    """Give the columns whose values name things, with the values of all files looked at."""
    if not group.sheets:
        return
    for name in group.sheets[0].header:
        values = [
            value for sheet in group.sheets if name in sheet.header for value in sheet.texts(name)
        ]
        yield name, list(dict.fromkeys(value for value in values if value))


def values_within(group: Group, name: str, by: Sequence[str] = ()) -> list[str]:
    """Give the values of a column in rows that are alike in others; of the rows with the most."""
    candidates: list[list[str]] = [[]]
    for sheet in group.sheets:
        if name in sheet.header:
            places = [sheet.header.index(column) for column in by if column in sheet.header]
            seen: defaultdict[tuple[str, ...], dict[str, None]] = defaultdict(dict)
            for row, text in zip(sheet.rows, sheet.texts(name), strict=True):
                if text:
                    seen[tuple(row[place] for place in places)][text] = None
            candidates += map(list, seen.values())
    return max(candidates, key=len)
