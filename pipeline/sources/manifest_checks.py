"""What is wrong with a manifest that each of its values alone does not show."""

import re
from collections.abc import Iterator
from typing import Any

from gazescribe.pipeline.core.errors import nearest
from gazescribe.pipeline.sources.cells import (
    AudioStartCell,
    Cell,
    NumberCell,
    PlaceCell,
    TextCell,
    TimeCell,
    ValidCell,
)
from gazescribe.pipeline.sources.columns import SIDES, TableColumns
from gazescribe.pipeline.sources.manifests import SHIPPED
from gazescribe.pipeline.sources.table_manifests import (
    Fixations,
    OwnManifest,
    Source,
    Trials,
    cells_of,
    is_of_sessions,
    is_seen_on_screen,
    placeholders,
)

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")


def manifest_faults(manifest: OwnManifest) -> Iterator[str]:
    """Say what is wrong, each fault behind the keys that lead to it."""
    if not _NAME.fullmatch(manifest.name) or manifest.name in SHIPPED:
        shipped = ", ".join(SHIPPED)
        must = f"must be lower case letters, digits, _ and -, none of {shipped}"
        yield f"name {manifest.name!r} {must}"
    yield from _screen_faults(manifest)
    tables = manifest.tables.by_name()
    readings = manifest.tables.readings
    is_labelled = readings is not None and ("certainties" in tables or readings.columns.text)
    if not {"fixations", "samples", "words"} & {*tables} and not is_labelled:
        yield (
            "tables names neither fixations nor samples nor words, nor labels of images (readings"
            " with certainties, or with a column text)"
        )
    parts = [part for table in tables.values() for part in placeholders(table.file)]
    kinds = list(dict.fromkeys(("reading_id", "subject_id", "dicom_id", "study_id", *parts)))
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
    if isinstance(table, Trials):
        yield from _trial_faults(table, manifest)
    yield from _file_faults(table)
    mapped = {name for name, _ in cells_of(table)}
    yield from _id_faults(table, manifest)
    if "onset_s" in mapped and ("offset_s" in mapped) == ("duration_s" in mapped):
        yield "columns needs offset_s or duration_s, and not both"
    yield from _view_faults(table.columns, mapped, manifest)
    for name, cell in cells_of(table):
        yield from _cell_faults(f"columns.{name}", cell)
        if isinstance(cell, PlaceCell):
            yield from _place_faults(name, cell, manifest)
    yield from _cells_faults(table.columns, manifest)


def _id_faults(table: Source, manifest: OwnManifest) -> Iterator[str]:
    reading_id = table.columns.reading_id
    is_cut = manifest.tables.trials is not None and is_of_sessions(table)
    is_named = reading_id is not None or "reading_id" in placeholders(table.file)
    if table.columns.table == "images":
        if reading_id is not None:
            yield "columns.reading_id is of no image: its name is dicom_id"
        if manifest.tables.readings is None or manifest.tables.readings.columns.dicom_id is None:
            yield "columns.dicom_id needs tables.readings with a dicom_id, to tell whose images"
    elif not is_named and not is_cut:
        yield "columns.reading_id is missing, and file has no {reading_id} either"
    for name in ("text", "diagnosis"):  # what is said is no id: messages show ids
        cell = getattr(table.columns, name, None)
        if cell is not None and reading_id is not None and {*cell.names()} & {*reading_id.names()}:
            column = ", ".join({*cell.names()} & {*reading_id.names()})
            yield f"columns.reading_id is the column {column}, which is the {name}, too"


def _cells_faults(columns: Any, manifest: OwnManifest) -> Iterator[str]:
    """Say which cells do not go together."""
    start = getattr(columns, "audio_start", None)
    if start is not None and start.message is not None and manifest.tables.messages is None:
        yield "columns.audio_start is a message, so tables.messages is needed"
    eyes = [
        len(getattr(columns, name).eyes()) for name in ("x_px", "y_px") if hasattr(columns, name)
    ]
    if len({*eyes}) > 1:
        yield "columns.y_px needs as many columns in its mean as x_px"


def _trial_faults(table: Trials, manifest: OwnManifest) -> Iterator[str]:
    columns = table.columns
    if bool(table.file) == (table.start is not None):
        yield "file is needed, with the columns of trials, or start, with a message; and not both"
    if table.start is not None and manifest.tables.messages is None:
        yield "start is a message, so tables.messages is needed"
    if table.start is None and columns.start is None:
        yield "columns.start is missing"
    if table.end is not None and table.start is None:
        yield "end is a message, and start is none"
    if columns.reading_id is None and "reading_id" not in placeholders(table.start or table.file):
        yield "columns.reading_id is missing"


def _file_faults(table: Source) -> Iterator[str]:
    for key, pattern in (("file", table.file), ("beside", table.beside or "")):
        if pattern.startswith("/") or ".." in pattern.split("/"):
            yield f"{key} {pattern!r} must lie below the root"
        for name in re.findall(r"\{(.*?)\}", pattern):
            if not name.isidentifier():
                yield f"{key} has the part {{{name}}}: write letters, digits and _, no digit first"
    beside = {*placeholders(table.beside or "")}
    if table.beside is not None and not beside <= {*placeholders(table.file)}:
        yield "beside must have no part that file has not"
    if table.beside is not None and "{reading_id}" in table.file and "reading_id" not in beside:
        yield "beside must hold {reading_id} where file does"
    if table.header is not None and table.skip_to is not None:
        yield "skip_to leads to the line of the column names, and header is for files without one"


def _cell_faults(place: str, cell: Cell) -> Iterator[str]:
    several = {TextCell: "join", NumberCell: "mean", TimeCell: "sum_before"}
    further = [key for kind, key in several.items() if isinstance(cell, kind)]
    further += ["message"] if isinstance(cell, AudioStartCell) else []
    keys = ["column", "value", *further]
    if sum(getattr(cell, key) is not None for key in keys) != 1:
        yield f"{place} needs {', '.join(keys[:-1])} or {keys[-1]}, and no two of them"
    if isinstance(cell, ValidCell) and cell.is_ is not None and cell.is_range:
        yield f"{place} needs is, or at_least and at_most, and not both"


def _view_faults(columns: TableColumns, mapped: set[str], manifest: OwnManifest) -> Iterator[str]:
    by_prefix = {
        prefix: {name for name in mapped if name.startswith(prefix)}
        for prefix in ("shown_", "on_screen_", "image_area_")
    }
    is_on_screen = bool(by_prefix["on_screen_"] or by_prefix["image_area_"])
    needs_all = is_seen_on_screen(columns) or is_on_screen or columns.table == "readings"
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
        if sides and needs_all and n_axes < len(SIDES):
            names = ", ".join(f"{prefix}{side}_px" for side in ("xmin", "ymin", "xmax", "ymax"))
            yield f"columns needs {names} (or {prefix}width_px, {prefix}height_px for the last two)"
    is_shown = is_seen_on_screen(columns) and bool(by_prefix["shown_"])
    if (is_shown or is_on_screen) and manifest.screen is None:
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
