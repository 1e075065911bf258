"""All tables of one reading of somebody's own data set; no fault of one stops the others."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gazescribe.pipeline.ingest.by_manifest.eyes import (
    LOST,
    Gaze,
    find_repeats,
    join_rows,
    off_image_cause,
    read_gaze,
)
from gazescribe.pipeline.ingest.by_manifest.pieces import Files
from gazescribe.pipeline.ingest.by_manifest.rows import Rows, read_rows
from gazescribe.pipeline.ingest.by_manifest.spoken import (
    end_by_sentences,
    place_words,
    read_spoken,
)
from gazescribe.pipeline.ingest.by_manifest.units import (
    BEGIN,
    Axes,
    Moment,
    Part,
    Parts,
    ViewAxis,
    seconds,
    view_of,
)
from gazescribe.pipeline.ingest.chunks import Chunk
from gazescribe.pipeline.ingest.csv_files import Floats, Mask, sort_corners
from gazescribe.pipeline.ingest.quality import Quality, on_image
from gazescribe.pipeline.ingest.sentence_ends import ENDED_BY
from gazescribe.pipeline.ingest.settings import Ingest
from gazescribe.pipeline.sources.cells import ResolutionCell
from gazescribe.pipeline.sources.columns import SIDES, FixationColumns, ViewColumns
from gazescribe.pipeline.sources.faults import Fault, Findings
from gazescribe.pipeline.sources.table_manifests import (
    LOSES,
    OwnManifest,
    cells_of,
    is_seen_on_screen,
)

LABELLED = {  # tables of labels and boxes: the columns of text and of whole numbers
    "ellipses": (("label",), ("ellipse", "certainty")),
    "regions": (("region",), ()),
    "certainties": (("label",), ("certainty",)),
}
BOX = ("xmin_px", "ymin_px", "xmax_px", "ymax_px")
OPTIONAL = (*(f"shown_{side}" for side in BOX), "pupil_area_norm")
MAY_BE_BLANK = {("certainties", "certainty")}

Span = tuple[float, float] | None  # first and last second; None where there is nothing


Pieces = dict[str, Rows | Files]
"""By table: the rows of one reading, or the files that hold them."""


@dataclass(frozen=True)
class OwnReading:
    """One reading and where its tables are; `subject` and `published` are as the source says."""

    reading_id: str
    subject: str
    dicom_id: str
    published: str | None = None
    study_id: int | None = None
    width_px: int | None = None
    height_px: int | None = None
    image_path: str | None = None
    text: str | None = None
    diagnosis: str | None = None
    audio_start: Moment = BEGIN
    attributes: dict[str, str] = field(default_factory=dict)
    labels: frozenset[str] = frozenset()
    split: str | None = None
    pieces: Pieces = field(default_factory=dict)

    @property
    def size_px(self) -> tuple[int | None, int | None]:
        """Width and height of the image; None where unknown."""
        return self.width_px, self.height_px

    @property
    def subject_id(self) -> int:
        """The subject as a number: its own, or one that its name always gives."""
        if re.fullmatch(r"-?\d{1,18}", self.subject):
            return int(self.subject)
        digest = hashlib.sha256(self.subject.encode()).digest()
        return int.from_bytes(digest[:7], "big") + 10**15  # no number of a person is as large


def read_reading(
    root: Path, reading: OwnReading, manifest: OwnManifest, settings: Ingest, chunk: Chunk
) -> None:
    """Add all tables of a reading but its samples to the chunk."""
    has_gaze = _read_fixations(root, reading, manifest, settings.quality, chunk)
    text = read_words(root, reading, manifest, settings, chunk)
    if has_gaze:
        gaze_s, words_s = (_span(name, reading, chunk) for name in ("fixations", "words"))
        _compare_clocks("fixations", gaze_s, words_s, reading, chunk.faults)
    for name in LABELLED:
        if name in reading.pieces:  # a reading may well have no label and no box
            _read_labelled(name, root, reading, manifest, chunk)
    attributes = {name: value for name, value in reading.attributes.items() if value}
    attributes.pop(ENDED_BY, None)  # ours: `read_words` adds it
    if manifest.tables.samples is not None:  # fixations are made of samples later, in degrees
        for name, axis in zip("xy", view_of(reading.size_px, manifest), strict=True):
            if not np.isnan(axis.px_per_deg):
                attributes[f"px_per_deg_{name}"] = repr(axis.px_per_deg)
    chunk.add_attributes(reading.reading_id, attributes)
    chunk.add_reading(
        reading.reading_id, reading, dataset=manifest.name, has_gaze=has_gaze, text=text
    )


def _rows_of_table(
    name: str, root: Path, reading: OwnReading, manifest: OwnManifest, chunk: Chunk
) -> tuple[Rows, Findings] | None:
    """Give the rows of a table; None when there are none, which is noted."""
    piece = reading.pieces.get(name)
    if isinstance(piece, Rows):
        return piece, Findings(piece.file, reading.reading_id, chunk.faults)
    table = manifest.tables.by_name()[name]
    file = table.file if piece is None else piece.file
    findings = Findings(file, reading.reading_id, chunk.faults)
    if piece is None:
        message = f"nothing of reading {reading.reading_id} is there"
        findings.add("loss", f"{name}_missing", message, loses=LOSES[name])
        return None
    rows = read_rows(root, table, piece, findings, "loss")
    return None if rows is None else (rows, findings)


def places(rows: Rows, names: Sequence[str], columns: Any, view: Axes) -> dict[str, Floats]:
    """Give mapped positions in image pixels; the axis is in the name."""
    x, y = view
    cells = {name: getattr(columns, name) for name in names}
    return {
        name: (x if name.startswith("x") else y).to_image(rows.numbers(cell)[0], cell)
        for name, cell in cells.items()
    }


def gaze_places(gaze: Gaze, columns: Any, view: Axes) -> dict[str, Floats]:
    """Give where eyes looked in image pixels."""
    x, y = view
    return {
        "x_px": x.to_image(gaze.x, columns.x_px),
        "y_px": y.to_image(gaze.y, columns.y_px),
    }


def parts_shown(rows: Rows, columns: ViewColumns) -> Parts | None:
    """Give what of the image was on screen in each row; None where the manifest does not say it."""
    edges = {
        prefix: [_edges(rows, columns, f"{prefix}_{axis}", size) for axis, size in SIDES]
        for prefix in ("shown", "on_screen")
    }
    x, y = edges["shown"]
    if x is None or y is None:
        return None
    x_on_screen, y_on_screen = edges["on_screen"]
    return Part(*x, *(x_on_screen or ())), Part(*y, *(y_on_screen or ()))


def _edges(rows: Rows, columns: ViewColumns, axis: str, size: str) -> tuple[Floats, Floats] | None:
    """Give both ends of a rectangle along an axis; None where one is not mapped."""
    low, high = getattr(columns, f"{axis}min_px"), getattr(columns, f"{axis}max_px")
    length = getattr(columns, f"{axis[:-1]}{size}_px")
    if low is None or (high is None and length is None):
        return None
    low_px = rows.numbers(low)[0]
    return low_px, (low_px + rows.numbers(length)[0] if high is None else rows.numbers(high)[0])


def times(rows: Rows, columns: Any, since: Moment = BEGIN) -> tuple[Floats, Floats]:
    """Give onset and offset in seconds; NaN where a time is lacking."""
    onset_s = seconds(rows.numbers(columns.onset_s)[0], columns.onset_s, since)
    if columns.offset_s is not None:
        return onset_s, seconds(rows.numbers(columns.offset_s)[0], columns.offset_s, since)
    duration_s = seconds(rows.numbers(columns.duration_s)[0], columns.duration_s)
    return onset_s, onset_s + duration_s


def _span(table: str, reading: OwnReading, chunk: Chunk) -> Span:
    onset_s, offset_s = (
        chunk.last(table, reading.reading_id, name) for name in ("onset_s", "offset_s")
    )
    return (float(min(onset_s)), float(max(offset_s))) if len(onset_s) else None


def _compare_clocks(
    table: str, gaze: Span, words: Span, reading: OwnReading, faults: list[Fault]
) -> None:
    """Note gaze and words that share no time: most likely they are on different clocks."""
    if gaze is None or words is None or (gaze[0] <= words[1] and words[0] <= gaze[1]):
        return
    message = (
        f"gaze is from {gaze[0]:.1f} to {gaze[1]:.1f} s, words from {words[0]:.1f} to"
        f" {words[1]:.1f} s: check `unit` and `audio_start`"
    )
    findings = Findings(reading.pieces[table].file, reading.reading_id, faults)
    findings.add("loss", "gaze_apart_from_words", message, loses="windows")


def _read_fixations(
    root: Path, reading: OwnReading, manifest: OwnManifest, thresholds: Quality, chunk: Chunk
) -> bool:
    """Add fixations and their quality to the chunk; tell whether the reading has gaze."""
    if manifest.tables.fixations is None:
        chunk.without_gaze["samples alone" if manifest.tables.samples else "no table"] += 1
        return False
    piece = _rows_of_table("fixations", root, reading, manifest, chunk)
    if piece is None:
        chunk.without_gaze["no usable file"] += 1
        return False
    rows, findings = piece
    columns = manifest.tables.fixations.columns
    note_sizes(rows, columns, reading, manifest, findings)
    view, unseen = _views(rows, columns, reading, manifest)
    gaze = read_gaze(rows, columns, view, findings)
    values = _fixation_values(rows, columns, reading, view, gaze, findings)
    usable = _usable(values, gaze, unseen, findings, rows)
    places: NDArray[np.integer[Any]] = rows.places
    if columns.fixation is not None:
        ids = rows.text(columns.fixation)
        is_timed = columns.duration_s is not None
        values, places = join_rows(values, usable, ids, places, findings, is_timed=is_timed)
        usable = np.ones(len(places), dtype=bool)
    else:
        usable &= ~find_repeats(values, usable, places, findings)
    if note_off_image(values, usable, columns, rows, reading, manifest, findings):
        chunk.without_gaze["off the image"] += 1
        return False
    return chunk.add_usable_fixations(values, usable, places, reading.size_px, thresholds, findings)


def _views(
    rows: Rows, columns: FixationColumns, reading: OwnReading, manifest: OwnManifest
) -> tuple[Axes, Mask]:
    """Give the view of the image in each row, and the rows whose place is lost without one."""
    unseen: Mask = np.zeros(len(rows), dtype=bool)
    x, y = whole = view_of(reading.size_px, manifest)
    parts = parts_shown(rows, columns)
    if parts is None:
        return whole, unseen
    if is_seen_on_screen(columns):
        view = view_of(reading.size_px, manifest, parts)
        return view, view[0].is_unknown() | view[1].is_unknown()
    # Positions on the image have a place anyhow: an unknown part is all of it, as in our table.
    parts = parts[0].or_all(x.size_px), parts[1].or_all(y.size_px)
    return view_of(reading.size_px, manifest, parts), unseen


def note_off_image(
    position: dict[str, Floats],
    usable: Mask,
    columns: Any,
    rows: Rows,
    reading: OwnReading,
    manifest: OwnManifest,
    findings: Findings,
) -> bool:
    """Note a reading of which no position lies on the image, and why that may be; tell so."""
    x_px, y_px = position["x_px"][usable], position["y_px"][usable]
    width_px, height_px = reading.size_px
    if not len(x_px) or width_px is None or height_px is None:
        return False
    cause = off_image_cause(rows, columns, view_of(reading.size_px, manifest))
    is_off = not on_image(x_px, y_px, width_px, height_px).any()
    if is_off or cause.is_certain:
        findings.add("loss", "gaze_off_image", cause.message, loses="gaze")
    return is_off or cause.is_certain


def _fixation_values(
    rows: Rows, columns: Any, reading: OwnReading, view: Axes, gaze: Gaze, findings: Findings
) -> dict[str, Floats]:
    onset_s, offset_s = times(rows, columns, reading.audio_start)
    values = {
        "onset_s": onset_s,
        "offset_s": offset_s,
        **gaze_places(gaze, columns, view),
    }
    for name, axis in zip("xy", view, strict=True):
        cell = getattr(columns, f"px_per_deg_{name}")
        values[f"px_per_deg_{name}"] = _resolution(rows, cell, axis)
    for name in OPTIONAL:
        cell = getattr(columns, name)
        if cell is not None:
            values[name], bad = rows.numbers(cell)
            message = f"have an unreadable {name}, taken as unknown"
            findings.add_rows("warning", "fixation_part_unreadable", message, bad, rows=rows.places)
    for axis_name, size in SIDES:
        edges = _edges(rows, columns, f"shown_{axis_name}", size)
        if edges is not None:  # the far one may be said by a width or a height
            values[f"shown_{axis_name}max_px"] = edges[1]
    return values


def _resolution(rows: Rows, cell: ResolutionCell | None, axis: ViewAxis) -> Floats:
    """Give image pixels a degree by row; where a row does not say it, as the manifest has it."""
    by_manifest = np.full(len(rows), axis.px_per_deg)
    if cell is None:
        return by_manifest
    stated = rows.numbers(cell)[0]
    if cell.unit == "screen_px":
        stated = stated / axis.scale
    return np.where(np.isnan(stated), by_manifest, stated)


def note_sizes(
    rows: Rows, columns: Any, reading: OwnReading, manifest: OwnManifest, findings: Findings
) -> None:
    """Refuse positions on a screen or an image of another size than the manifest's."""
    screen = manifest.screen
    remedy = "correct screen.width_px and height_px"
    if screen is not None and columns.x_px.unit == "screen_px":
        stated = screen.width_px, screen.height_px
        _note_size(rows, columns, "screen", stated, remedy, findings)
    remedy = "give the size of the picture that was shown, or positions as `share`"
    if columns.x_px.unit == "px":
        _note_size(rows, columns, "image", reading.size_px, remedy, findings)


def _note_size(
    rows: Rows,
    columns: Any,
    kind: str,
    stated: tuple[int | None, int | None],
    remedy: str,
    findings: Findings,
) -> None:
    cells = [getattr(columns, f"{kind}_{side}_px") for _, side in SIDES]
    if None in cells or None in stated:
        return
    sizes = np.stack([rows.numbers(cell)[0] for cell in cells], axis=1)
    # Some recorders count to the last pixel, others to its edge.
    bad = (np.abs(sizes - np.array(stated, float)) > 1).any(axis=1)
    if bad.any():
        width, height = sizes[bad][0]
        message = (
            f"are positions on {'a screen' if kind == 'screen' else 'an image'} of {width:g} by"
            f" {height:g} pixels, and the manifest says {stated[0]} by {stated[1]}: {remedy}"
        )
        code = f"{kind}_differs"
        findings.add_rows("error", code, message, bad, rows=rows.places, loses="gaze")


def _usable(
    values: dict[str, Floats], gaze: Gaze, unseen: Mask, findings: Findings, rows: Rows
) -> Mask:
    message = "are not valid by the column `valid`"
    findings.add_rows("warning", "fixation_invalid", message, ~gaze.valid, rows=rows.places)
    timeless = np.isnan(values["onset_s"]) | np.isnan(values["offset_s"])
    seen = ~timeless & ~unseen & gaze.valid & ~gaze.lost
    nowhere = seen & (np.isnan(values["x_px"]) | np.isnan(values["y_px"]))
    reversed_ = ~timeless & ~(values["offset_s"] > values["onset_s"])
    unresolved = ~unseen & ~((values["px_per_deg_x"] > 0) & (values["px_per_deg_y"] > 0))
    # A row may be wrong in several ways; each is counted, for each has a remedy of its own.
    viewless = "do not say which part of the image was on screen, so that their place is unknown"
    sizeless = "have no position, or the image's size to place it by is unknown"
    for code, message, bad in (
        ("fixation_no_time", "lack a time", timeless),
        ("fixation_nowhere", sizeless, nowhere),
        ("fixation_no_view", viewless, unseen),
        ("fixation_lost", LOST, gaze.lost & gaze.valid),
        ("fixation_reversed", "do not end after they start", reversed_),
        ("fixation_no_resolution", "have no pixels per degree above 0", unresolved),
    ):
        findings.add_rows("loss", code, message, bad, rows=rows.places, loses="fixations")
    usable: Mask = ~(timeless | nowhere | unseen | gaze.lost | reversed_ | unresolved) & gaze.valid
    return usable


def read_words(
    root: Path, reading: OwnReading, manifest: OwnManifest, settings: Ingest, chunk: Chunk
) -> str | None:
    """Add words and sentences to the chunk; give the text, None when there is none."""
    table = manifest.tables.words
    piece = None if table is None else _rows_of_table("words", root, reading, manifest, chunk)
    if table is None or piece is None:
        return reading.text
    rows, findings = piece
    onset_s, offset_s = times(rows, table.columns)
    spoken = read_spoken(rows, table.columns, onset_s, offset_s, findings)
    if spoken is None:
        return reading.text
    words, ends = end_by_sentences(spoken, reading.text, settings.pause_s, findings, chunk)
    transcript = place_words(words, ends, reading.text, findings)
    chunk.add_words(reading.reading_id, transcript, words)
    return transcript.text


def _read_labelled(
    name: str, root: Path, reading: OwnReading, manifest: OwnManifest, chunk: Chunk
) -> None:
    """Add rows of labels or boxes."""
    table = manifest.tables.by_name()[name]
    piece = _rows_of_table(name, root, reading, manifest, chunk)
    if piece is None:
        return
    rows, findings = piece
    texts, counts = LABELLED[name]
    cells = dict(cells_of(table))
    values: dict[str, Any] = {
        column: np.array(rows.text(cells[column]), object) for column in texts
    }
    bad = np.logical_or.reduce([column == "" for column in values.values()])
    if "xmin_px" in cells:
        view = view_of(reading.size_px, manifest)
        values |= places(rows, BOX, table.columns, view)
        for axis in "xy":  # an axis that grows upwards swaps its ends
            sort_corners(values, axis)
    for column in counts:
        is_mapped = column in cells
        numbers = rows.numbers(cells[column])[0] if is_mapped else np.arange(len(rows), dtype=float)
        values[column] = numbers
    for column in set(values).difference(texts):
        if (name, column) not in MAY_BE_BLANK:
            bad |= np.isnan(values[column])
    message = "lack a value, or the image's size to place it by is unknown"
    code = f"{name}_unreadable"
    findings.add_rows("loss", code, message, bad, rows=rows.places, loses=LOSES[name])
    chunk.add(name, reading.reading_id, {column: cell[~bad] for column, cell in values.items()})


def read_samples(
    root: Path, reading: OwnReading, manifest: OwnManifest, settings: Ingest, chunk: Chunk
) -> None:
    """Add the gaze samples of a reading to the chunk; the manifest has a table of samples."""
    table = manifest.tables.samples
    piece = None if table is None else _rows_of_table("samples", root, reading, manifest, chunk)
    if table is None or piece is None:
        return
    rows, findings = piece
    columns = table.columns
    note_sizes(rows, columns, reading, manifest, findings)
    time_s = seconds(rows.numbers(columns.time_s)[0], columns.time_s, reading.audio_start)
    timeless = np.isnan(time_s)
    code, message = "sample_no_time", "have no time"
    findings.add_rows("loss", code, message, timeless, rows=rows.places, loses="samples")
    if timeless.any() or (np.diff(time_s) < 0).any():  # sorted samples need no copy
        order = np.argsort(time_s, kind="stable")[: np.count_nonzero(~timeless)]  # NaN comes last
        rows, time_s = rows.take(order), time_s[order]
    view = view_of(reading.size_px, manifest)
    gaze = read_gaze(rows, columns, view, findings)
    position = gaze_places(gaze, columns, view)
    x_px, y_px = position["x_px"], position["y_px"]
    lost = gaze.valid & gaze.lost
    findings.add_rows("warning", "sample_lost", LOST, lost, rows=rows.places)
    valid = gaze.valid & ~gaze.lost & ~np.isnan(x_px) & ~np.isnan(y_px)
    note_off_image(position, valid, columns, rows, reading, manifest, findings)
    inside = valid & on_image(x_px, y_px, reading.width_px or 0, reading.height_px or 0)
    if len(time_s) and manifest.tables.words is not None:
        aside = Chunk()  # the words were read, with their faults, in the pass before
        read_words(root, reading, manifest, settings, aside)
        span_s = float(time_s[0]), float(time_s[-1])
        _compare_clocks("samples", span_s, _span("words", reading, aside), reading, chunk.faults)
    values = {"sample": np.arange(len(time_s)), "time_s": time_s, **position}
    chunk.add("samples", reading.reading_id, {**values, "valid": valid, "inside": inside})
