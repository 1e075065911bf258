"""All tables of one reading of somebody's own data set; no fault of one stops the others."""

from pathlib import Path
from typing import Any

import numpy as np

from gazescribe.pipeline.ingest.by_manifest.dictation import read_words
from gazescribe.pipeline.ingest.by_manifest.listing import OwnReading
from gazescribe.pipeline.ingest.by_manifest.pieces import (
    LABELLED,
    places,
    rows_of_table,
    times,
    view_of_reading,
)
from gazescribe.pipeline.ingest.by_manifest.rows import Rows
from gazescribe.pipeline.ingest.by_manifest.units import seconds
from gazescribe.pipeline.ingest.chunks import Chunk
from gazescribe.pipeline.ingest.csv_files import FALSE, Floats, Mask, sort_corners
from gazescribe.pipeline.ingest.quality import Quality, on_image
from gazescribe.pipeline.ingest.settings import Ingest
from gazescribe.pipeline.sources.faults import Fault, Findings
from gazescribe.pipeline.sources.table_manifests import LOSES, OwnManifest, columns_of

BOX = ("xmin_px", "ymin_px", "xmax_px", "ymax_px")
OPTIONAL = (*(f"shown_{side}" for side in BOX), "pupil_area_norm")
MAY_BE_BLANK = {("certainties", "certainty")}

Span = tuple[float, float] | None  # first and last second; None where there is nothing


def read_reading(
    root: Path, reading: OwnReading, manifest: OwnManifest, settings: Ingest, chunk: Chunk
) -> None:
    """Add all tables of a reading but its samples to the chunk."""
    has_gaze = _read_fixations(root, reading, manifest, settings.quality, chunk)
    text = read_words(root, reading, manifest, chunk)
    if has_gaze:
        gaze_s, words_s = (_span(name, reading, chunk) for name in ("fixations", "words"))
        _compare_clocks("fixations", gaze_s, words_s, reading, chunk.faults)
    for name in LABELLED:
        _read_labelled(name, root, reading, manifest, chunk)
    attributes = {name: value for name, value in reading.attributes.items() if value}
    if manifest.tables.samples is not None:  # fixations are made of samples later, in degrees
        for name, axis in zip("xy", view_of_reading(reading, manifest), strict=True):
            if not np.isnan(axis.px_per_deg):
                attributes[f"px_per_deg_{name}"] = repr(axis.px_per_deg)
    chunk.add_attributes(reading.reading_id, attributes)
    row = {
        "dataset": manifest.name,
        "dicom_id": reading.dicom_id,
        "study_id": reading.study_id,
        "subject_id": reading.subject_id,
        "split": reading.split,
        "width_px": reading.width_px,
        "height_px": reading.height_px,
        "image_path": reading.image_path,
        "has_gaze": has_gaze,
        "text": text,
        "diagnosis": reading.diagnosis,
    }
    chunk.add_reading(reading.reading_id, row)


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
    piece = reading.pieces[table]
    file = piece.file if isinstance(piece, Rows) else piece[0]
    findings = Findings(file, reading.reading_id, faults)
    findings.add("loss", "gaze_apart_from_words", message, loses="windows")


def _read_fixations(
    root: Path, reading: OwnReading, manifest: OwnManifest, thresholds: Quality, chunk: Chunk
) -> bool:
    """Add fixations and their quality to the chunk; tell whether the reading has gaze."""
    if manifest.tables.fixations is None:
        chunk.without_gaze["samples alone" if manifest.tables.samples else "no table"] += 1
        return False
    piece = rows_of_table("fixations", root, reading, manifest, chunk)
    if piece is None:
        chunk.without_gaze["no usable file"] += 1
        return False
    rows, findings = piece
    values = _fixation_values(rows, reading, manifest, findings)
    usable, size_px = _usable(values, findings, rows), (reading.width_px, reading.height_px)
    return chunk.add_usable_fixations(values, usable, rows.places, size_px, thresholds, findings)


def _fixation_values(
    rows: Rows, reading: OwnReading, manifest: OwnManifest, findings: Findings
) -> dict[str, Floats]:
    table = manifest.tables.fixations
    columns = table.columns if table else None
    onset_s, offset_s = times(rows, columns, reading.audio_start)
    values = {
        "onset_s": onset_s,
        "offset_s": offset_s,
        **places(rows, ("x_px", "y_px"), columns, reading, manifest),
    }
    for name, axis in zip("xy", view_of_reading(reading, manifest), strict=True):
        cell = getattr(columns, f"px_per_deg_{name}")
        resolution = np.full(len(rows), axis.px_per_deg) if cell is None else rows.numbers(cell)[0]
        values[f"px_per_deg_{name}"] = resolution
    for name in OPTIONAL:
        cell = getattr(columns, name)
        if cell is not None:
            values[name], bad = rows.numbers(cell)
            message = f"have an unreadable {name}, taken as unknown"
            findings.add_rows("warning", "fixation_part_unreadable", message, bad, rows=rows.places)
    return values


def _usable(values: dict[str, Floats], findings: Findings, rows: Rows) -> Mask:
    timeless = np.isnan(values["onset_s"]) | np.isnan(values["offset_s"])
    nowhere = ~timeless & (np.isnan(values["x_px"]) | np.isnan(values["y_px"]))
    reversed_ = ~timeless & ~(values["offset_s"] > values["onset_s"])
    resolved = (values["px_per_deg_x"] > 0) & (values["px_per_deg_y"] > 0)

    def lose(code: str, message: str, bad: Mask) -> None:
        code = f"fixation_{code}"
        findings.add_rows("loss", code, message, bad, rows=rows.places, loses="fixations")

    lose("no_time", "lack a time", timeless)
    lose("nowhere", "have no position, or the image's size to place it by is unknown", nowhere)
    lose("reversed", "do not end after they start", reversed_)
    lose("no_resolution", "have no pixels per degree above 0", ~resolved)
    usable: Mask = ~(timeless | nowhere | reversed_) & resolved
    return usable


def _read_labelled(
    name: str, root: Path, reading: OwnReading, manifest: OwnManifest, chunk: Chunk
) -> None:
    """Add rows of labels or boxes."""
    table = manifest.tables.given().get(name)
    piece = None if table is None else rows_of_table(name, root, reading, manifest, chunk)
    if table is None or piece is None:
        return
    rows, findings = piece
    texts, counts = LABELLED[name]
    cells = columns_of(table)
    values: dict[str, Any] = {
        column: np.array(rows.text(cells[column]), object) for column in texts
    }
    bad = np.logical_or.reduce([column == "" for column in values.values()])
    if "xmin_px" in cells:
        values |= places(rows, BOX, table.columns, reading, manifest)
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
    findings.add_rows(
        "loss", f"{name}_unreadable", message, bad, rows=rows.places, loses=LOSES[name]
    )
    chunk.add(name, reading.reading_id, {column: cell[~bad] for column, cell in values.items()})


def read_samples(
    root: Path, reading: OwnReading, manifest: OwnManifest, _settings: Ingest, chunk: Chunk
) -> None:
    """Add the gaze samples of a reading to the chunk; the manifest has a table of samples."""
    table = manifest.tables.samples
    piece = None if table is None else rows_of_table("samples", root, reading, manifest, chunk)
    if table is None or piece is None:
        return
    rows, findings = piece
    columns = table.columns
    time_s = seconds(rows.numbers(columns.time_s)[0], columns.time_s, reading.audio_start)
    timeless = np.isnan(time_s)
    message = "have no time"
    findings.add_rows(
        "loss", "sample_no_time", message, timeless, rows=rows.places, loses="samples"
    )
    selection = np.flatnonzero(~timeless)
    selection = selection[np.argsort(time_s[selection], kind="stable")]
    rows, time_s = rows.take(selection), time_s[selection]
    position = places(rows, ("x_px", "y_px"), columns, reading, manifest)
    x_px, y_px = position["x_px"], position["y_px"]
    valid = ~np.isnan(x_px) & ~np.isnan(y_px)
    if columns.valid is not None:
        valid &= [text.lower() not in {"", *FALSE} for text in rows.text(columns.valid)]
    inside = valid & on_image(x_px, y_px, reading.width_px or 0, reading.height_px or 0)
    if len(time_s) and manifest.tables.words is not None:
        aside = Chunk()  # the words were read, with their faults, in the pass before
        read_words(root, reading, manifest, aside)
        span_s = float(time_s[0]), float(time_s[-1])
        _compare_clocks("samples", span_s, _span("words", reading, aside), reading, chunk.faults)
    numbered = {"sample": np.arange(len(time_s)), "time_s": time_s}
    chunk.add(
        "samples", reading.reading_id, {**numbered, **position, "valid": valid, "inside": inside}
    )
