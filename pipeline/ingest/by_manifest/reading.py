"""All tables of one reading of somebody's own data set; no fault of one stops the others."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from gazescribe.pipeline.ingest.by_manifest.fixations import read_fixations
from gazescribe.pipeline.ingest.by_manifest.impossible import in_clock, in_words
from gazescribe.pipeline.ingest.by_manifest.own_reading import (
    OwnReading,
    compare_clocks,
    rows_of_table,
    span_of,
    times,
)
from gazescribe.pipeline.ingest.by_manifest.rows import Rows
from gazescribe.pipeline.ingest.by_manifest.spoken import end_by_sentences, place_words, read_spoken
from gazescribe.pipeline.ingest.by_manifest.units import BEGIN, Axes
from gazescribe.pipeline.ingest.by_manifest.views import (
    view_of_image,
)
from gazescribe.pipeline.ingest.by_manifest.weighing import (
    measure_boxes,
    note_problems,
)
from gazescribe.pipeline.ingest.chunks import Chunk
from gazescribe.pipeline.ingest.csv_files import Floats, sort_corners
from gazescribe.pipeline.ingest.sentence_ends import ENDED_BY
from gazescribe.pipeline.ingest.settings import Ingest
from gazescribe.pipeline.sources.table_manifests import LOSES, OwnManifest, cells_of, is_of_sessions

LABELLED = {  # tables of labels and boxes: the columns of text and of whole numbers
    "ellipses": (("label",), ("ellipse", "certainty")),
    "regions": (("region",), ()),
    "certainties": (("label",), ("certainty",)),
}
BOX = ("xmin_px", "ymin_px", "xmax_px", "ymax_px")
MAY_BE_BLANK = {("certainties", "certainty")}


def read_reading(
    root: Path, reading: OwnReading, manifest: OwnManifest, settings: Ingest, chunk: Chunk
) -> None:
    """Add all tables of a reading but its samples to the chunk."""
    has_gaze = read_fixations(root, reading, manifest, settings.quality, chunk)
    text = read_words(root, reading, manifest, settings, chunk)
    if has_gaze:
        gaze_s, words_s = (span_of(name, reading, chunk) for name in ("fixations", "words"))
        compare_clocks("fixations", gaze_s, words_s, reading, chunk.faults)
    for name in LABELLED:
        if name in reading.pieces:  # a reading may well have no label and no box
            _read_labelled(name, root, reading, manifest, chunk)
    measure_boxes(reading, chunk)
    attributes = {name: value for name, value in reading.attributes.items() if value}
    attributes.pop(ENDED_BY, None)  # ours: `read_words` adds it
    if manifest.tables.samples is not None:  # fixations are made of samples later, in degrees
        for name, axis in zip("xy", view_of_image(reading, manifest), strict=True):
            if not np.isnan(axis.px_per_deg):
                attributes[f"px_per_deg_{name}"] = repr(axis.px_per_deg)
    chunk.add_attributes(reading.reading_id, attributes)
    chunk.add_reading(
        reading.reading_id, reading, dataset=manifest.name, has_gaze=has_gaze, text=text
    )


def places(rows: Rows, names: Sequence[str], columns: Any, view: Axes) -> dict[str, Floats]:
    """Give mapped positions in image pixels; the axis is in the name."""
    x, y = view
    cells = {name: getattr(columns, name) for name in names}
    return {
        name: (x if name.startswith("x") else y).to_image(rows.numbers(cell)[0], cell)
        for name, cell in cells.items()
    }


def read_words(
    root: Path, reading: OwnReading, manifest: OwnManifest, settings: Ingest, chunk: Chunk
) -> str | None:
    """Add words and sentences to the chunk; give the text, None when there is none."""
    table = manifest.tables.words
    piece = None if table is None else rows_of_table("words", root, reading, manifest, chunk)
    if table is None or piece is None:
        return reading.text
    rows, findings = piece
    # Words that trials cut are on the clock of the session, as gaze is.
    since = reading.audio_start if is_of_sessions(table) else BEGIN
    onset_s, offset_s = times(rows, table.columns, since)
    stepping = list(in_clock(onset_s, rows.places, "onset_s and the end", "words_step_back"))
    spoken = read_spoken(rows, table.columns, onset_s, offset_s, findings)
    if spoken is None:
        return reading.text
    words, ends = end_by_sentences(spoken, reading.text, settings.pause_s, findings, chunk)
    transcript = place_words(words, ends, reading.text, findings)
    measures = chunk.add_words(reading.reading_id, transcript, words)
    note_problems(stepping or in_words(measures, table.columns), "windows", findings)
    return transcript.text


def _read_labelled(
    name: str, root: Path, reading: OwnReading, manifest: OwnManifest, chunk: Chunk
) -> None:
    """Add rows of labels or boxes."""
    table = manifest.tables.by_name()[name]
    piece = rows_of_table(name, root, reading, manifest, chunk)
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
        view = view_of_image(reading, manifest)
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
