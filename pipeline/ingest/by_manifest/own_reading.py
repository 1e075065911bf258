"""One reading of somebody's own data set: where its tables are, and the clock of its gaze."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from gazescribe.pipeline.ingest.by_manifest.pieces import Files
from gazescribe.pipeline.ingest.by_manifest.rows import Rows, read_rows
from gazescribe.pipeline.ingest.by_manifest.units import BEGIN, Moment, seconds
from gazescribe.pipeline.ingest.chunks import Chunk
from gazescribe.pipeline.ingest.csv_files import Floats
from gazescribe.pipeline.sources.cells import TimeCell
from gazescribe.pipeline.sources.faults import Fault, Findings
from gazescribe.pipeline.sources.table_manifests import LOSES, OwnManifest

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
    has_file_size: bool = False  # the size is that of the image's file
    image_path: str | None = None
    text: str | None = None
    diagnosis: str | None = None
    audio_start: Moment = BEGIN
    # As far as the table of readings says it: where the image may stand on the screen (left, top,
    # right, bottom), and the ends of what was on screen of it, as `shown_x` and `on_screen_y`.
    area_px: tuple[float, float, float, float] | None = None
    edges_px: Mapping[str, tuple[float, float]] = field(default_factory=dict)
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


def edge_names(name: str) -> tuple[str, str, str]:
    """Name the columns of a rectangle along an axis: its ends, and its length in place of one."""
    size = {"x": "width", "y": "height"}[name[-1]]
    return f"{name}min_px", f"{name}max_px", f"{name[:-1]}{size}_px"


def rows_of_table(
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


def times(rows: Rows, columns: Any, since: Moment = BEGIN) -> tuple[Floats, Floats]:
    """Give onset and offset in seconds; NaN where a time is lacking."""
    if columns.onset_s.sum_before is not None:
        onset_s = _sums_before(rows, columns.onset_s)
    else:
        onset_s = seconds(rows.numbers(columns.onset_s)[0], columns.onset_s, since)
    if columns.offset_s is not None:
        return onset_s, seconds(rows.numbers(columns.offset_s)[0], columns.offset_s, since)
    duration_s = seconds(rows.numbers(columns.duration_s)[0], columns.duration_s)
    return onset_s, onset_s + duration_s


def _sums_before(rows: Rows, cell: TimeCell) -> Floats:
    """Give the seconds that the rows before each take; a row without a time takes none."""
    (column,) = cell.eyes()
    taken_s = np.nan_to_num(seconds(rows.numbers(column)[0], cell))
    # Shifted, not subtracted: each row then begins exactly where the one before ends.
    return np.concatenate([[0.0], np.cumsum(taken_s)])[:-1]


def span_of(table: str, reading: OwnReading, chunk: Chunk) -> Span:
    """Give the first and last second of the rows that a reading has in a chunk."""
    onset_s, offset_s = (
        chunk.last(table, reading.reading_id, name) for name in ("onset_s", "offset_s")
    )
    return (float(min(onset_s)), float(max(offset_s))) if len(onset_s) else None


def compare_clocks(
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
