"""Draw Gaussians and ellipses that are placed on a picture: by numpy, or by torch on a device.

A row of numbers says all of a Gaussian or an ellipse that there is to draw (`geometry.moving`).
Where Gaussians are round, or the picture is not turned, each is a product of two profiles; else it
is one times exp(-ρxy), x and y in standard deviations, whose power series is a short sum of
products: a map stays one matrix product. Clipping rectangles turn as well and are no products then:
what is near the edge of its rectangle is drawn by rectangle, times that.
"""

import math
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gazescribe.pipeline.core.shards import SMALLEST
from gazescribe.pipeline.geometry.gaussians import REACH

Rows = NDArray[np.float64]
Array = Any
"""Of numpy, or a tensor of torch: formulas are the same of both."""

GAUSSIAN_COLUMNS = (
    *("map", "window", "clip"),
    *("x", "y", "steep_x", "steep_y", "rho", "weight"),
    *("half_x", "half_y", "offset_x", "offset_y", "xx", "xy", "yx", "yy", "side"),
)
"""Which map and window a Gaussian belongs to, the rectangle that cuts it or -1; its centre, in
pixels of the picture, how steep it is, ρ and weight; and the rectangle's edges."""
ELLIPSE_COLUMNS = (
    *("map", "x", "y", "radius_x", "radius_y"),
    *("xx", "xy", "yx", "yy", "start_x", "start_y"),
    *("pad_x", "pad_y", "scale", "image_width", "image_height"),
)
"""Which map an ellipse belongs to; the ellipse in the image; which pixel of its frame each of the
picture shows; and how the image lies in the frame."""
MAP, WINDOW, CLIP, X, Y, STEEP_X, STEEP_Y, RHO, WEIGHT, HALF = range(10)
DRAWN = slice(X, HALF)
"""Columns of Gaussians that are needed on the device."""

LEFT_OUT = 2e-5
"""Of a Gaussian's height, at most: what of the series is left out; float16 rounds by 2.4e-4."""
LONG = 0.8
"""Of |ρ|: where more than 40 terms would be needed; three times as long as wide."""


@dataclass(frozen=True)
class Picture:
    """Pixels to draw on.

    Attributes
    ----------
    xp : module
        numpy or torch.
    x, y : array of float64, shapes (width,) and (height,)
        0, 1, 2 … , on the device to draw on.
    """

    xp: Any
    x: Array
    y: Array

    @classmethod
    def of(cls, size: tuple[int, int], xp: Any = np, **place: Any) -> "Picture":
        """Make one of this (height, width); `place` is the device, as `arange` takes it."""
        y, x = (xp.arange(side, dtype=xp.float64, **place) for side in size)
        return cls(xp, x, y)

    def zeros(self, n: int, kind: Any) -> Array:
        """Give n empty maps of this type."""
        shape = (n, len(self.y), len(self.x))
        return self.xp.zeros(shape, dtype=kind, device=self.x.device)


def draw_maps(rows: Rows, n_maps: int, picture: Picture, on: Array | None = None) -> Array:
    """Draw the maps of one item: windows are summed, and joined by their maximum.

    Parameters
    ----------
    rows : ndarray of float64, shape (n, columns)
        By `GAUSSIAN_COLUMNS`; those of a map follow each other, and so do those of a window.
    n_maps : int
        How many there are, numbered from 0; those without a row are blank.
    picture : Picture
        Where to draw.
    on : array of float64, shape (n, 6), optional
        Columns `DRAWN` of the rows on the picture's device, where that has no numpy.

    Returns
    -------
    array of float16, shape (n_maps, height, width)
        As a shard holds them.
    """
    xp, maps = picture.xp, picture.zeros(n_maps, picture.xp.float16)
    gaussians = PlacedGaussians(rows, picture, on)
    sums: dict[float, Array] = {}
    joined: dict[tuple[float, ...], Array] = {}
    for of_map in _runs(rows[:, MAP]):
        parts = _runs(rows[of_map, WINDOW], of_map.start)
        windows = tuple(rows[part.start, WINDOW] for part in parts)
        if windows not in joined:  # labels of the same sentences share their map
            for window, part in zip(windows, parts, strict=True):
                if window not in sums:
                    sums[window] = gaussians.sum(part)
            values = reduce(xp.maximum, [sums[window] for window in windows])
            joined[windows] = xp.asarray(values * (values >= float(SMALLEST)), dtype=xp.float16)
        maps[int(rows[of_map.start, MAP])] = joined[windows]
    return maps


def _runs(values: NDArray[Any], begin: int = 0) -> list[slice]:
    """Find where equal values follow each other; places count from `begin`."""
    cuts = (np.flatnonzero(np.diff(values)) + 1).tolist()
    ends = [*cuts, len(values)] if len(values) else []
    return [slice(begin + a, begin + b) for a, b in zip([0, *cuts], ends, strict=False)]


class PlacedGaussians:
    """Gaussians of one item on their picture; arguments are those of `draw_maps`."""

    def __init__(self, rows: Rows, picture: Picture, on: Array | None = None) -> None:
        self._rows = rows
        self._on = rows[:, DRAWN] if on is None else on
        self._picture = picture
        rho = np.abs(rows[:, RHO])
        self._is_long = rho > LONG
        self._n_terms = n_terms(float(rho[~self._is_long].max(initial=0)))
        self._masks: dict[float, Array] = {}

    def sum(self, part: slice) -> Array:
        """Sum some of them, (height, width) in float32."""
        total = self._picture.zeros(1, self._picture.xp.float32)[0]
        for group in _runs(self._rows[part, CLIP], part.start):
            drawn, clip = self._sum(group), self._rows[group.start, CLIP]
            total += drawn if clip < 0 else drawn * self._mask(clip, group.start)
        return total

    def _mask(self, clip: float, row: int) -> Array:
        if clip not in self._masks:
            self._masks[clip] = coverage(self._rows[row], self._picture)
        return self._masks[clip]

    def _sum(self, group: slice) -> Array:
        """Sum Gaussians of one rectangle, uncut."""
        xp, is_long = self._picture.xp, self._is_long[group]
        if not is_long.any():
            return self._products(self._on[group])
        where = np.flatnonzero(is_long) + group.start
        short = np.flatnonzero(~is_long) + group.start
        total = self._products(self._on[short])
        for row in where.tolist():
            x, y = (z[0] for z in self._along(self._on[row : row + 1]))
            rho, weight = (self._on[row, column - X] for column in (RHO, WEIGHT))
            weight = xp.asarray(weight, dtype=xp.float32)
            total += weight * xp.exp(-(x * x + y[:, None] ** 2) / 2 - rho * x * y[:, None])
        return total

    def _along(self, on: Array) -> tuple[Array, Array]:
        """Give x and y of all columns and rows of pixels, in standard deviations."""
        x, y = (
            (pixels - on[:, [place - X]]) * on[:, [steep - X]]
            for pixels, place, steep in (
                (self._picture.x, X, STEEP_X),
                (self._picture.y, Y, STEEP_Y),
            )
        )
        return x, y

    def _products(self, on: Array) -> Array:
        """Sum Gaussians as one product of matrices, with a row for each term of each of them."""
        xp = self._picture.xp
        x, y = (xp.asarray(z, dtype=xp.float32) for z in self._along(on))
        rho, weight = on[:, [RHO - X]], xp.asarray(on[:, [WEIGHT - X]], dtype=xp.float32)
        reach = REACH / xp.sqrt(1 - rho**2)
        rows, columns = ([xp.exp(-0.5 * z * z) * (xp.abs(z) <= reach)] for z in (y, x))
        sign = -xp.asarray(xp.sign(rho), dtype=xp.float32)
        for k in range(1, self._n_terms):
            # Of each a root: none overflows.
            factor = xp.asarray(xp.sqrt(xp.abs(rho) / k), dtype=xp.float32)
            rows.append(rows[-1] * y * (sign * factor))
            columns.append(columns[-1] * x * factor)
        weighted = (xp.stack(rows) * weight).reshape(-1, y.shape[1])
        return xp.matmul(weighted.T, xp.stack(columns).reshape(-1, x.shape[1]))


def n_terms(rho: float) -> int:
    """Count the terms of the series that are needed where |ρ| is at most this, below 1.

    Those from k on are at most ρ^k / √(2πk) / (1 - ρ), with what is before them.
    """
    k = 1
    while rho**k / math.sqrt(2 * math.pi * k) / (1 - rho) > LEFT_OUT:
        k += 1
    return k


def coverage(row: Rows, picture: Picture) -> Array:
    """Find the part of each pixel that lies inside a Gaussian's rectangle, (height, width).

    Edges are ramps, as wide as a pixel of the picture, across the edge, however it is turned.
    """
    xp = picture.xp
    half_x, half_y, offset_x, offset_y, *turn, side = row[HALF:].tolist()
    parts = []
    for half, offset, along in ((half_x, offset_x, turn[:2]), (half_y, offset_y, turn[2:])):
        # In pixels of the picture, from the middle of the rectangle.
        of_x = xp.asarray((offset + along[0] * picture.x) / side, dtype=xp.float32)
        of_y = xp.asarray(along[1] * picture.y / side, dtype=xp.float32)
        part = of_y[:, None] + of_x
        xp.abs(part, out=part)
        xp.subtract(xp.asarray(half + 0.5, dtype=xp.float32), part, out=part)
        parts.append(xp.clip(part, 0, min(1, 2 * half), out=part))
    return xp.multiply(*parts, out=parts[0])


def draw_masks(rows: Rows, n_maps: int, picture: Picture) -> Array:
    """Draw the masks of one item: 1 where the centre of a pixel lies strictly inside an ellipse.

    Parameters
    ----------
    rows : ndarray of float64, shape (n, columns)
        By `ELLIPSE_COLUMNS`; those of one map are joined.
    n_maps, picture
        As in `draw_maps`.

    Returns
    -------
    array of float16, shape (n_maps, height, width)
        Nothing is drawn outside the image, wherever the picture shows its edge.
    """
    masks = picture.zeros(n_maps, picture.xp.bool)
    for row in rows:
        x, y = _box_of(row, (len(picture.x), len(picture.y)))
        number, *ellipse = row.tolist()
        masks[int(number), y, x] |= _inside(ellipse, picture.x[x], picture.y[y][:, None])
    return picture.xp.asarray(masks, dtype=picture.xp.float16)


def _inside(ellipse: list[float], x: Array, y: Array) -> Array:
    middle_x, middle_y, radius_x, radius_y, xx, xy, yx, yy, *rest = ellipse
    start_x, start_y, pad_x, pad_y, scale, width, height = rest
    # As `Letterbox.centres_px` and `ellipse_mask` do it, to the last bit.
    image_x = (start_x + xx * x + xy * y - pad_x + 0.5) / scale - 0.5
    image_y = (start_y + yx * x + yy * y - pad_y + 0.5) / scale - 0.5
    from_x, from_y = (image_x - middle_x) / radius_x, (image_y - middle_y) / radius_y
    shown = (image_x >= -0.5) & (image_x < width - 0.5)
    shown &= (image_y >= -0.5) & (image_y < height - 0.5)
    return shown & (from_y * from_y + from_x * from_x < 1)


def _box_of(row: Rows, size: tuple[int, int]) -> list[slice]:
    """Find the columns and rows of pixels outside of which a picture shows none of an ellipse."""
    middle, radii, turn, start, pads = row[1:3], row[3:5], row[5:9], row[9:11], row[11:13]
    scale = row[13]
    to_pixels = np.linalg.inv(turn.reshape(2, 2))
    centre = to_pixels @ ((middle + 0.5) * scale + pads - 0.5 - start)
    reach = np.sqrt(((to_pixels * radii * scale) ** 2).sum(axis=1))
    first, last = np.floor(centre - reach), np.ceil(centre + reach) + 1
    bounds = zip(np.maximum(first, 0).tolist(), np.clip(last, 0, size).tolist(), strict=True)
    return [slice(int(a), int(max(a, b))) for a, b in bounds]
