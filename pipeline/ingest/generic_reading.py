"""All tables of one reading of somebody's own data set; no fault of one stops the others."""

import re
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.ingest.chunks import Chunk
from pipeline.ingest.csv_files import FALSE, Floats, Mask
from pipeline.ingest.egd_transcripts import Word, cut_phrase, sentence_ends
from pipeline.ingest.faults import Findings
from pipeline.ingest.generic_files import Rows, read_rows
from pipeline.ingest.generic_readings import Reading
from pipeline.ingest.generic_units import BEGIN, Axis, Moment, seconds, view_of
from pipeline.ingest.settings import Quality
from pipeline.ingest.transcripts import transcribe
from pipeline.own_manifests import LOSES, OwnManifest, columns_of
from pipeline.quality import exclusions, gaze_quality, on_image

SIDES = ("xmin", "ymin", "xmax", "ymax")
BOX = tuple(f"{side}_px" for side in SIDES)
OPTIONAL = (*(f"shown_{side}" for side in BOX), "pupil_area_norm")
LABELLED = {  # tables of labels and boxes: the columns of text and of whole numbers
    "ellipses": (("label",), ("ellipse", "certainty")),
    "regions": (("region",), ()),
    "certainties": (("label",), ("certainty",)),
}
MAY_BE_BLANK = {("certainties", "certainty")}


def read_reading(
    root: Path, reading: Reading, manifest: OwnManifest, thresholds: Quality, chunk: Chunk
) -> None:
    """Read all tables of a reading but its samples.

    Parameters
    ----------
    root : pathlib.Path
        Root of the tree.
    reading : Reading
        What is known of it.
    manifest : OwnManifest
        Of the data set.
    thresholds : Quality
        Of gaze quality.
    chunk : Chunk
        Takes rows, faults and counts.
    """
    has_gaze = _read_fixations(root, reading, manifest, thresholds, chunk)
    text = _read_words(root, reading, manifest, chunk)
    for name in LABELLED:
        _read_labelled(name, root, reading, manifest, chunk)
    attributes = {name: value for name, value in reading.attributes.items() if value}
    if manifest.tables.samples is not None:  # fixations are made of samples later, in degrees
        axes = zip("xy", _view(reading, manifest), strict=True)
        stated = {f"px_per_deg_{name}": axis.px_per_deg for name, axis in axes}
        attributes |= {name: repr(one) for name, one in stated.items() if not np.isnan(one)}
    columns = {"name": list(attributes), "value": list(attributes.values())}
    chunk.add("attributes", reading.reading_id, columns)
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
    chunk.add("readings", reading.reading_id, {name: [value] for name, value in row.items()})


def _rows(
    name: str, root: Path, reading: Reading, manifest: OwnManifest, chunk: Chunk
) -> tuple[Rows, Findings] | None:
    """Give the rows of a table; None when there are none, which is noted."""
    piece = reading.pieces.get(name)
    if isinstance(piece, Rows):
        return piece, Findings(piece.file, reading.reading_id, chunk.faults)
    table = manifest.tables.given()[name]
    found = Findings(piece[0] if piece else table.file, reading.reading_id, chunk.faults)
    if piece is None:
        if name not in LABELLED:
            message = f"nothing of reading {reading.reading_id} is there"
            found.add("loss", f"{name}_missing", message, loses=LOSES[name])
        return None
    rows = read_rows(root, table, piece, found, "loss")
    return None if rows is None else (rows, found)


def _view(reading: Reading, manifest: OwnManifest) -> tuple[Axis, Axis]:
    return view_of((reading.width_px, reading.height_px), manifest)


def _places(
    rows: Rows, names: Sequence[str], columns: Any, reading: Reading, manifest: OwnManifest
) -> dict[str, Floats]:
    """Give mapped positions in image pixels; the axis is in the name."""
    x, y = _view(reading, manifest)
    cells = {name: getattr(columns, name) for name in names}
    return {
        name: (x if name.startswith("x") else y).to_image(rows.numbers(cell)[0], cell)
        for name, cell in cells.items()
    }


def _times(rows: Rows, columns: Any, since: Moment = BEGIN) -> tuple[Floats, Floats]:
    """Give onset and offset in seconds; NaN where a time is lacking."""
    onset_s = seconds(rows.numbers(columns.onset_s)[0], columns.onset_s, since)
    if columns.offset_s is not None:
        return onset_s, seconds(rows.numbers(columns.offset_s)[0], columns.offset_s, since)
    duration_s = seconds(rows.numbers(columns.duration_s)[0], columns.duration_s)
    return onset_s, onset_s + duration_s


def _read_fixations(
    root: Path, reading: Reading, manifest: OwnManifest, thresholds: Quality, chunk: Chunk
) -> bool:
    """Add fixations and their quality to the chunk; tell whether the reading has gaze."""
    if manifest.tables.fixations is None:
        chunk.without_gaze["samples alone" if manifest.tables.samples else "no table"] += 1
        return False
    read = _rows("fixations", root, reading, manifest, chunk)
    if read is None:
        chunk.without_gaze["no usable file"] += 1
        return False
    rows, found = read
    values = _fixation_values(rows, reading, manifest, found)
    usable = _usable(values, found, rows)
    kept = np.flatnonzero(usable)
    kept = kept[np.argsort(values["onset_s"][kept], kind="stable")]
    values = {name: column[kept] for name, column in values.items()}
    if not kept.size:
        found.add("loss", "fixations_none", "there is no usable fixation", loses="gaze")
        chunk.without_gaze["no fixation"] += 1
        return False
    size_px = (reading.width_px, reading.height_px)
    _warn_of_fixations(values, rows.take(kept), size_px, found)
    quality = gaze_quality(
        *(values[name] for name in ("onset_s", "offset_s", "x_px", "y_px")),
        size_px,
        thresholds.min_gap_s,
    )
    excluded = exclusions(quality, thresholds)
    chunk.add_quality(reading.reading_id, quality, excluded)
    if excluded:
        chunk.without_gaze[f"quality: {excluded[0]}"] += 1
        return False
    chunk.add("fixations", reading.reading_id, {"fixation": np.arange(len(kept)), **values})
    return True


def _fixation_values(
    rows: Rows, reading: Reading, manifest: OwnManifest, found: Findings
) -> dict[str, Floats]:
    table = manifest.tables.fixations
    columns = table.columns if table else None
    onset_s, offset_s = _times(rows, columns, reading.audio_start)
    values = {
        "onset_s": onset_s,
        "offset_s": offset_s,
        **_places(rows, ("x_px", "y_px"), columns, reading, manifest),
    }
    for axis, known in zip("xy", _view(reading, manifest), strict=True):
        name = f"px_per_deg_{axis}"
        cell = getattr(columns, name)
        values[name] = (
            np.full(len(rows), known.px_per_deg) if cell is None else rows.numbers(cell)[0]
        )
    for name in OPTIONAL:
        cell = getattr(columns, name)
        if cell is not None:
            values[name], bad = rows.numbers(cell)
            message = f"have an unreadable {name}, taken as unknown"
            found.add_rows("warning", "fixation_part_unreadable", message, bad, rows=rows.places)
    return values


def _usable(values: dict[str, Floats], found: Findings, rows: Rows) -> Mask:
    timeless = np.isnan(values["onset_s"]) | np.isnan(values["offset_s"])
    nowhere = ~timeless & (np.isnan(values["x_px"]) | np.isnan(values["y_px"]))
    reversed_ = ~timeless & ~(values["offset_s"] > values["onset_s"])
    known = (values["px_per_deg_x"] > 0) & (values["px_per_deg_y"] > 0)

    def lose(code: str, message: str, bad: Mask) -> None:
        found.add_rows(
            "loss", f"fixation_{code}", message, bad, rows=rows.places, loses="fixations"
        )

    lose("no_time", "lack a time", timeless)
    lose("nowhere", "have no position, or the image's size to place it by is unknown", nowhere)
    lose("reversed", "do not end after they start", reversed_)
    lose("no_resolution", "have no pixels per degree above 0", ~known)
    usable: Mask = ~(timeless | nowhere | reversed_) & known
    return usable


def _warn_of_fixations(
    values: dict[str, Floats], rows: Rows, size_px: tuple[int | None, int | None], found: Findings
) -> None:
    def warn(code: str, message: str, bad: Mask) -> None:
        found.add_rows("warning", f"fixation_{code}", message, bad, rows=rows.places)

    warn("order", "were sorted by time", np.append(False, np.diff(rows.places) < 0))
    overlap = np.append(False, values["onset_s"][1:] < values["offset_s"][:-1])
    warn("overlap", "start before the one before ends", overlap)
    width_px, height_px = size_px
    if width_px is not None and height_px is not None:
        off = ~on_image(values["x_px"], values["y_px"], width_px, height_px)
        warn("off_image", "lie off the image", off)


def _read_words(root: Path, reading: Reading, manifest: OwnManifest, chunk: Chunk) -> str | None:
    """Add words and sentences to the chunk; give the text, None when there is none."""
    table = manifest.tables.words
    read = None if table is None else _rows("words", root, reading, manifest, chunk)
    if table is None or read is None:
        return reading.text
    rows, found = read
    columns = table.columns
    onset_s, offset_s = _times(rows, columns)
    texts = [re.sub(r"\s+", " ", text) for text in rows.text(columns.text)]
    empty = np.array([not text for text in texts], dtype=bool)
    bad = ~empty & ~(offset_s >= onset_s)  # NaN is bad too
    message = "hold no word and are left out"
    found.add_rows("warning", "word_empty", message, empty, rows=rows.places)
    message = "lack a time, or end before they start"
    found.add_rows("loss", "word_no_time", message, bad, rows=rows.places, loses="words")
    if bad.any() or empty.all():  # half of a text would put its mentions in the wrong place
        if empty.all():
            found.add("loss", "words_none", "there is no word", loses="text")
        return reading.text
    kept = np.flatnonzero(~empty)
    kept = kept[np.argsort(onset_s[kept], kind="stable")]
    said = rows.text(columns.sentence) if columns.sentence is not None else None
    words = _cut_words(
        [texts[one] for one in kept],
        onset_s[kept],
        offset_s[kept],
        None if said is None else [said[one] for one in kept],
    )
    return _add_words(words, reading, found, chunk)


def _cut_words(
    texts: Sequence[str], onset_s: Floats, offset_s: Floats, said: Sequence[str] | None
) -> list[Word]:
    """Cut phrases behind their periods, unless the source says where sentences end."""
    if said is None:
        parts = [
            part
            for text, first_s, last_s in zip(texts, onset_s, offset_s, strict=True)
            for part in cut_phrase(text, float(first_s), float(last_s))
        ]
        ends = sentence_ends(parts)
    else:
        ends = [before != after for before, after in pairwise(said)] + [True]
        parts = [
            Word(text, float(first_s), float(last_s), ends_sentence=False)
            for text, first_s, last_s in zip(texts, onset_s, offset_s, strict=True)
        ]
    return [
        Word(part.text, part.onset_s, part.offset_s, end)
        for part, end in zip(parts, ends, strict=True)
    ]


def _add_words(words: Sequence[Word], reading: Reading, found: Findings, chunk: Chunk) -> str:
    transcript = transcribe([word.text for word in words], [word.ends_sentence for word in words])
    text, starts, stops = transcript.text, transcript.char_start, transcript.char_end
    if reading.text is not None:
        spans = _located(reading.text, [word.text for word in words])
        if spans is None:
            message = "the words are not those of the text; the text rebuilt from them is kept"
            found.add("warning", "text_differs", message)
        else:
            text, starts, stops = reading.text, *spans
    onset_s = [word.onset_s for word in words]
    offset_s = [word.offset_s for word in words]
    chunk.add(
        "words",
        reading.reading_id,
        {
            "word": range(len(words)),
            "text": [word.text for word in words],
            "onset_s": onset_s,
            "offset_s": offset_s,
            "char_start": starts,
            "char_end": stops,
            "sentence": transcript.sentence,
        },
    )
    chunk.add(
        "sentences",
        reading.reading_id,
        {
            "sentence": range(len(transcript.first)),
            "onset_s": [onset_s[word] for word in transcript.first],
            "offset_s": [offset_s[word] for word in transcript.last],
            "char_start": [starts[word] for word in transcript.first],
            "char_end": [stops[word] for word in transcript.last],
        },
    )
    return text


def _located(text: str, words: Sequence[str]) -> tuple[list[int], list[int]] | None:
    """Find the words in a text, one behind the other with nothing but punctuation between them."""
    starts, stops, end = [], [], 0
    for word in words:
        start = text.find(word, end)
        if start < 0 or re.search(r"\w", text[end:start]):
            return None
        end = start + len(word)
        starts.append(start)
        stops.append(end)
    return None if re.search(r"\w", text[end:]) else (starts, stops)


def _read_labelled(
    name: str, root: Path, reading: Reading, manifest: OwnManifest, chunk: Chunk
) -> None:
    """Add rows of labels or boxes."""
    table = manifest.tables.given().get(name)
    read = None if table is None else _rows(name, root, reading, manifest, chunk)
    if table is None or read is None:
        return
    rows, found = read
    texts, counts = LABELLED[name]
    cells = columns_of(table)
    values: dict[str, Any] = {
        column: np.array(rows.text(cells[column]), object) for column in texts
    }
    if "xmin_px" in cells:
        values |= _places(rows, BOX, table.columns, reading, manifest)
        for axis in "xy":  # an axis that grows upwards swaps its ends
            ends = [values[f"{axis}{side}_px"] for side in ("min", "max")]
            values[f"{axis}min_px"], values[f"{axis}max_px"] = np.minimum(*ends), np.maximum(*ends)
    for column in counts:
        known = column in cells
        values[column] = (
            rows.numbers(cells[column])[0] if known else np.arange(len(rows), dtype=float)
        )
    bad = np.zeros(len(rows), dtype=bool)
    for column, given in values.items():
        if column in texts:
            bad |= given == ""
        elif (name, column) not in MAY_BE_BLANK:
            bad |= np.isnan(given)
    message = "lack a value, or the image's size to place it by is unknown"
    found.add_rows("loss", f"{name}_unreadable", message, bad, rows=rows.places, loses=LOSES[name])
    kept = {column: cell[~bad] for column, cell in values.items()}
    chunk.add(name, reading.reading_id, kept)


def read_samples(reading: Reading, *, root: Path, manifest: OwnManifest) -> Chunk:
    """Read the gaze samples of one reading.

    Parameters
    ----------
    reading : Reading
        What is known of it.
    root : pathlib.Path
        Root of the tree.
    manifest : OwnManifest
        Of the data set; it has a table of samples.

    Returns
    -------
    Chunk
        Rows of `samples`, and what is wrong with them.
    """
    chunk = Chunk()
    table = manifest.tables.samples
    read = None if table is None else _rows("samples", root, reading, manifest, chunk)
    if table is None or read is None:
        return chunk
    rows, found = read
    columns = table.columns
    time_s = seconds(rows.numbers(columns.time_s)[0], columns.time_s, reading.audio_start)
    timeless = np.isnan(time_s)
    message = "have no time"
    found.add_rows("loss", "sample_no_time", message, timeless, rows=rows.places, loses="samples")
    kept = np.flatnonzero(~timeless)
    kept = kept[np.argsort(time_s[kept], kind="stable")]
    rows = rows.take(kept)
    place = _places(rows, ("x_px", "y_px"), columns, reading, manifest)
    valid = ~np.isnan(place["x_px"]) & ~np.isnan(place["y_px"])
    if columns.valid is not None:
        valid &= [text.lower() not in {"", *FALSE} for text in rows.text(columns.valid)]
    inside = valid & on_image(
        place["x_px"], place["y_px"], reading.width_px or 0, reading.height_px or 0
    )
    numbered = {"sample": np.arange(len(kept)), "time_s": time_s[kept]}
    chunk.add(
        "samples", reading.reading_id, {**numbered, **place, "valid": valid, "inside": inside}
    )
    return chunk.pack()
