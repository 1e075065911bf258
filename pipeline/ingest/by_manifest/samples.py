"""The gaze samples of one reading of somebody's own data set, a piece at a time.

An hour at 1 kHz has 3.6 million rows: what is made of them on the way is as large as a piece, and
what is no longer needed is left out, so that one long reading takes less than twice its file.
"""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from gazescribe.pipeline.ingest.by_manifest.eyes import (
    LOST,
    UNPLACED,
    Gaze,
    Range,
    find_gaze,
    ranges_of,
)
from gazescribe.pipeline.ingest.by_manifest.impossible import Problem, in_clock, in_samples
from gazescribe.pipeline.ingest.by_manifest.own_reading import (
    OwnReading,
    compare_clocks,
    rows_of_table,
    span_of,
)
from gazescribe.pipeline.ingest.by_manifest.reading import read_words
from gazescribe.pipeline.ingest.by_manifest.rows import Key, Rows, key_of
from gazescribe.pipeline.ingest.by_manifest.units import Axes, seconds
from gazescribe.pipeline.ingest.by_manifest.validity import check_valid, stated_valid
from gazescribe.pipeline.ingest.by_manifest.views import (
    edges_by_row,
    gaze_places,
    note_off_image,
    note_sizes,
    views_of,
)
from gazescribe.pipeline.ingest.by_manifest.weighing import (
    measure_ways,
    note_problems,
    step_between,
)
from gazescribe.pipeline.ingest.chunks import GROUP_ROWS, Chunk
from gazescribe.pipeline.ingest.csv_files import Floats, Mask
from gazescribe.pipeline.ingest.settings import Ingest
from gazescribe.pipeline.ingest.understood import Measures
from gazescribe.pipeline.sources.cells import Cell, NumberCell, PlaceCell
from gazescribe.pipeline.sources.faults import Findings, Severity
from gazescribe.pipeline.sources.table_manifests import OwnManifest, Samples, cells_of

UNSEEN = "do not say which part of the image was on screen, and are invalid"
FATES = ("stated", "there", "lost", "unseen", "valid", "unplaced")  # of rows; several may be true


def read_samples(
    root: Path, reading: OwnReading, manifest: OwnManifest, settings: Ingest, chunk: Chunk
) -> None:
    """Add the gaze samples of a reading to the chunk; the manifest has a table of samples."""
    table = manifest.tables.samples
    piece = None if table is None else rows_of_table("samples", root, reading, manifest, chunk)
    if table is None or piece is None:
        return
    rows, findings = piece
    del piece
    if isinstance(reading.pieces["samples"], Rows):  # read once: nothing else needs its memory
        reading.pieces["samples"] = rows.take(np.zeros(0, np.int64))
    columns = table.columns
    note_sizes(rows, columns, reading, manifest, findings)
    rows, time_s, stepping = _in_time_order(rows, table, reading, findings)
    placed = _place(rows, table, reading, manifest, findings)
    placed.note(rows, columns, findings)
    position, valid = placed.position, placed.fates["valid"]
    note_off_image(position, valid, columns, placed.ranges, reading, manifest, findings)
    if not edges_by_row(rows.take(slice(0)), columns, reading):
        measure_ways(placed.gaze(), columns, reading, manifest, chunk)
    if len(time_s) and manifest.tables.words is not None:
        aside = Chunk()  # the words were read, with their faults, in the pass before
        read_words(root, reading, manifest, settings, aside)
        span_s = float(time_s[0]), float(time_s[-1])
        compare_clocks("samples", span_s, span_of("words", reading, aside), reading, chunk.faults)
    stated_hz = None if manifest.screen is None else manifest.screen.sampling_hz

    def is_impossible(measures: Measures) -> bool:
        problems = stepping or in_samples(measures, columns, stated_hz)
        return note_problems(problems, "samples", findings)

    values = {"time_s": time_s, **position, "valid": valid}
    px_per_deg = placed.usual_px_per_deg()
    chunk.add_samples(reading.reading_id, values, reading.size_px, px_per_deg, is_impossible)


def _in_time_order(
    rows: Rows, table: Samples, reading: OwnReading, findings: Findings
) -> tuple[Rows, Floats, list[Problem]]:
    """Give the rows that have a time, without that column, their times in seconds, and problems."""
    cell = table.columns.time_s
    time_s = seconds(rows.numbers(cell)[0], cell, reading.audio_start)
    if _is_read_once(cell, table):
        rows = rows.without(key_of(cell))
    timeless = np.isnan(time_s)
    code, message = "sample_no_time", "have no time"
    findings.add_rows("loss", code, message, timeless, rows=rows.places, loses="samples")
    stepping = list(in_clock(time_s, rows.places, "time_s"))
    if timeless.any() or (time_s[1:] < time_s[:-1]).any():  # sorted samples need no copy
        order = np.argsort(time_s, kind="stable")[: np.count_nonzero(~timeless)]  # NaN comes last
        rows, time_s = rows.reorder(order), time_s[order]
    return rows, time_s, stepping


def _is_read_once(cell: Cell, table: Samples) -> bool:
    """Tell whether the column of a cell serves nothing else."""
    keys: list[Key] = []
    for _, other in cells_of(table):
        keys += map(key_of, other.eyes() if isinstance(other, NumberCell) else [other])
    return keys.count(key_of(cell)) == 1


def _room(cell: PlaceCell, rows: Rows, table: Samples) -> Floats:
    """Give an array for positions of all rows: that of their cells, if nothing else reads it."""
    column = rows.columns.get(key_of(cell))
    if isinstance(column, np.ndarray) and column.flags.writeable and _is_read_once(cell, table):
        return column
    return np.empty(len(rows))


class _Placed:
    """Where the eyes looked in all samples of a reading; filled a piece at a time."""

    def __init__(self, rows: Rows, table: Samples) -> None:
        columns = table.columns
        self.position = {
            "x_px": _room(columns.x_px, rows, table),
            "y_px": _room(columns.y_px, rows, table),
        }
        self.fates = {name: np.zeros(len(rows), dtype=bool) for name in FATES}
        self.ranges = [(math.nan, math.nan)] * 2  # of positions, as the file has them
        self.step = step_between(len(rows))
        self.some: list[Gaze] = []  # every `step`-th row
        self.px_per_deg: list[tuple[float | Floats, float | Floats]] = []  # across and down

    def add(
        self,
        start: int,
        ranges: Sequence[Range],
        gaze: Gaze,
        unseen: Mask,
        view: Axes,
        columns: Any,
    ) -> None:
        """Add a piece: the rows of the reading from `start`."""
        part = slice(start, start + len(gaze.x))
        self.some.append(gaze.take(np.arange(-start % self.step, len(gaze.x), self.step)))
        self.px_per_deg.append((view[0].px_per_deg, view[1].px_per_deg))
        for axis, (low, high) in enumerate(ranges):
            lowest, highest = self.ranges[axis]
            self.ranges[axis] = float(np.fmin(low, lowest)), float(np.fmax(high, highest))
        places = gaze_places(gaze, columns, view)
        there = gaze.is_there()
        seen = gaze.valid & there
        valid = seen & ~np.isnan(places["x_px"]) & ~np.isnan(places["y_px"])
        lost, unplaced = gaze.valid & gaze.lost, seen & ~valid & ~unseen
        fates = (gaze.valid, there, lost, unseen, valid, unplaced)
        for name, rows in zip(FATES, fates, strict=True):
            self.fates[name][part] = rows
        for name, values in places.items():  # the last, for they may take the place of the gaze
            self.position[name][part] = values

    def note(self, rows: Rows, columns: Any, findings: Findings) -> None:
        """Note the rows that are not valid, by reason."""
        fates = self.fates

        def note(severity: Severity, code: str, message: str, fate: str, loses: str = "") -> None:
            findings.add_rows(severity, code, message, fates[fate], rows=rows.places, loses=loses)

        note("loss", "sample_no_view", UNSEEN, "unseen", "samples")
        if columns.valid:
            check_valid(fates["stated"], fates["there"], columns, findings)
        note("warning", "sample_lost", LOST, "lost")
        note("loss", "sample_unplaced", UNPLACED, "unplaced", "samples")
        if not (fates["stated"] & fates["there"]).any():
            findings.add("loss", "samples_none", "no sample is valid", loses="samples")

    def gaze(self) -> Gaze:
        """Give the rows that are `step` apart."""
        columns = zip(*((some.x, some.y, some.lost, some.valid) for some in self.some), strict=True)
        return Gaze(*map(np.concatenate, columns))

    def usual_px_per_deg(self) -> tuple[float, float]:
        """Give the medians of image pixels a degree, across and down; NaN where it is unknown."""
        medians = []
        for values in zip(*self.px_per_deg, strict=True):
            known = np.concatenate(list(map(np.atleast_1d, values)))
            known = known[np.isfinite(known)]
            medians.append(float(np.median(known)) if len(known) else math.nan)
        return medians[0], medians[1]


def _place(
    rows: Rows, table: Samples, reading: OwnReading, manifest: OwnManifest, findings: Findings
) -> _Placed:
    """Find where the eyes looked; of the rows, positions are no longer in the units of the file."""
    columns = table.columns
    verdicts = [stated_valid(rows, cell, findings) for cell in columns.valid or ()]
    placed = _Placed(rows, table)
    for start in range(0, max(len(rows), 1), GROUP_ROWS):
        part = slice(start, start + GROUP_ROWS)
        of_part = rows.take(part)
        ranges = ranges_of(of_part, columns)
        view, unseen = views_of(of_part, columns, reading, manifest)
        gaze = find_gaze(of_part, columns, view, [verdict[part] for verdict in verdicts])
        placed.add(start, ranges, gaze, unseen, view, columns)
    return placed
