"""What no eye, tracker or voice can have done: most likely the manifest says it wrongly.

Bounds are wide: they tell one unit from another, never good from bad recordings. Each fault names
the likely cause and the key to change.
Source: Rayner, Psychological Bulletin 124, 1998 (fixations of 50 to 500 ms and seldom longer,
saccades of 20 ms and more); Holmqvist et al., Eye Tracking, 2011 (trackers of 25 to 2,000 Hz, eyes
40 to 100 cm away); Goldman-Eisler, Psycholinguistics, 1968 (2 to 6 words a second).
"""

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gazescribe.pipeline.core.console import plural
from gazescribe.pipeline.ingest.by_manifest.units import SECONDS
from gazescribe.pipeline.ingest.csv_files import Floats
from gazescribe.pipeline.ingest.understood import Measures
from gazescribe.pipeline.sources.cells import TimeCell
from gazescribe.pipeline.sources.table_manifests import OwnManifest

FIXATION_S = (0.02, 10.0)  # median of a reading; 20 ms is one sample of many a tracker
USUAL_S = (0.05, 2.0)  # where a median should be: it tells which unit is meant
ALIKE = 1.5  # longest by shortest: fixations differ by more, samples do not
FIXATIONS_PER_S = 14.0  # a fixation of 50 ms and a saccade of 20 ms
SHARE_OF_TIME = 0.02  # in fixations, or in words: the rest is begin and duration in two units
READING_S = 4 * 3600.0  # nobody looks at one image for so long
DAY_S, HOUR_S = 86_400.0, 3600.0
PAUSE_S = 60.0  # between rows, or between readings of an hour that stand one behind the other
SAMPLING_HZ = (5.0, 20_000.0)
AT_ONCE = 0.3  # share of samples; recorders repeat a few times, two eyes in rows repeat half
APART = 20.0  # sampling rate by the one that is stated, or the other way round
WORDS_PER_S = (0.02, 30.0)  # in the time of words: segments may hold pauses
IMAGE_DEG = (2.0, 150.0)  # width of the image
ASPECT = 2.0  # pixels a degree across by those down, or the other way round
PX_PER_DEG = 400.0  # radiographs of 4,000 pixels on 10°; eyes tell 60 a degree apart
DISTANCE_MM = (150.0, 3000.0)
PIXEL_MM = (0.04, 5.0)  # from telephones to projectors
SQUARE = 1.3  # width of a pixel by its height, or the other way round
FEW = 5  # fewer fixations, or words, may be anything
MANY_ROWS = 20
POINT_PX = 2.0  # all of gaze within so much is no gaze,
STILL_S = 2.0  # where it lasts so long
EDGE = 0.005  # of the image: its first pixel


class Problem(NamedTuple):
    """What cannot be, and why it may be so."""

    code: str
    message: str


def in_clock(
    time_s: Floats, places: NDArray[np.integer[Any]], name: str, code: str = "clock_steps_back"
) -> Iterator[Problem]:
    """Say where a clock begins anew, at midnight or at the end of summer time.

    Times are as the file has them, of one reading, NaN where unknown; `places` are those of the
    rows in it. Rows in any order step back more than once.
    """
    back = np.flatnonzero(time_s[1:] < time_s[:-1]) + 1
    if len(back) != 1:
        return
    (row,) = back.tolist()
    step_s = float(time_s[row - 1] - time_s[row])
    remedy = f"write {name} with date and offset (2024-10-27 02:30:00+02:00), or in seconds"
    where = f"in row {int(places[row]) + 1} of the file"
    if DAY_S - READING_S < step_s <= DAY_S:
        yield Problem(code, f"the clock passes midnight {where}: {remedy}")
    elif abs(step_s - HOUR_S) < PAUSE_S < abs(time_s[row] - time_s[0]):
        message = f"the clock steps back by an hour {where}, as at the end of summer time"
        yield Problem(code, f"{message}: {remedy}")


def in_fixations(measures: Measures, columns: Any) -> Iterator[Problem]:
    """Say what cannot be in the fixations of a reading; `columns` are those of the manifest."""
    cell = columns.duration_s or columns.offset_s
    if cell.names():  # else all have the duration that the manifest gives them
        yield from _in_durations(measures, cell, columns)
    if measures["span_s"] > READING_S:
        cause = _cause(measures["span_s"], columns.onset_s.unit, "onset_s", (1.0, READING_S / 4))
        message = f"the reading lasts {measures['span_s']:,.0f} s: {cause}"
        yield Problem("reading_duration", message)
    elif measures["n"] >= FEW and measures["share_of_time"] < SHARE_OF_TIME and cell.names():
        message = (
            f"fixations fill {measures['share_of_time']:.2%} of {measures['span_s']:,.0f} s:"
            " correct the `unit` of onset_s, or of the duration"
        )
        yield Problem("fixations_too_few", message)
    if measures["n"] >= FEW:
        yield from _in_places(measures, columns)
    yield from _in_degrees(measures)


def in_samples(measures: Measures, columns: Any, stated_hz: float | None) -> Iterator[Problem]:
    """Say what cannot be in the samples of a reading; `stated_hz` is the screen's."""
    found_hz = measures["sampling_hz"]
    is_off = not SAMPLING_HZ[0] <= found_hz <= SAMPLING_HZ[1]
    if measures["n"] >= FEW and not math.isnan(found_hz) and is_off:
        cause = _cause(measures["step_s"], columns.time_s.unit, "time_s", (1 / 2000, 1 / 25))
        yield Problem("sampling_rate", f"there are {found_hz:.3g} samples a second: {cause}")
    elif stated_hz and measures["n"] >= MANY_ROWS and not 1 / APART < found_hz / stated_hz < APART:
        message = (
            f"there are {found_hz:.3g} samples a second, and screen.sampling_hz says {stated_hz:g}:"
            " correct the `unit` of time_s, or sampling_hz"
        )
        yield Problem("sampling_rate", message)
    if measures["n"] >= MANY_ROWS and measures["share_at_once"] > AT_ONCE:
        message = (
            f"{measures['share_at_once']:.0%} of the samples are at the time of the one before:"
            " choose one eye with `where`, or name the column of the time as time_s"
        )
        yield Problem("samples_at_once", message)
    if measures["span_s"] > READING_S:
        message = f"the samples of the reading last {measures['span_s']:,.0f} s"
        cause = _cause(measures["span_s"], columns.time_s.unit, "time_s", (1.0, READING_S / 4))
        yield Problem("reading_duration", f"{message}: {cause}")
    if measures["n"] >= MANY_ROWS and measures["span_s"] > STILL_S:
        yield from _in_places(measures, columns)
    yield from _in_degrees(measures)


def in_words(measures: Measures, columns: Any) -> Iterator[Problem]:
    """Say what cannot be in the words of a reading."""
    n, per_s = int(measures["n"]), measures["per_s"]
    if n >= FEW and not math.isnan(per_s) and not WORDS_PER_S[0] <= per_s <= WORDS_PER_S[1]:
        cause = _cause(measures["word_s"], columns.onset_s.unit, "onset_s and the end", (0.1, 2.0))
        yield Problem("word_rate", f"{per_s:.3g} words are said in a second: {cause}")
    elif n >= FEW and measures["share_of_time"] < SHARE_OF_TIME and not math.isnan(per_s):
        message = (
            f"words fill {measures['share_of_time']:.2%} of {measures['span_s']:,.0f} s: correct"
            " the `unit` of onset_s, or of the duration"
        )
        yield Problem("word_rate", message)
    if n >= FEW and measures["share_numbers"] > 0.9:
        message = f"{plural(n, 'word')} are numbers: name the column of the words as `text`"
        yield Problem("words_are_numbers", message)
    if n >= FEW and measures["n_times"] == 1:
        message = "all words begin at the same time: name the column of their begin as `onset_s`"
        yield Problem("words_at_once", message)


def in_screen(manifest: OwnManifest) -> Iterator[Problem]:
    """Say what cannot be in the measures of a screen, where they say how large a degree is."""
    screen, resolution = manifest.screen, manifest.resolution
    fixations = manifest.tables.fixations
    if screen is None or resolution.px_per_deg or resolution.image_width_deg:
        return
    if fixations is not None and fixations.columns.px_per_deg_x is not None:
        return
    low_mm, high_mm = DISTANCE_MM
    distance_mm = screen.distance_mm
    if distance_mm and not low_mm <= distance_mm <= high_mm:
        unit = "cm" if low_mm <= distance_mm * 10 <= high_mm else "another unit"
        message = f"screen.distance_mm is {distance_mm:g}: is it in {unit}? Give millimetres"
        yield Problem("screen_distance", message)
    if not screen.width_mm:
        return
    across_mm = screen.width_mm / screen.width_px
    if not PIXEL_MM[0] <= across_mm <= PIXEL_MM[1]:
        message = f"a pixel of the screen is {across_mm:.2g} mm wide: give screen.width_mm in mm"
        yield Problem("screen_size", message)
    if screen.height_mm:
        ratio = across_mm / (screen.height_mm / screen.height_px)
        if not 1 / SQUARE <= ratio <= SQUARE:
            message = (
                f"pixels of the screen are {ratio:.2g} times as wide as high: width and height of"
                " the screen, in px or in mm, may be swapped"
            )
            yield Problem("screen_size", message)


def _in_durations(measures: Measures, cell: TimeCell, columns: Any) -> Iterator[Problem]:
    median_s, n = measures["median_s"], int(measures["n"])
    name = "duration_s" if columns.duration_s is not None else "onset_s and offset_s"
    is_alike = measures["longest_s"] < ALIKE * measures["shortest_s"]
    is_in_other_unit = _meant(median_s, cell.unit, USUAL_S) is not None and not is_alike
    if n >= FEW and measures["per_s"] > FIXATIONS_PER_S and not is_in_other_unit:
        message = (
            f"there are {measures['per_s']:.0f} fixations a second: each sample became one. Name"
            " the column that numbers fixations as `fixation`, or map these rows as `samples`"
        )
        yield Problem("fixations_too_many", message)
    elif median_s > FIXATION_S[1] or (median_s < FIXATION_S[0] and n >= FEW) or median_s < 1e-3:
        cause = _cause(median_s, cell.unit, name, USUAL_S)
        yield Problem("fixation_duration", f"fixations last {median_s:.4g} s (median): {cause}")


def _in_places(measures: Measures, columns: Any) -> Iterator[Problem]:
    extents = {axis: measures[f"{axis}_extent_px"] for axis in "xy"}
    still = [axis for axis, extent in extents.items() if extent <= POINT_PX]
    if len(still) == 2:
        unit = columns.x_px.unit
        cause = "these may be shares: set `unit: share` or `unit: screen_share`"
        if not unit.endswith("px"):
            cause = f"check `unit: {unit}` and the columns of x_px and y_px"
        message = f"all gaze lies within {max(extents.values()):.2g} pixels: {cause}"
        yield Problem("gaze_in_one_place", message)
    for axis in still:
        if extents[axis] == 0 and measures[f"{axis}_low"] < EDGE and len(still) == 1:
            name = f"{axis}_px"
            message = f"{name} is 0 in all rows: name the column of {name}"
            yield Problem("gaze_on_a_line", message)


def _in_degrees(measures: Measures) -> Iterator[Problem]:
    remedy = (
        "check screen.distance_mm and width_mm (millimetres), image_area, resolution or the columns"
        " px_per_deg_x and px_per_deg_y (image pixels a degree)"
    )
    wide_deg = measures["image_width_deg"]
    is_no_size = not math.isnan(wide_deg) and not IMAGE_DEG[0] <= wide_deg <= IMAGE_DEG[1]
    if is_no_size or measures["px_per_deg_x"] > PX_PER_DEG:
        message = f"a degree covers {measures['px_per_deg_x']:.3g} pixels of the image"
        if not math.isnan(wide_deg):
            message += f", which is {wide_deg:.3g}° wide"
        yield Problem("resolution", f"{message}: {remedy}")
    ratio = measures["px_per_deg_x"] / measures["px_per_deg_y"]
    if not math.isnan(ratio) and not 1 / ASPECT <= ratio <= ASPECT:
        message = f"a degree covers {ratio:.2g} times as many pixels across as down: {remedy}"
        yield Problem("resolution", message)


def _meant(value_s: float, stated: str, usual_s: tuple[float, float]) -> str | None:
    """Give the unit that would make a time a usual one; None where none does."""
    for unit, in_one_s in SECONDS.items():
        if unit != stated and usual_s[0] <= value_s * SECONDS[stated] / in_one_s <= usual_s[1]:
            return unit
    return None


def _cause(value_s: float, stated: str, name: str, usual_s: tuple[float, float]) -> str:
    unit = _meant(value_s, stated, usual_s)
    if unit is None:
        return f"check the column and the `unit` ({stated}) of {name}"
    return f"they may be in {unit}, so set `unit: {unit}` for {name}"
