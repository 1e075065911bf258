"""What cannot be, noted for a reading, then weighed over all: a manifest is wrong for all of them.

Gaze of a reading that cannot be is left out and counted. Where half of the readings are so, nothing
is written. Where gaze lies on the image only if the manifest said something else, that is named.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from gazescribe.pipeline.ingest.by_manifest.eyes import MISSING, Gaze
from gazescribe.pipeline.ingest.by_manifest.impossible import FEW, MANY_ROWS, Problem
from gazescribe.pipeline.ingest.by_manifest.own_reading import OwnReading
from gazescribe.pipeline.ingest.by_manifest.units import view_of
from gazescribe.pipeline.ingest.chunks import Chunk
from gazescribe.pipeline.ingest.quality import on_image
from gazescribe.pipeline.ingest.understood import Columns, Size
from gazescribe.pipeline.sources.cells import PlaceCell
from gazescribe.pipeline.sources.faults import Fault, Findings
from gazescribe.pipeline.sources.table_manifests import OwnManifest

LEAST_OFF = 3  # positions off the image that another way of reading must bring back
SHARE_OFF = 0.1  # of all positions, likewise
SHARE_LEFT = 0.02  # that may stay off even so
MOST_OFF = 0.5  # of positions: more is not looking at the image, whatever the cause
CORNER = 0.5  # of width and height: an image that is read is looked at farther than that
WAYS = {
    "swapped": "width_px and height_px of the readings were exchanged, or x_px and y_px",
    "up": "y grew the other way: change `up` of y_px",
    "origin": "they counted from elsewhere: change `origin` of x_px and y_px (corner, centre)",
    "origin_up": "they counted from elsewhere: change `origin` of x_px and y_px and `up` of y_px",
}

IN_WORDS = ("word_rate", "words_are_numbers", "words_at_once")
IN_GAZE = (
    "fixations_too_many",
    "fixations_too_few",
    "fixation_duration",
    "reading_duration",
    "sampling_rate",
    "samples_at_once",
    "gaze_in_one_place",
    "gaze_on_a_line",
    "resolution",
)


def note_problems(problems: Iterable[Problem], loses: str, findings: Findings) -> bool:
    """Note what cannot be; tell whether there is anything."""
    is_impossible = False
    for code, message in problems:
        findings.add("loss", code, message, loses=loses)
        is_impossible = True
    return is_impossible


def measure_ways(
    gaze: Gaze, columns: Any, reading: OwnReading, manifest: OwnManifest, chunk: Chunk
) -> None:
    """Count the positions that are on the image as the manifest says, and if it said otherwise."""
    x, y = gaze.x, gaze.y
    known = gaze.valid & np.isfinite(x + y) & ((x != 0) | (y != 0))
    known &= (np.abs(x) < MISSING) & (np.abs(y) < MISSING)
    x, y = x[known], y[known]
    if None in reading.size_px or not len(x):
        return
    counts = {}
    for way, x_cell, y_cell, (width_px, height_px) in _ways(
        columns.x_px, columns.y_px, reading.size_px
    ):
        across, down = view_of((width_px, height_px), manifest, None, reading.area_px)
        places = across.to_image(x, x_cell), down.to_image(y, y_cell)
        counts[way] = int(on_image(*places, width_px or 0, height_px or 0).sum())
    chunk.measure(
        "ways", reading_id=reading.reading_id, n=len(x), alike=int((x == y).sum()), **counts
    )


def _ways(
    x: PlaceCell, y: PlaceCell, size_px: Size
) -> Iterator[tuple[str, PlaceCell, PlaceCell, Size]]:
    yield "said", x, y, size_px
    yield "swapped", x, y, (size_px[1], size_px[0])
    turned = y.model_copy(update={"up": not y.up})
    yield "up", x, turned, size_px
    other = {"origin": "centre" if x.origin == "corner" else "corner"}
    yield "origin", x.model_copy(update=other), y.model_copy(update=other), size_px
    yield "origin_up", x.model_copy(update=other), turned.model_copy(update=other), size_px


def weigh(notes: Chunk) -> None:
    """Make errors of what half of the readings have, and note what only all of them show."""
    in_gaze = {*_ids(notes, "fixations"), *_ids(notes, "samples")}
    in_words = {*_ids(notes, "words")}
    for code in (*IN_GAZE, *IN_WORDS):
        of_code = [fault for fault in notes.faults if fault.code == code]
        affected = {fault.item for fault in of_code}
        n_readings = len(in_words if code in IN_WORDS else in_gaze)
        if of_code and 2 * len(affected) >= n_readings:
            first = of_code[0]
            others = f" (so in {len(affected):,} of {n_readings:,} readings)"
            error = replace(
                first,
                severity="error",
                message=first.message + (others if n_readings > 1 else ""),
                n=len(affected),
            )
            kept = [fault for fault in notes.faults if fault.code != code]
            notes.faults[:] = [*kept, error]
    file = "the manifest"
    notes.faults += [
        Fault("loss", code, message, file, loses="places")
        for code, message in _in_all_places(notes)
    ]
    notes.faults += [
        Fault("loss", code, message, file, item=item, loses="gaze")
        for code, message, item in _twice(notes)
    ]


def _ids(notes: Chunk, sort: str) -> list[str]:
    return notes.measures.get(sort, {}).get("reading_id", [])


def _in_all_places(notes: Chunk) -> Iterator[Problem]:
    columns = notes.measures.get("ways", {})
    n = sum(columns.get("n", ()))
    if not n:
        return
    on = {way: sum(columns[way]) for way in ("said", *WAYS)}
    if n >= FEW and sum(columns["alike"]) == n:
        message = "x and y are the same in all rows: name the columns of x_px and y_px"
        yield Problem("gaze_on_a_line", message)
    n_off = n - on["said"]
    best = max(WAYS, key=lambda way: on[way])
    share = f"{n_off / n:.0%} of all positions lie off the image"
    if n_off >= max(LEAST_OFF, SHARE_OFF * n) and n - on[best] <= SHARE_LEFT * n:
        yield Problem(
            "gaze_misplaced", f"{share}, and {(n - on[best]) / n:.0%} would if {WAYS[best]}"
        )
    elif n >= MANY_ROWS and on["said"] and n_off > MOST_OFF * n:
        message = f"{share}: check `unit`, `up`, `origin`, the screen's image_area and sizes"
        yield Problem("gaze_misplaced", message)
    yield from _in_corner(notes, n)


def _in_corner(notes: Chunk, n: int) -> Iterator[Problem]:
    """Say that all gaze lies in the upper left corner, as it does in pixels of a smaller image."""
    reach = notes.measures.get("fixations") or notes.measures.get("samples") or {}
    highest = [max(reach.get(f"{axis}_high", ()), default=1.0) for axis in "xy"]
    if n >= MANY_ROWS and all(share < CORNER for share in highest):
        message = (
            f"all gaze lies in the upper left corner, {highest[0]:.0%} by {highest[1]:.0%} of the"
            " image: the positions may be of a smaller picture, of the screen (`unit: screen_px`)"
            " or per cent"
        )
        yield Problem("gaze_in_a_corner", message)


def _twice(notes: Chunk) -> Iterator[tuple[str, str, str]]:
    """Find readings with the same gaze: a file that is found twice, or a column left out."""
    columns: Columns = notes.measures.get("fixations") or notes.measures.get("samples") or {}
    names = ("n", "span_s", "x_extent_px", "y_extent_px", "x_low", "y_high")
    seen: dict[tuple[float, ...], str] = {}
    rows = zip(*(columns.get(name, ()) for name in ("reading_id", *names)), strict=True)
    for reading_id, *measures in rows:
        first = seen.setdefault(tuple(measures), reading_id)
        if first != reading_id and measures[0] >= FEW * 2:
            message = f"readings {first} and {reading_id} have the same gaze: check `file` and"
            yield "gaze_twice", f"{message} reading_id", reading_id
