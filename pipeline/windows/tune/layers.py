"""The maps of one reading under many rules, each drawn once and counted by level.

Counts of pixels by level give the IoU at all thresholds (`pipeline.geometry.iou`).
Source: `spec/mil.md` sections 2.2, 2.3 and 3.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gazescribe.pipeline.geometry.canvas import Canvas, FloatMap, Size
from gazescribe.pipeline.geometry.gaussians import Peaks, as_slice, draw
from gazescribe.pipeline.geometry.iou import ALL_THRESHOLDS, Counts
from gazescribe.pipeline.windows.tune.cases import Case

N_LEVELS = len(ALL_THRESHOLDS)
STEPS = 65535  # the published code stores maps as 16-bit numbers (`spec/mil.md` 2.2)

Mask = NDArray[np.bool_]
Levels = NDArray[np.uint16]
Numbers = NDArray[np.unsignedinteger[Any]]
Unit = tuple[int, float, float]  # row of the weights, contrast, divisor of the storage


def to_levels(values: FloatMap) -> Levels:
    """Sort the values of a map, 0 to 1, into levels.

    A value counts as above a threshold from one step of the published 16-bit storage on, so that
    the far tails of Gaussians do not decide on the IoU at threshold 0.
    """
    scaled = values * np.float32(N_LEVELS - 1)
    scaled += np.float32(1 - (N_LEVELS - 1) / STEPS)
    return _no_higher(scaled.astype(np.uint16))


def stored_levels(values: FloatMap, highest: float) -> Levels:
    """Sort the values of a map into levels as they come back from the published storage."""
    stored = np.floor(values.astype(float) / highest * STEPS)
    read = (stored / STEPS * highest).astype(np.float32)
    return _no_higher(np.ceil(read * np.float32(N_LEVELS - 1)).astype(np.uint16))


def _no_higher(levels: Levels) -> Levels:
    """Put values above 1 into the last level: between pixels a map is higher than on them."""
    if levels.max(initial=0) >= N_LEVELS:
        np.minimum(levels, N_LEVELS - 1, out=levels)
    return levels


def count_levels(levels: Levels, regions: Numbers | int = 0, n_regions: int = 1) -> Counts:
    """Count the pixels of each level but 0 in each region, shape (n_regions, N_LEVELS).

    `regions` is N_LEVELS times the number of each pixel's region, counted from 0. Level 0 is above
    no threshold; what stands there means nothing.
    """
    codes = (levels + regions).ravel()
    counts = np.zeros(n_regions * N_LEVELS, np.int64)
    # Half of the pixels are 0 or 1, faint and outside of all masks: quicker counted by themselves.
    counts[1] = np.count_nonzero(codes == 1)
    # `bincount` would first look for the least and the largest number.
    np.add.at(counts, codes[codes > 1].astype(np.intp), 1)
    return counts.reshape(n_regions, N_LEVELS)


@dataclass(frozen=True)
class Drawing:
    """How maps and ellipses are drawn; `published` also goes through the 16-bit storage."""

    size: Size
    resize: str
    amplitude: str


@dataclass(frozen=True)
class Regions:
    """The parts into which masks cut the model frame."""

    offsets: Numbers  # shape of the frame: N_LEVELS times the number of each pixel's part
    within: NDArray[
        np.float64
    ]  # (1 + masks, parts): 1 for the parts in the frame, and in each mask

    @classmethod
    def of(cls, masks: Sequence[Mask]) -> "Regions":
        """Cut a frame by masks of its size; at most 16."""
        codes = np.zeros(masks[0].shape, np.uint16)
        for bit, mask in enumerate(masks):
            codes |= mask.astype(np.uint16) << np.uint16(bit)
        codes_used = np.flatnonzero(np.bincount(codes.ravel()))
        # The smallest type that holds them: small numbers are counted faster.
        smallest = np.min_scalar_type(len(codes_used) * N_LEVELS)
        numbers = np.zeros(codes_used[-1] + 1, smallest)
        numbers[codes_used] = np.arange(len(codes_used)) * N_LEVELS
        inside = codes_used >> np.arange(len(masks))[:, None] & 1
        return cls(numbers[codes], np.vstack([np.ones(len(codes_used)), inside]))


@dataclass(frozen=True)
class Layer:
    """A map by level, cut to the part that is not empty."""

    y: slice
    x: slice
    levels: Levels


NOTHING = Layer(slice(0, 0), slice(0, 0), np.zeros((0, 0), np.uint16))


class Layers:
    """The maps that one reading's Gaussians make with several weightings, each drawn once.

    `weights`, shape (n, fixations), are the seconds that each fixation counts; a unit names a row.
    `regions` are the parts of the model frame to count apart.
    """

    def __init__(
        self, case: Case, drawing: Drawing, weights: NDArray[np.float64], regions: Regions
    ) -> None:
        way = {"amplitude": drawing.amplitude, "resize": drawing.resize}
        canvas = Canvas(case.gaussians, case.image_size, drawing.size, **way)
        self._rows, self._columns = canvas.rows, canvas.columns
        self._tallest = self._rows.max(axis=1), self._columns.max(axis=1)
        self._peaks = Peaks(canvas.full_rows, canvas.full_columns)
        self._weights = weights
        self._stored = drawing.resize == "published"
        self._duration_s = case.gaussians["offset_s"] - case.gaussians["onset_s"]
        self._maxima: dict[int, float] = {}
        self._layers: dict[Unit, Layer | None] = {}
        self._regions = regions
        self._counts: dict[tuple[Unit, ...], Counts] = {}

    def units(self, drawn: NDArray[np.intp], contrast: float) -> list[Unit]:
        """Name the map of each sentence under one rule: its weights, contrast, and divisor.

        The published code divides all maps of a reading by their common maximum before it stores
        them; the direct way stores nothing, and its divisor is 0.
        """
        divisor = max(self._highest(number) for number in drawn.tolist()) if self._stored else 0.0
        return [(number, contrast, divisor) for number in drawn.tolist()]

    def _highest(self, number: int) -> float:
        if number not in self._maxima:
            *_, values = self._normalised(self._weights[number])
            self._maxima[number] = float(values.max(initial=0))
        return self._maxima[number]

    def counts(self, key: tuple[Unit, ...]) -> Counts:
        """Count the pixels of a label's map, the maximum of some units: (1 + masks, N_LEVELS).

        Only those of the part of the map that is not empty; all of them, then those in each mask.
        """
        if key not in self._counts:
            joined = self._join(key)
            within = self._regions.within
            regions = self._regions.offsets[joined.y, joined.x]
            # As floats the product is faster, and exact: all numbers are whole.
            counts = within @ count_levels(joined.levels, regions, within.shape[1])
            self._counts[key] = counts.astype(np.int64)
        return self._counts[key]

    def _join(self, key: tuple[Unit, ...]) -> Layer:
        layers = [layer for unit in key if (layer := self._layer(unit))]
        if not layers:
            return NOTHING
        if len(layers) == 1:
            return layers[0]
        y, x = (
            slice(min(cut.start for cut in cuts), max(cut.stop for cut in cuts))
            for cuts in ([layer.y for layer in layers], [layer.x for layer in layers])
        )
        levels = np.zeros((y.stop - y.start, x.stop - x.start), np.uint16)
        for layer in layers:
            at_y = slice(layer.y.start - y.start, layer.y.stop - y.start)
            at_x = slice(layer.x.start - x.start, layer.x.stop - x.start)
            np.maximum(levels[at_y, at_x], layer.levels, out=levels[at_y, at_x])
        return Layer(y, x, levels)

    def _layer(self, unit: Unit) -> Layer | None:
        if unit not in self._layers:
            number, contrast, divisor = unit
            y, x, values = self._normalised(self._weights[number])
            if contrast:
                values = self._contrasted(y, x, values, contrast)
            levels = stored_levels(values, divisor) if self._stored else to_levels(values)
            self._layers[unit] = Layer(y, x, levels) if values.size else None
        return self._layers[unit]

    def _contrasted(self, y: slice, x: slice, values: FloatMap, contrast: float) -> FloatMap:
        """Take the map of all gaze away, and divide what is left by its maximum here."""
        difference = np.maximum(values - np.float32(contrast) * self._all_gaze[y, x], 0)
        highest = difference.max(initial=0)
        return difference / highest if highest > 0 else difference

    @cached_property
    def _all_gaze(self) -> FloatMap:
        whole = np.zeros((self._rows.shape[1], self._columns.shape[1]), np.float32)
        y, x, values = self._normalised(self._duration_s)
        whole[y, x] = values
        return whole

    def _normalised(self, weight_s: NDArray[np.float64]) -> tuple[slice, slice, FloatMap]:
        """Draw a map divided by its full-size maximum, where it is not faint."""
        highest = self._peaks.of(weight_s)
        if highest == 0:
            return slice(0, 0), slice(0, 0), np.zeros((0, 0), np.float32)
        run = as_slice(np.flatnonzero(weight_s))
        weight = (weight_s[run] / highest).astype(np.float32)
        rows, columns = self._rows[run], self._columns[run]
        by_row, by_column = (tallest[run] for tallest in self._tallest)
        y = _reach((weight * by_column) @ rows)
        x = _reach((weight * by_row) @ columns)
        return y, x, draw(rows[:, y], columns[:, x], weight)


def _reach(bound: NDArray[np.float32]) -> slice:
    """Cut where no value comes near one step of the published storage."""
    reached = np.flatnonzero(bound > 0.5 / STEPS)
    return slice(int(reached[0]), int(reached[-1]) + 1) if len(reached) else slice(0, 0)
