"""What cannot be, noted for a reading, then weighed over all: a manifest is wrong for all of them.

Gaze of a reading that cannot be is left out and counted. Where half of the readings are so, nothing
is written. Where gaze lies on the image only if the manifest said something else, that is named.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any, get_args

import numpy as np

from gazescribe.pipeline.ingest.by_manifest.eyes import MISSING, Gaze
from gazescribe.pipeline.ingest.by_manifest.impossible import FEW, MANY_ROWS, Problem
from gazescribe.pipeline.ingest.by_manifest.own_reading import OwnReading
from gazescribe.pipeline.ingest.by_manifest.units import view_of
from gazescribe.pipeline.ingest.chunks import Chunk
from gazescribe.pipeline.ingest.quality import on_image
from gazescribe.pipeline.ingest.understood import MEASURED, REACH, Columns, Size
from gazescribe.pipeline.sources.cells import PlaceCell
from gazescribe.pipeline.sources.faults import Fault, Findings
from gazescribe.pipeline.sources.table_manifests import OwnManifest

MANIFEST = "the manifest"  # in place of a file
BOXES = ("ellipses", "regions")
EDGES = ("xmin", "ymin", "xmax", "ymax")
MORE = 2.5  # times as many fixations in boxes upside down
LEAST_IN = 30  # fixations in boxes upside down: fewer may be there by chance
LEAST_OFF = 3  # positions off the image that another way of reading must bring back
SHARE_OFF = 0.1  # of all positions, likewise
SHARE_LEFT = 0.02  # that may stay off even so
MOST_OFF = 0.5  # of positions: more is not looking at the image, whatever the cause
LEAST_SPREAD = 0.05  # of the image's area, that gaze covers but for a few strays
WIDEST = 0.8  # of the widest spread: ways that are as good come in the order of `WAYS`
CORNER = 0.42  # of width and height: an image that is read is looked at farther than that
PARTS = ("percent", "screen_percent", "share", "screen_share")  # units of a whole
UNITS = get_args(PlaceCell.model_fields["unit"].annotation)
WAYS = {
    "swapped": "width_px and height_px of the readings were exchanged, or x_px and y_px",
    "up": "y grew the other way: change `up` of y_px",
    "origin": "they counted from elsewhere: change `origin` of x_px and y_px (corner, centre)",
    "origin_up": "they counted from elsewhere: change `origin` of x_px and y_px and `up` of y_px",
    **{unit: f"they were in another unit: set `unit: {unit}` for x_px and y_px" for unit in UNITS},
}

IN_WORDS = ("words_step_back", "word_rate", "words_are_numbers", "words_at_once")
IN_GAZE = (
    "clock_steps_back",
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


def step_between(n_rows: int) -> int:
    """Say which of the rows of a reading `measure_ways` counts: each how manieth."""
    return 1 + n_rows // MEASURED


def measure_ways(
    gaze: Gaze, columns: Any, reading: OwnReading, manifest: OwnManifest, chunk: Chunk
) -> None:
    """Count the positions that are on the image as the manifest says, and if it said otherwise.

    Of many rows those are enough that are `step_between` apart.
    """
    x, y = gaze.x, gaze.y
    known = gaze.valid & np.isfinite(x + y) & ((x != 0) | (y != 0))
    known &= (np.abs(x) < MISSING) & (np.abs(y) < MISSING)
    x, y = x[known], y[known]
    if None in reading.size_px or not len(x):
        return
    counts: dict[str, float] = {}
    for way, x_cell, y_cell, size_px in _ways(columns.x_px, columns.y_px, reading.size_px):
        across, down = view_of(size_px, manifest, None, reading.area_px)
        with np.errstate(all="ignore"):  # of numbers that are no positions
            x_px, y_px = across.to_image(x, x_cell), down.to_image(y, y_cell)
        width_px, height_px = size_px[0] or 0, size_px[1] or 0
        inside = on_image(x_px, y_px, width_px, height_px)
        counts[way] = int(inside.sum())
        spread = [
            float(np.ptp(np.percentile(values[inside], REACH))) / size if inside.any() else 0.0
            for values, size in ((x_px, width_px), (y_px, height_px))
        ]
        counts[f"{way} spread"] = spread[0] * spread[1]
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
    for unit in UNITS:
        in_unit = {"unit": unit}
        yield unit, x.model_copy(update=in_unit), y.model_copy(update=in_unit), size_px


def measure_boxes(reading: OwnReading, chunk: Chunk) -> None:
    """Count the fixations in boxes of the same reading, and if the image were upside down."""
    x_px, y_px = (chunk.last("fixations", reading.reading_id, f"{axis}_px") for axis in "xy")
    if reading.height_px is None or not len(x_px):
        return
    counts = {"as_is": 0, "turned": 0}
    for way, down_px in (("as_is", y_px), ("turned", reading.height_px - 1 - y_px)):
        inside = np.zeros(len(x_px), dtype=bool)
        for table in BOXES:
            edges = [chunk.last(table, reading.reading_id, f"{side}_px") for side in EDGES]
            for left, top, right, bottom in zip(*edges, strict=True):
                inside |= (x_px >= left) & (x_px <= right) & (down_px >= top) & (down_px <= bottom)
        counts[way] = int(inside.sum())
    chunk.measure("boxes", reading_id=reading.reading_id, **counts)


def weigh(notes: Chunk) -> None:
    """Make errors of what half of the readings have, and note what only all of them show."""
    for codes, sorts in ((IN_GAZE, ("fixations", "samples")), (IN_WORDS, ("words",))):
        n_readings = len({key for sort in sorts for key in _ids(notes, sort)})
        for code in codes:
            _weigh_code(code, n_readings, notes.faults)
    for code, message in _in_all_places(notes):
        notes.faults.append(Fault("loss", code, message, MANIFEST, loses="places"))
    for code, message in _upside_down(notes):
        notes.faults.append(Fault("loss", code, message, MANIFEST, loses="places"))
    for item, message in _twice(notes):
        notes.faults.append(Fault("loss", "gaze_twice", message, MANIFEST, item=item, loses="gaze"))


def _weigh_code(code: str, n_readings: int, faults: list[Fault]) -> None:
    """Make one error of the faults of a code, in place, where half of the readings have them."""
    of_code = [fault for fault in faults if fault.code == code]
    n = len({fault.item for fault in of_code})
    if not of_code or 2 * n < n_readings:
        return
    message = of_code[0].message
    if n_readings > 1:
        message += f" (so in {n:,} of {n_readings:,} readings)"
    faults[:] = [fault for fault in faults if fault.code != code]
    faults.append(replace(of_code[0], severity="error", message=message, n=n))


def _ids(notes: Chunk, sort: str) -> list[str]:
    return list(notes.measures.get(sort, {}).get("reading_id", ()))


def _in_all_places(notes: Chunk) -> Iterator[Problem]:
    columns = notes.measures.get("ways", {})
    n = sum(columns.get("n", ()))
    if not n:
        return
    on = {way: sum(columns[way]) for way in ("said", *WAYS)}
    # In a wrong unit all may lie in one place of the image, and so on it.
    spread = {way: float(np.median(columns[f"{way} spread"])) for way in WAYS}
    fitting = [way for way in WAYS if n - on[way] <= SHARE_LEFT * n and spread[way] > LEAST_SPREAD]
    if n >= FEW and sum(columns["alike"]) == n:
        message = "x and y are the same in all rows: name the columns of x_px and y_px"
        yield Problem("gaze_on_a_line", message)
    n_off = n - on["said"]
    share = f"{n_off / n:.0%} of all positions lie off the image"
    if n_off >= max(LEAST_OFF, SHARE_OFF * n) and fitting:
        widest = max(spread[way] for way in fitting)
        best = next(way for way in fitting if spread[way] >= WIDEST * widest)
        message = f"{share}, and {(n - on[best]) / n:.0%} would if {WAYS[best]}"
        yield Problem("gaze_misplaced", message)
    elif n >= MANY_ROWS and on["said"] and n_off > MOST_OFF * n:
        message = f"{share}: check `unit`, `up`, `origin`, the screen's image_area and sizes"
        yield Problem("gaze_misplaced", message)
    else:
        smaller = 2 * float(np.median(columns["said spread"]))
        units = [way for way in PARTS if way in fitting and spread[way] > smaller]
        yield from _in_corner(notes, n, units)


def _in_corner(notes: Chunk, n: int, units: list[str]) -> Iterator[Problem]:
    """Say that all gaze lies in the upper left corner, as it does in pixels of a smaller image.

    `units` are those in which it would lie on more of the image.
    """
    reach = notes.measures.get("fixations") or notes.measures.get("samples") or {}
    highest = [float(np.fmax.reduce(reach.get(f"{axis}_high", ()), initial=0.0)) for axis in "xy"]
    if reach and n >= MANY_ROWS and all(share < CORNER for share in highest):
        cause = "of a smaller picture, or of the screen (`unit: screen_px`)"
        if units:
            named = " or ".join(f"`unit: {unit}`" for unit in units)
            cause = f"{'per cent' if 'percent' in units[0] else 'shares'}: set {named}"
        message = (
            f"all gaze lies in the upper left corner, {highest[0]:.0%} by {highest[1]:.0%} of the"
            f" image: the positions may be {cause}"
        )
        yield Problem("gaze_in_a_corner", message)


def _upside_down(notes: Chunk) -> Iterator[Problem]:
    """Say that readers looked where they drew boxes only if y of the gaze is turned."""
    columns = notes.measures.get("boxes", {})
    n_in, n_turned = (sum(columns.get(way, ())) for way in ("as_is", "turned"))
    if n_turned >= LEAST_IN and n_turned > MORE * n_in:
        message = (
            f"{n_in:,} fixations lie in boxes of the same reading, and {n_turned:,} would if y grew"
            " the other way: change `up` of y_px"
        )
        yield Problem("gaze_upside_down", message)


def _twice(notes: Chunk) -> Iterator[tuple[str, str]]:
    """Find readings with the gaze of another: a file found twice, or a column left out."""
    columns: Columns = notes.measures.get("fixations") or notes.measures.get("samples") or {}
    names = ("n", "span_s", "x_extent_px", "y_extent_px", "x_low", "y_high")
    seen: dict[tuple[float, ...], str] = {}
    rows = zip(*(columns.get(name, ()) for name in ("reading_id", *names)), strict=True)
    for reading_id, *measures in rows:
        first = seen.setdefault(tuple(measures), reading_id)
        if first != reading_id and measures[0] >= FEW * 2:
            both = f"readings {first} and {reading_id} have the same gaze"
            yield reading_id, f"{both}: check `file` and reading_id"
