"""Manifests of anybody's own data set: where its tables lie, what their columns hold.

docs/own-data.md describes the sections `tables`, `resolution` and `screen` for people.
"""

import re
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from gazescribe.pipeline.core.yaml_files import Strict
from gazescribe.pipeline.sources.cells import Cell, Names, PlaceCell, Values, spelt_out
from gazescribe.pipeline.sources.columns import (
    CertaintyColumns,
    EllipseColumns,
    FixationColumns,
    ImageColumns,
    MessageColumns,
    ReadingColumns,
    RegionColumns,
    SampleColumns,
    SessionColumns,
    TableColumns,
    TrialColumns,
    WordColumns,
)
from gazescribe.pipeline.sources.manifests import Access, Citation, Licence, Manifest
from gazescribe.pipeline.sources.presets import with_preset

# What a part of a path is where `ids` says nothing of it: no hidden file, and as short as fits.
PART = r"(?![.~])[^/]+?"
LOSES = {
    "readings": "everything",
    "fixations": "gaze",
    "words": "text",
    "samples": "samples",
    "ellipses": "ellipses",
    "regions": "region",
    "certainties": "labels",
    "trials": "everything",
    "messages": "windows",
    "images": "images",
}


def _with_slashes(path: Any) -> Any:
    """Read the backslashes of Windows as slashes."""
    return path.replace("\\", "/") if isinstance(path, str) else path


def _known_encoding(name: str) -> str:
    try:
        " ".encode(name)
    except LookupError:
        message = f"{name!r} is no encoding of texts; usual are utf-8, utf-16, cp1252 and latin-1"
        raise ValueError(message) from None
    return name


FilePattern = Annotated[str, BeforeValidator(_with_slashes)]
Encoding = Annotated[str, AfterValidator(_known_encoding)]


class Source(Strict):
    """One table, or one for each reading."""

    file: FilePattern  # below the root; {part} is a column of that name, * any part of a name
    format: str | None = None  # what else is said here by default (`sources/presets.py`)
    reader: str | None = None  # of a format that is no plain table
    beside: FilePattern | None = None  # another file with as many rows, whose columns are added
    header: list[str] | None = None  # names of the columns of a file that has none
    # of cells; a tab in .tsv, else a comma
    separator: Annotated[str, Field(min_length=1, max_length=1)] | None = None
    decimal: Literal[".", ","] = "."
    quotes: bool = True  # cells may stand in quotes; else a quote is a character like others
    encoding: Encoding | None = None  # UTF-8, unless the file begins with the mark of another
    skip_to: Annotated[str, Field(min_length=1)] | None = None  # in the line of the column names
    comment: Annotated[str, Field(min_length=1)] | None = None  # begins lines that are left out
    where: dict[str, Values] = Field(default_factory=dict)  # rows kept, by column
    single: list[str] = Field(default_factory=list)  # columns of one value a reading, or `where`
    one_per: Names = Field(default_factory=list)  # columns that number what several rows say again
    missing: Values = Field(default_factory=list)  # what stands in x_px and y_px for a lost eye
    columns: TableColumns


Columns = TypeVar("Columns", bound=TableColumns)


class MappedTable(Source, Generic[Columns]):
    """A table with the columns that it maps to ours."""

    columns: Columns

    @model_validator(mode="before")
    @classmethod
    def _with_preset(cls, content: Any) -> Any:
        content = with_preset(cls.model_fields["columns"].annotation.table, content)  # type: ignore[union-attr]  # one of `TableColumns`
        return _with_parts(_with_missing(content), cls.model_fields["columns"].annotation)


def _with_parts(content: Any, columns: Any) -> Any:
    """Let a part of the path that is called as a column of ours be that, unless it is mapped."""
    if not isinstance(content, dict) or not isinstance(content.get("columns"), dict):
        return content
    kinds = {*placeholders(str(content.get("file", "")))} & {*columns.model_fields} - {"reading_id"}
    return {**content, "columns": {**{kind: kind for kind in kinds}, **content["columns"]}}


def _with_missing(content: Any) -> Any:
    """Let the positions of a table have its `missing`, unless they have their own."""
    if not isinstance(content, dict) or "missing" not in content:
        return content
    columns = content.get("columns")
    if not isinstance(columns, dict):
        return content
    columns = dict(columns)
    for name in ("x_px", "y_px"):
        cell = spelt_out(columns.get(name))
        if isinstance(cell, dict):
            columns[name] = {"missing": content["missing"], **cell}
    return {**content, "columns": columns}


# Named here, not in `Tables`: pydantic lets only these be pickled, for the workers of `ingest`.
Fixations = MappedTable[FixationColumns]
TimedWords = MappedTable[WordColumns]
Samples = MappedTable[SampleColumns]
Ellipses = MappedTable[EllipseColumns]
Regions = MappedTable[RegionColumns]
Certainties = MappedTable[CertaintyColumns]
Images = MappedTable[ImageColumns]


class Readings(MappedTable[ReadingColumns]):
    """Facts of readings."""

    attributes: list[str] = Field(default_factory=list)  # further columns, kept as text


class Messages(MappedTable[MessageColumns]):
    """What was sent to the tracker."""

    attributes: list[str] = Field(default_factory=list)  # further columns that name readings


class Trials(MappedTable[TrialColumns]):
    """Which part of a session each reading is: by a table, or by what the messages say."""

    file: FilePattern = ""  # none where `start` is given
    start: str | None = Field(default=None, min_length=1)  # a message: {part} is a column of it
    end: str | None = Field(default=None, min_length=1)


class Tables(Strict):
    """Which tables there are."""

    readings: Readings | None = None
    fixations: Fixations | None = None
    words: TimedWords | None = None
    samples: Samples | None = None
    ellipses: Ellipses | None = None
    regions: Regions | None = None
    certainties: Certainties | None = None
    trials: Trials | None = None
    messages: Messages | None = None
    images: Images | None = None

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

    def stated_form(self, kind: str) -> str | None:
        """Give the form that the manifest says ids of a kind have."""
        form = self.ids.get(kind)
        return None if form == PART else form


def cells_of(table: "Source") -> list[tuple[str, Cell]]:
    """Give the cells that a table maps, each with our name; validity may have one for each eye."""
    cells = []
    for name, content in table.columns:
        some = content if isinstance(content, list) else [content]
        cells += [(name, cell) for cell in some if cell is not None]
    return cells


def is_seen_on_screen(columns: TableColumns) -> bool:
    """Tell whether positions are those on a screen, so that zoom and pan move them."""
    cells = [cell for _, cell in columns if isinstance(cell, PlaceCell)]
    return any(cell.unit.startswith("screen") or cell.unit == "deg" for cell in cells)


def wanted(table: Source) -> list[str]:
    """Names of the columns that a table asks for, some of which may be parts of its path."""
    mapped = [name for _, cell in cells_of(table) for name in cell.names()]
    further = [*table.where, *table.one_per, *getattr(table, "attributes", [])]
    return list(dict.fromkeys([*mapped, *further]))


def keys_by_column(table: Source) -> dict[str, str]:
    """Give the keys of the manifest that ask for columns, by the names of these."""
    kind = table.columns.table
    keys = {
        name: f"tables.{kind}.columns.{ours}"
        for ours, cell in cells_of(table)
        for name in cell.names()
    }
    return {**dict.fromkeys(table.where, f"tables.{kind}.where"), **keys}


def is_of_sessions(table: Source) -> bool:
    """Tell whether the rows of a table are of sessions, which trials cut into readings."""
    is_named = table.columns.reading_id is not None or "reading_id" in placeholders(table.file)
    return isinstance(table.columns, SessionColumns) and not is_named


def owner_columns(table: Source) -> list[str]:
    """Name the columns that tell the readings or sessions of rows apart."""
    cells = (table.columns.reading_id, getattr(table.columns, "session", None))
    return [name for cell in cells if cell is not None for name in cell.names()]


def placeholders(pattern: str) -> list[str]:
    """Name the parts of a path that stand for columns: `gaze/{reader}/{image}.csv`."""
    return re.findall(r"\{(\w+)\}", pattern)


def needed(table: Source) -> list[str]:
    """Names of the columns that the file must have."""
    parts = {*placeholders(table.file), *said_by_path(table)}
    return [name for name in wanted(table) if name not in parts]


def said_by_path(table: Source) -> list[str]:
    """Name the columns that are the whole path of a file: that of an image is asked for later."""
    return ["path"] if table.reader == "images" else []
