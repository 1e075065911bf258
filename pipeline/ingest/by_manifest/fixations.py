"""Fixations of one reading, with what is wrong with each row."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gazescribe.pipeline.ingest.by_manifest.eyes import (
    LOST,
    UNPLACED,
    Gaze,
    find_repeats,
    join_rows,
    ranges_of,
    read_gaze,
)
from gazescribe.pipeline.ingest.by_manifest.impossible import in_clock, in_fixations
from gazescribe.pipeline.ingest.by_manifest.own_reading import OwnReading, rows_of_table, times
from gazescribe.pipeline.ingest.by_manifest.rows import Rows
from gazescribe.pipeline.ingest.by_manifest.units import Axes, ViewAxis
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
from gazescribe.pipeline.ingest.chunks import Chunk
from gazescribe.pipeline.ingest.csv_files import Floats, Mask
from gazescribe.pipeline.ingest.quality import Quality
from gazescribe.pipeline.ingest.understood import Measures
from gazescribe.pipeline.sources.cells import ResolutionCell
from gazescribe.pipeline.sources.faults import Findings
from gazescribe.pipeline.sources.table_manifests import OwnManifest

OPTIONAL = (
    "shown_xmin_px",
    "shown_ymin_px",
    "shown_xmax_px",
    "shown_ymax_px",
    "pupil_area_norm",
)


def read_fixations(
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
    columns = manifest.tables.fixations.columns
    note_sizes(rows, columns, reading, manifest, findings)
    view, unseen = views_of(rows, columns, reading, manifest)
    gaze = read_gaze(rows, columns, view, findings)
    values = _fixation_values(rows, columns, reading, view, gaze, findings)
    stepping = list(in_clock(values["onset_s"], rows.places, "onset_s and the end"))
    usable = _usable(values, gaze, unseen, findings, rows)
    if not edges_by_row(rows, columns, reading):
        some = gaze.take(np.arange(0, len(rows), step_between(len(rows))))
        measure_ways(some, columns, reading, manifest, chunk)
    places: NDArray[np.integer[Any]] = rows.places
    if columns.fixation is not None:
        ids = rows.text(columns.fixation)
        is_timed = columns.duration_s is not None
        values, places = join_rows(values, usable, ids, places, findings, is_timed=is_timed)
        usable = np.ones(len(places), dtype=bool)
    else:
        usable &= ~find_repeats(values, usable, places, findings)
    ranges = ranges_of(rows, columns)
    # Where no row is usable, what was taken for lost eyes may be gaze in another unit.
    seen = gaze.lost if columns.fixation is None and not usable.any() else usable
    if note_off_image(values, seen, columns, ranges, reading, manifest, findings):
        chunk.without_gaze["off the image"] += 1
        return False

    def is_impossible(measures: Measures) -> bool:
        problems = stepping or in_fixations(measures, columns)
        return note_problems(problems, "gaze", findings)

    return chunk.add_usable_fixations(
        values, usable, places, reading.size_px, thresholds, findings, is_impossible
    )


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
    for name, (low, high) in edges_by_row(rows, columns, reading).items():
        if name.startswith("shown_"):  # the far one may be said by a width or a height
            values[f"{name}min_px"], values[f"{name}max_px"] = low, high
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


def _usable(
    values: dict[str, Floats], gaze: Gaze, unseen: Mask, findings: Findings, rows: Rows
) -> Mask:
    message = "are not valid by the column `valid`"
    findings.add_rows("warning", "fixation_invalid", message, ~gaze.valid, rows=rows.places)
    timeless = np.isnan(values["onset_s"]) | np.isnan(values["offset_s"])
    # Rows of samples or saccades, in which recorders leave what is of fixations blank.
    absent = timeless & np.isnan(gaze.x) & np.isnan(gaze.y) & gaze.valid
    message = "have neither a time nor a place, as rows of something else"
    findings.add_rows("warning", "fixation_absent", message, absent, rows=rows.places)
    seen = ~timeless & ~unseen & gaze.valid & ~gaze.lost
    nowhere = seen & (np.isnan(values["x_px"]) | np.isnan(values["y_px"]))
    reversed_ = ~timeless & ~(values["offset_s"] > values["onset_s"])
    unplaced = nowhere & ~np.isnan(gaze.x + gaze.y)
    unresolved = ~unseen & ~absent & ~((values["px_per_deg_x"] > 0) & (values["px_per_deg_y"] > 0))
    # A row may be wrong in several ways; each is counted, for each has a remedy of its own.
    viewless = "do not say which part of the image was on screen, so that their place is unknown"
    for code, message, bad in (
        ("fixation_no_time", "lack a time", timeless & ~absent),
        ("fixation_nowhere", "have no position", nowhere & ~unplaced),
        ("fixation_unplaced", UNPLACED, unplaced),
        ("fixation_no_view", viewless, unseen),
        ("fixation_lost", LOST, gaze.lost & gaze.valid),
        ("fixation_reversed", "do not end after they start", reversed_),
        ("fixation_no_resolution", "have no pixels per degree above 0", unresolved & ~unplaced),
    ):
        findings.add_rows("loss", code, message, bad, rows=rows.places, loses="fixations")
    usable: Mask = ~(timeless | nowhere | unseen | gaze.lost | reversed_ | unresolved) & gaze.valid
    return usable
