"""Manifests of anybody's own data set: where its tables lie, what their columns hold.

docs/own-data.md describes the sections `tables`, `resolution` and `screen` for people.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, ClassVar, Generic, Literal, TypeVar

from pydantic import BeforeValidator, Field, model_validator

from gazescribe.pipeline.core.errors import ManifestError, nearest
from gazescribe.pipeline.core.yaml_files import Strict, read_yaml, with_lines
from gazescribe.pipeline.sources.manifests import (
    SHIPPED,
    Access,
    Citation,
    Column,
    Licence,
    Manifest,
    SourceFile,
)
from gazescribe.pipeline.sources.presets import with_preset

ID = r"[A-Za-z0-9][A-Za-z0-9_.-]*"  # safe in a path, whatever the manifest's own pattern allows
SIDES = (("x", "width"), ("y", "height"))  # of a rectangle: its axes, and how long it is there
LOSES = {
    "readings": "everything",
    "fixations": "gaze",
    "words": "text",
    "samples": "samples",
    "ellipses": "ellipses",
    "regions": "region",
    "certainties": "labels",
}
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")


def _spelt_out(content: Any) -> Any:
    """Read a plain text as the name of a column, a plain number as a value for all rows."""
    if isinstance(content, str):
        return {"column": content}
    return {"value": content} if isinstance(content, int | float) else content


class Cell(Strict):
    """Where a value stands: in a column, or here for all rows."""

    column: str | None = None
    value: float | str | None = None
    item: int | None = Field(default=None, ge=0)  # of a list in the cell, from 0


class NumberCell(Cell):
    """A number."""


class TimeCell(NumberCell):
    """A time, as a number or as a clock shows it."""

    unit: Literal["s", "ms", "us", "ns"] = "s"


class PlaceCell(NumberCell):
    """A position along one axis."""

    unit: Literal["px", "share", "screen_px", "screen_share", "deg"] = "px"
    up: bool = False  # it grows upwards
    origin: Literal["corner", "centre"] = "corner"  # of the image, or of the screen


class ResolutionCell(NumberCell):
    """Pixels a degree of visual angle, of the image or of the screen."""

    unit: Literal["px", "screen_px"] = "px"


Value = bool | int | float | str


def _listed(content: Any) -> Any:
    return content if isinstance(content, list) else [content]


Values = Annotated[list[Value], BeforeValidator(_listed)]  # one alone needs no list


class ValidCell(Cell):
    """Which samples are valid; without `values` and `least`, words for yes and no say it."""

    values: Values | None = None  # what a valid sample has there
    least: float | None = None  # or the smallest number that it has


Text = Annotated[Cell, BeforeValidator(_spelt_out)]
Number = Annotated[NumberCell, BeforeValidator(_spelt_out)]
Valid = Annotated[ValidCell, BeforeValidator(_spelt_out)]
Time = Annotated[TimeCell, BeforeValidator(_spelt_out)]
Place = Annotated[PlaceCell, BeforeValidator(_spelt_out)]
PxPerDeg = Annotated[ResolutionCell, BeforeValidator(_spelt_out)]


class TableColumns(Strict):
    """Columns of one of our tables; `table` names it in faults."""

    table: ClassVar[str]
    reading_id: Text | None = None


class ReadingColumns(TableColumns):
    """Columns of a table of readings; `audio_start` is on the clock of the gaze."""

    table: ClassVar[str] = "readings"
    subject_id: Text | None = None
    study_id: Text | None = None
    dicom_id: Text | None = None
    split: Text | None = None
    width_px: Text | None = None
    height_px: Text | None = None
    image_path: Text | None = None
    text: Text | None = None
    diagnosis: Text | None = None
    audio_start: Time | None = None


class GazeColumns(TableColumns):
    """Columns that any table of gaze may have: the screen and the image as the recorder knew them.

    Positions in `screen_px` or `px` count in these pixels.
    """

    screen_width_px: Number | None = None
    screen_height_px: Number | None = None
    image_width_px: Number | None = None
    image_height_px: Number | None = None


class ViewColumns(GazeColumns):
    """The part of the image that was on screen, and where it stood there; its edges, by row."""

    shown_xmin_px: Number | None = None
    shown_ymin_px: Number | None = None
    shown_xmax_px: Number | None = None
    shown_ymax_px: Number | None = None
    shown_width_px: Number | None = None  # in place of xmax
    shown_height_px: Number | None = None
    on_screen_xmin_px: Number | None = None  # in screen pixels
    on_screen_ymin_px: Number | None = None
    on_screen_xmax_px: Number | None = None
    on_screen_ymax_px: Number | None = None
    on_screen_width_px: Number | None = None
    on_screen_height_px: Number | None = None


class FixationColumns(ViewColumns):
    """Columns of a table of fixations."""

    table: ClassVar[str] = "fixations"
    fixation: Text | None = None  # names a fixation within its reading; its rows are joined
    onset_s: Time
    offset_s: Time | None = None
    duration_s: Time | None = None
    x_px: Place
    y_px: Place
    px_per_deg_x: PxPerDeg | None = None
    px_per_deg_y: PxPerDeg | None = None
    pupil_area_norm: Number | None = None


class WordColumns(TableColumns):
    """Columns of a table of words, or of phrases with a time each."""

    table: ClassVar[str] = "words"
    text: Text
    onset_s: Time
    offset_s: Time | None = None
    duration_s: Time | None = None
    sentence: Text | None = None


class SampleColumns(GazeColumns):
    """Columns of a table of gaze samples."""

    table: ClassVar[str] = "samples"
    time_s: Time
    x_px: Place
    y_px: Place
    valid: Valid | None = None


class EllipseColumns(TableColumns):
    """Columns of a table of ellipses or boxes that readers drew, one label a row."""

    table: ClassVar[str] = "ellipses"
    ellipse: Text | None = None
    label: Text
    xmin_px: Place
    ymin_px: Place
    xmax_px: Place
    ymax_px: Place
    certainty: Text


class RegionColumns(TableColumns):
    """Columns of a table of named boxes."""

    table: ClassVar[str] = "regions"
    region: Text
    xmin_px: Place
    ymin_px: Place
    xmax_px: Place
    ymax_px: Place


class CertaintyColumns(TableColumns):
    """Columns of a table of certainties, one label a row."""

    table: ClassVar[str] = "certainties"
    label: Text
    certainty: Text


def _with_slashes(path: Any) -> Any:
    """Read the backslashes of Windows as slashes."""
    return path.replace("\\", "/") if isinstance(path, str) else path


FilePattern = Annotated[str, BeforeValidator(_with_slashes)]


class Source(Strict):
    """One table, or one for each reading."""

    file: FilePattern  # below the root; {reading_id} and * as in `files`
    format: str | None = None  # what else is said here by default (`sources/presets.py`)
    reader: str | None = None  # of a format that is no plain table
    beside: FilePattern | None = None  # another file with as many rows, whose columns are added
    header: list[str] | None = None  # names of the columns of a file that has none
    # of cells; a tab in .tsv, else a comma
    separator: Annotated[str, Field(min_length=1, max_length=1)] | None = None
    decimal: Literal[".", ","] = "."
    where: dict[str, Values] = Field(default_factory=dict)  # rows kept, by column
    single: list[str] = Field(default_factory=list)  # columns of one value a reading, or `where`
    columns: TableColumns


Columns = TypeVar("Columns", bound=TableColumns)


class MappedTable(Source, Generic[Columns]):
    """A table with the columns that it maps to ours."""

    columns: Columns

    @model_validator(mode="before")
    @classmethod
    def _with_preset(cls, content: Any) -> Any:
        return with_preset(cls.model_fields["columns"].annotation.table, content)  # type: ignore[union-attr]  # one of `TableColumns`


# Named here, not in `Tables`: pydantic lets only these be pickled, for the workers of `ingest`.
Fixations = MappedTable[FixationColumns]
TimedWords = MappedTable[WordColumns]
Samples = MappedTable[SampleColumns]
Ellipses = MappedTable[EllipseColumns]
Regions = MappedTable[RegionColumns]
Certainties = MappedTable[CertaintyColumns]


class Readings(MappedTable[ReadingColumns]):
    """Facts of readings."""

    attributes: list[str] = Field(default_factory=list)  # further columns, kept as text


class Tables(Strict):
    """Which tables there are."""

    readings: Readings | None = None
    fixations: Fixations | None = None
    words: TimedWords | None = None
    samples: Samples | None = None
    ellipses: Ellipses | None = None
    regions: Regions | None = None
    certainties: Certainties | None = None

    def by_name(self) -> dict[str, Any]:
        """Tables that the manifest has, by name."""
        return {name: getattr(self, name) for name in LOSES if getattr(self, name) is not None}


def _both_axes(content: Any) -> Any:
    return [content, content] if isinstance(content, int | float) else content


Positive = Annotated[float, Field(gt=0)]


class Resolution(Strict):
    """How large the image was to the eye, where `screen` or columns do not say it."""

    px_per_deg: Annotated[tuple[Positive, Positive], BeforeValidator(_both_axes)] | None = None
    image_width_deg: Positive | None = None
    image_on_screen: Literal["fitted", "actual"] = "fitted"  # into the area, or pixel by pixel


class OwnManifest(Manifest):
    """What is known of somebody's own data set; what nobody said of its licence is not assumed."""

    name: str
    long_name: str = ""
    versions: list[str] = Field(default_factory=lambda: ["1"])
    description: str = ""
    citations: list[Citation] = Field(default_factory=list)
    access: Access = Access(tier="restricted", how="Ask whoever gave it to you.")
    licence: Licence = Licence(name="not stated", redistributable=False)
    duties: list[str] = Field(default_factory=list)
    ids: dict[str, str] = Field(default_factory=dict)
    tables: Tables
    resolution: Resolution = Resolution()


def read_own(path: Path) -> OwnManifest:
    """Read the manifest of somebody's own data set; its `files` are made of its `tables`.

    Raises
    ------
    ManifestError
        If the file is absent or says what no manifest may say; all faults at once.
    """
    manifest = read_yaml(path, OwnManifest, ManifestError)
    faults = list(_faults(manifest))
    if faults:
        # Each begins with the keys that lead to what it is about.
        places = [fault.split(maxsplit=1)[0].split(".") for fault in faults]
        numbered = with_lines(path, places, faults)
        raise ManifestError("this cannot be used.", where=path, faults=numbered)
    return manifest.model_copy(
        update={
            "long_name": manifest.long_name or manifest.name,
            "ids": {"reading_id": ID, **manifest.ids},
            "files": list(_files(manifest)),
        }
    )


def columns_of(table: Source) -> dict[str, Cell]:
    """Give the cells that a table maps, by our name."""
    return {name: cell for name, cell in table.columns if cell is not None}


def is_seen_on_screen(columns: TableColumns) -> bool:
    """Tell whether positions are those on a screen, so that zoom and pan move them."""
    cells = [cell for _, cell in columns if isinstance(cell, PlaceCell)]
    return any(cell.unit.startswith("screen") or cell.unit == "deg" for cell in cells)


def needed(table: Source) -> list[str]:
    """Names of the columns that the file must have."""
    mapped = [cell.column for cell in columns_of(table).values() if cell.column is not None]
    return list(dict.fromkeys([*mapped, *table.where, *getattr(table, "attributes", [])]))


def _files(manifest: OwnManifest) -> Iterator[SourceFile]:
    for name, table in manifest.tables.by_name().items():
        columns = [Column(name=column, type="str") for column in needed(table)]
        watch = "size" if name == "samples" else "md5"  # samples are too large to be hashed
        common: dict[str, Any] = {
            "required": False,
            "loses": LOSES[name],
            "columns": columns,
            "watch": watch,
        }
        yield SourceFile(name=name, pattern=table.file, **common)
        if table.beside is not None:
            yield SourceFile(name=f"{name}_beside", pattern=table.beside, **common)


def _faults(manifest: OwnManifest) -> Iterator[str]:
    if not _NAME.fullmatch(manifest.name) or manifest.name in SHIPPED:
        taken = ", ".join(SHIPPED)
        yield f"name {manifest.name!r} must be lower case letters, digits, _ and -, none of {taken}"
    yield from _screen_faults(manifest)
    tables = manifest.tables.by_name()
    if not {"fixations", "samples", "words"} & {*tables}:
        yield "tables names neither fixations nor samples nor words"
    kinds = ("reading_id", "subject_id", "dicom_id", "study_id")
    for kind, pattern in manifest.ids.items():
        if kind not in kinds:
            yield f"ids.{kind} is unknown{nearest(kind, kinds)} (known: {', '.join(kinds)})"
        elif "/" in pattern:
            yield f"ids.{kind} must not hold a /"
    for name, table in tables.items():
        yield from (f"tables.{name}.{fault}" for fault in _table_faults(table, manifest))
    fixations = manifest.tables.fixations
    if fixations is not None and not _has_resolution(fixations, manifest):
        yield (
            "the size of a degree is not known: give resolution.px_per_deg or"
            " resolution.image_width_deg, a screen with width_mm and distance_mm, or the columns"
            " px_per_deg_x and px_per_deg_y"
        )


def _screen_faults(manifest: OwnManifest) -> Iterator[str]:
    screen = manifest.screen
    if screen is None:
        return
    for name in ("width_px", "height_px", "width_mm", "height_mm", "distance_mm"):
        size = getattr(screen, name)
        if size is not None and size <= 0:
            yield f"screen.{name} must be above 0, not {size}"
    area = screen.image_area
    if area is not None and (area.xmax_px <= area.xmin_px or area.ymax_px <= area.ymin_px):
        yield "screen.image_area has no width or no height: its xmax_px and ymax_px must be larger"


def _table_faults(table: Source, manifest: OwnManifest) -> Iterator[str]:
    for pattern in filter(None, (table.file, table.beside)):
        unknown = {*re.findall(r"\{(.*?)\}", pattern)} - {"reading_id"}
        if unknown or pattern.startswith("/") or ".." in pattern.split("/"):
            yield f"file {pattern!r} must lie below the root and hold no id but reading_id"
    cells = columns_of(table)
    if "{reading_id}" not in table.file and "reading_id" not in cells:
        yield "columns.reading_id is missing, and file has no {reading_id} either"
    if table.beside and ("{reading_id}" in table.file) != ("{reading_id}" in table.beside):
        yield "beside must hold {reading_id} where file does"
    if "onset_s" in cells and ("offset_s" in cells) == ("duration_s" in cells):
        yield "columns needs offset_s or duration_s, and not both"
    yield from _view_faults(table.columns, {*cells}, manifest)
    for name, cell in cells.items():
        if (cell.column is None) == (cell.value is None):
            yield f"columns.{name} needs column or value, and not both"
        if isinstance(cell, PlaceCell):
            yield from _place_faults(name, cell, manifest)
        if isinstance(cell, ValidCell) and cell.values is not None and cell.least is not None:
            yield f"columns.{name} needs values or least, and not both"


def _view_faults(columns: TableColumns, mapped: set[str], manifest: OwnManifest) -> Iterator[str]:
    by_prefix = {
        prefix: {name for name in mapped if name.startswith(prefix)}
        for prefix in ("shown_", "on_screen_")
    }
    is_on_screen = is_seen_on_screen(columns) or bool(by_prefix["on_screen_"])
    needs_all = is_on_screen and any(by_prefix.values())
    for prefix, sides in by_prefix.items():
        n_axes = 0  # whose both ends are known
        for axis, size in SIDES:
            low, high, length = (
                f"{prefix}{name}_px" for name in (f"{axis}min", f"{axis}max", size)
            )
            if high in sides and length in sides:
                yield f"columns needs {high} or {length}, and not both"
            if length in sides and low not in sides:
                yield f"columns.{length} needs {low}"
            n_axes += low in sides and bool({high, length} & sides)
        is_complete = n_axes == len(SIDES) or not needs_all
        if not is_complete and (prefix == "shown_" or sides):
            names = ", ".join(f"{prefix}{side}_px" for side in ("xmin", "ymin", "xmax", "ymax"))
            yield f"columns needs {names} (or {prefix}width_px, {prefix}height_px for the last two)"
    if needs_all and manifest.screen is None:
        yield "columns says what was shown on the screen, so the section screen is needed"


def _place_faults(name: str, cell: PlaceCell, manifest: OwnManifest) -> Iterator[str]:
    if cell.unit.startswith("screen") and manifest.screen is None:
        yield f"columns.{name} is in {cell.unit}, so the section screen is needed"
    if cell.unit == "deg" and manifest.screen is None and not _states_degrees(manifest):
        yield f"columns.{name} is in deg, so resolution or the section screen is needed"


def _states_degrees(manifest: OwnManifest) -> bool:
    return bool(manifest.resolution.px_per_deg or manifest.resolution.image_width_deg)


def _has_resolution(fixations: Fixations, manifest: OwnManifest) -> bool:
    columns, screen = fixations.columns, manifest.screen
    by_column = columns.px_per_deg_x is not None and columns.px_per_deg_y is not None
    by_screen = (
        screen is not None and screen.width_mm is not None and screen.distance_mm is not None
    )
    return by_column or by_screen or _states_degrees(manifest)
