"""What recorders write that is no gaze: lost eyes, fixations in several rows, other coordinates."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gazescribe.pipeline.ingest.by_manifest.rows import Rows, mean_known
from gazescribe.pipeline.ingest.by_manifest.units import Axes, ViewAxis
from gazescribe.pipeline.ingest.by_manifest.validity import check_valid, stated_valid
from gazescribe.pipeline.ingest.csv_files import Floats, Mask
from gazescribe.pipeline.sources.cells import PlaceCell
from gazescribe.pipeline.sources.faults import Findings

LOST = (
    "hold 0,0, two negative numbers, a place far off the screen or what `missing` names, as lost"
    " eyes are written"
)
UNPLACED = (
    "have a position, but no place on the image, whose size is not known: give width_px and"
    " height_px in `readings`, or image_path, whose file says them"
)
PERCENT = "they may be per cent: set `unit: percent` or `unit: screen_percent`"
FAR = 4.0  # times the screen, or the image: no eye looks there
MISSING = 32767.0  # of 16-bit numbers, where no size is known
NOISE_S = 1e-6  # differences of decimal stamps are off by less


@dataclass(frozen=True)
class Gaze:
    """Where eyes looked, in the units of the file, and which rows are to be believed."""

    x: Floats  # NaN where no eye was found
    y: Floats
    lost: Mask  # no eye was found, by what stands there
    valid: Mask  # the recorder says that it found an eye

    def take(self, rows: NDArray[np.intp]) -> "Gaze":
        """Copy the rows of these numbers."""
        return Gaze(self.x[rows], self.y[rows], self.lost[rows], self.valid[rows])

    def is_there(self) -> Mask:
        """Tell which rows have a position that is not that of a lost eye."""
        there: Mask = ~self.lost & ~np.isnan(self.x + self.y)
        return there


def read_gaze(rows: Rows, columns: Any, view: Axes, findings: Findings) -> Gaze:
    """Read positions: those of one eye, or the mean of the eyes that were found and are valid.

    Where the manifest gives as many `valid` as eyes, each is that of the eye in the same place;
    else one that is valid is enough.
    """
    verdicts = [stated_valid(rows, cell, findings) for cell in columns.valid or ()]
    gaze = find_gaze(rows, columns, view, verdicts)
    if verdicts:
        check_valid(gaze.valid, gaze.is_there(), columns, findings)
    return gaze


def find_gaze(rows: Rows, columns: Any, view: Axes, verdicts: Sequence[Mask]) -> Gaze:
    """Read positions as `read_gaze` does, of rows whose `valid` columns were read."""
    eyes = list(zip(columns.x_px.eyes(), columns.y_px.eyes(), strict=True))
    by_eye = []
    for number, cells in enumerate(eyes):
        x, y = (rows.numbers(cell)[0] for cell in cells)
        lost = _lost(rows, cells, view)
        unseen = lost | np.isnan(x + y)
        if len(verdicts) == len(eyes):
            unseen |= ~verdicts[number]
        by_eye.append((x, y, lost, unseen))
    x, y, lost, _ = by_eye[0]
    if len(eyes) > 1:
        x, y = (
            mean_known([np.where(eye[3], np.nan, eye[axis]) for eye in by_eye]) for axis in (0, 1)
        )
        lost = np.logical_or.reduce([eye[2] for eye in by_eye]) & np.isnan(x)
    valid: Mask = np.ones(len(rows), dtype=bool)
    if verdicts:
        valid = np.logical_or.reduce(verdicts)
    return Gaze(x, y, lost, valid)


def _lost(rows: Rows, cells: tuple[PlaceCell, PlaceCell], view: Axes) -> Mask:
    """Tell which rows have a position that recorders write where they see no eye."""
    lost: Mask = np.zeros(len(rows), dtype=bool)
    values = []
    for cell, axis in zip(cells, view, strict=True):
        numbers, _ = rows.numbers(cell)
        values.append(numbers)
        lost |= (np.abs(numbers) > _farthest(cell, axis)) | rows.is_missing(cell)
    if any(cell.unit == "deg" or cell.origin == "centre" for cell in cells):
        return lost  # 0,0 and negative numbers are places like others
    x, y = values
    lost |= ((x == 0) & (y == 0)) | ((x < 0) & (y < 0))
    return lost


def _farthest(cell: PlaceCell, axis: ViewAxis) -> float:
    if cell.unit == "deg":
        return 90.0
    return float(np.fmin(FAR * axis.whole(cell), MISSING - 1))


def find_repeats(
    values: dict[str, Floats], usable: Mask, places: NDArray[np.integer[Any]], findings: Findings
) -> Mask:
    """Find rows that say a fixation again, as one a sample, or lie within another's time.

    Fixations that overlap by less, as of rounded times, are not among them.
    """
    out = np.zeros(len(usable), dtype=bool)
    onset_s, offset_s = values["onset_s"], values["offset_s"]
    rows = np.flatnonzero(usable)
    rows = rows[np.lexsort((-offset_s[rows], onset_s[rows]))]  # the longest first
    if not (onset_s[rows[1:]] < np.maximum.accumulate(offset_s[rows])[:-1]).any():
        return out
    repeated, inside = out.copy(), out.copy()
    duration_s = offset_s - onset_s
    last = rows[0]
    for row in rows[1:]:
        overlap_s = min(offset_s[last], offset_s[row]) - onset_s[row]
        is_as_long = abs(duration_s[row] - duration_s[last]) < NOISE_S
        is_there = all(values[name][row] == values[name][last] for name in ("x_px", "y_px"))
        if overlap_s > NOISE_S and (is_as_long or is_there):
            repeated[row] = True
        elif overlap_s > NOISE_S + min(duration_s[row], duration_s[last]) / 2:
            inside[row] = True
        elif offset_s[row] > offset_s[last]:
            last = row
    message = "say a fixation again and are left out: name the column of its number as `fixation`"
    code = "fixation_repeated"
    findings.add_rows("loss", code, message, repeated, rows=places, loses="fixations")
    message = (
        "lie within another fixation and are left out: choose one eye with `where`, or name the"
        " column of its number as `fixation`"
    )
    code = "fixation_inside_another"
    findings.add_rows("loss", code, message, inside, rows=places, loses="fixations")
    return repeated | inside


def join_rows(
    values: dict[str, Floats],
    usable: Mask,
    ids: Sequence[str],
    places: NDArray[np.integer[Any]],
    findings: Findings,
    *,
    is_timed: bool,
) -> tuple[dict[str, Floats], NDArray[np.integer[Any]]]:
    """Join the usable rows of each fixation, in time order.

    A fixation starts with its first row and is where its rows are on average. It ends with its last
    row; where rows give a duration (`is_timed`), after the longest of them, for trackers repeat the
    duration in each row. Gives the values and the places in the file of the first rows.
    """
    named = np.array([bool(text) for text in ids], dtype=bool)
    message = "have no number of a fixation"
    bad = usable & ~named
    findings.add_rows("loss", "fixation_no_number", message, bad, rows=places, loses="fixations")
    rows = np.flatnonzero(usable & named)
    rows = rows[np.argsort(values["onset_s"][rows], kind="stable")]
    names = np.array(ids, dtype=np.str_)[rows]
    _, codes = np.unique(names, return_inverse=True)
    n_runs = np.bincount(codes[np.flatnonzero(np.append(True, np.diff(codes) != 0)[: len(codes)])])
    order = np.argsort(codes, kind="stable")
    rows, starts = rows[order], np.searchsorted(codes[order], np.arange(len(n_runs)))
    columns = {name: column[rows] for name, column in values.items()}
    joined = {name: column[starts] for name, column in columns.items()}
    if not len(rows):
        return joined, places[rows]
    n_rows = np.diff(np.append(starts, len(rows)))
    last_onset_s = np.maximum.reduceat(columns["onset_s"], starts)
    if is_timed:
        longest_s = np.maximum.reduceat(columns["offset_s"] - columns["onset_s"], starts)
        joined["offset_s"] = joined["onset_s"] + longest_s
    else:
        joined["offset_s"] = np.maximum.reduceat(columns["offset_s"], starts)
    apart = (n_runs > 1) | (last_onset_s > joined["offset_s"] + NOISE_S)
    for axis in "xy":
        column = columns[f"{axis}_px"]
        low, high = np.minimum.reduceat(column, starts), np.maximum.reduceat(column, starts)
        mean = np.add.reduceat(column, starts) / n_rows
        joined[f"{axis}_px"] = np.clip(mean, low, high)
        apart |= high - low > joined[f"px_per_deg_{axis}"]
    message = (
        "have the number of a fixation that is also elsewhere (more than a degree, or at another"
        " time): `fixation` must number the fixations of a whole reading"
    )
    bad = np.zeros(len(usable), dtype=bool)
    bad[rows[np.repeat(apart, n_rows)]] = True
    findings.add_rows("loss", "fixation_apart", message, bad, rows=places, loses="fixations")
    joined = {name: column[~apart] for name, column in joined.items()}
    return joined, places[rows[starts[~apart]]]


@dataclass(frozen=True)
class OffImage:
    """Why no position may lie on the image."""

    message: str
    is_certain: bool  # even where the positions do


Range = tuple[float, float]  # the lowest and the highest; NaN where no value is known


def ranges_of(rows: Rows, columns: Any) -> list[Range]:
    """Say where all positions are, across and down, as the file has them."""
    ranges = []
    for cell in (columns.x_px, columns.y_px):
        values = rows.numbers(cell)[0]
        low, high = (extreme.reduce(values, initial=np.nan) for extreme in (np.fmin, np.fmax))
        ranges.append((float(low), float(high)))
    return ranges


def off_image_cause(ranges: Sequence[Range], columns: Any, view: Axes) -> OffImage:
    """Say where all positions are, and why they may be off the image."""
    cells: tuple[PlaceCell, PlaceCell] = (columns.x_px, columns.y_px)
    ranges = [(0.0, 0.0) if math.isnan(low) else (low, high) for low, high in ranges]
    wholes = [axis.whole(cell) for cell, axis in zip(cells, view, strict=True)]
    unit = columns.x_px.unit
    lowest, highest = min(low for low, _ in ranges), max(high for _, high in ranges)
    is_percent = lowest >= 0 and 2 < highest <= 100
    is_small = unit.endswith("px") and lowest >= -1 and highest <= 1 and lowest != highest
    if is_small:
        cause = "these are shares: set `unit: share` or `unit: screen_share`"
    elif unit != "deg" and columns.x_px.origin == "corner" and lowest < 0:
        cause = "they may count from the centre: set `origin: centre`, and `up: true` if y grows up"
    elif unit.endswith("share") and is_percent:
        cause = f"{PERCENT}; or pixels: set `unit: px` or `unit: screen_px`"
    elif unit.endswith("share") and highest > 2:
        cause = "these are pixels: set `unit: px` or `unit: screen_px`"
    elif unit.endswith("px") and is_percent:
        cause = f"{PERCENT}; else check `unit` and the screen's `image_area`"
    elif any(high > whole for (_, high), whole in zip(ranges, wholes, strict=True)):
        cause = (
            "they may be of a larger image or screen: check `unit`, the size of the image"
            " (width_px, height_px) and of the screen"
        )
    else:
        cause = "check `unit`, `up`, `origin` and the screen's `image_area`"
    x, y = (f"{low:g} to {high:g}" for low, high in ranges)
    message = f"every position lies off the image (x is {x}, y is {y}, in {unit}): {cause}"
    return OffImage(message, is_small)
