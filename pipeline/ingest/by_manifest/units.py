"""How a reader saw an image: positions of any unit to its pixels, and the size of a degree."""

import math
from dataclasses import dataclass, replace

import numpy as np

from gazescribe.pipeline.ingest.csv_files import Floats, Mask
from gazescribe.pipeline.sources.cells import PlaceCell, TimeCell
from gazescribe.pipeline.sources.manifests import Screen
from gazescribe.pipeline.sources.table_manifests import OwnManifest

SECONDS = {"s": 1.0, "ms": 1e3, "us": 1e6, "ns": 1e9, "ticks": 1e7}  # how many there are in one

SHARES = {"percent": "share", "screen_percent": "screen_share"}  # a hundredth of which they are


@dataclass(frozen=True)
class Moment:
    """A time as its source gives it: unit conversions would blur clocks of thirteen digits."""

    value: float
    unit: str

    def after(self, other: "Moment") -> "Moment":
        """Give the moment that is this time after another, in the unit of that."""
        return Moment(
            other.value + self.value * SECONDS[other.unit] / SECONDS[self.unit], other.unit
        )


BEGIN = Moment(0.0, "s")


def seconds(values: Floats, cell: TimeCell, since: Moment = BEGIN) -> Floats:
    """Give times in seconds since a moment; exact to a float's last bit where units agree."""
    start = since.value * (SECONDS[cell.unit] / SECONDS[since.unit])
    result: Floats = values - start
    result /= SECONDS[cell.unit]  # in place: of a long recording a copy is a third of its file
    return result


@dataclass(frozen=True)
class Part:
    """What of an image was on screen, along one axis and by row: edges, NaN where unknown."""

    low_px: Floats  # of the image; 0 is the outer edge of its first pixel
    high_px: Floats
    screen_low_px: Floats | None = None  # of the screen; None where the part is fitted into it
    screen_high_px: Floats | None = None

    def or_all(self, size_px: float) -> "Part":
        """Give the whole image, of this size, where the part is unknown or has no extent."""
        known = self.high_px > self.low_px
        low_px, high_px = np.where(known, self.low_px, 0), np.where(known, self.high_px, size_px)
        return replace(self, low_px=low_px, high_px=high_px)


@dataclass(frozen=True)
class ViewAxis:
    """One axis of an image and of the screen it was shown on; NaN where unknown.

    What zoom and pan change is an array, shape (n,), where each row has a view of its own.
    """

    size_px: float  # of the image
    screen_px: float  # of the screen
    area_px: float  # of the screen, where the image may stand
    centre_px: float | Floats  # of the part shown, in screen pixels from the screen's edge
    middle_px: float | Floats  # the same place in image pixels from the image's edge
    scale: float | Floats  # screen pixels an image pixel
    px_per_deg: float | Floats  # image pixels a degree of visual angle
    distance_px: float  # from eye to screen, in screen pixels

    def to_image(self, values: Floats, cell: PlaceCell) -> Floats:
        """Turn positions to image pixels, whose origin is the centre of the first; NaN if unknown.

        `values`, shape (n,), are in the unit of the cell: image pixels; shares or per cent of the
        image; screen pixels; shares or per cent of the screen; degrees from the screen's centre, or
        the image's where there is no screen.
        """
        if cell.unit in SHARES:
            values, cell = values / 100, cell.model_copy(update={"unit": SHARES[cell.unit]})
        sign = -1.0 if cell.up else 1.0
        if cell.unit == "deg":
            if math.isnan(self.distance_px):  # no screen: from the middle of the image
                return sign * values * self.px_per_deg + self.size_px / 2 - 0.5
            offset_px = self.distance_px * np.tan(np.radians(sign * values))
            return self._from_screen(self.screen_px / 2 + offset_px)
        if cell.origin == "centre":
            is_screen = cell.unit.startswith("screen")
            extent_px = self.screen_px if is_screen else self.size_px
            offset_px = sign * values * (extent_px if cell.unit.endswith("share") else 1.0)
            centred_px = offset_px + extent_px / 2
            return self._from_screen(centred_px) if is_screen else centred_px - 0.5
        last = self.whole(cell) - (1.0 if cell.unit.endswith("px") else 0.0)
        values = last - values if cell.up else values
        if cell.unit == "px":
            return values
        # From here on places count from an edge: the centre of the first pixel is half a pixel in.
        if cell.unit == "share":
            return values * self.size_px - 0.5
        on_screen = values + 0.5 if cell.unit == "screen_px" else values * self.screen_px
        return self._from_screen(on_screen)

    def whole(self, cell: PlaceCell) -> float:
        """Give the width or height of the image or the screen, in the unit of a cell."""
        wholes = {"px": self.size_px, "screen_px": self.screen_px, **dict.fromkeys(SHARES, 100.0)}
        return wholes.get(cell.unit, 1.0)

    def _from_screen(self, edge_px: Floats) -> Floats:
        """Take screen pixels counted from the screen's edge."""
        result: Floats = (edge_px - self.centre_px) / self.scale + self.middle_px - 0.5
        return result

    def usual_px_per_deg(self) -> float:
        """Give the median of image pixels a degree; NaN where no row knows it."""
        known = np.atleast_1d(self.px_per_deg)
        known = known[np.isfinite(known)]
        return float(np.median(known)) if len(known) else math.nan

    def is_unknown(self) -> Mask:
        """Tell which rows have no view: no part of the image, or one without an extent."""
        unknown: Mask = np.isnan(np.asarray(self.scale + self.middle_px + self.centre_px))
        return unknown


Axes = tuple[ViewAxis, ViewAxis]  # across and down
Parts = tuple[Part, Part]


def view_of(
    size_px: tuple[int | None, int | None],
    manifest: OwnManifest,
    parts: Parts | None = None,
    image_area: tuple[float, float, float, float] | None = None,
) -> Axes:
    """Find how an image of this width and height was seen: whole, or by row the `parts` of it.

    `image_area` is where it may stand on the screen, if that is another place than the manifest's:
    left, top, right, bottom.
    """
    sizes = [math.nan if size is None else float(size) for size in size_px]
    screen, resolution = manifest.screen, manifest.resolution
    screen_px, centre_px, distance_px = [math.nan] * 2, [math.nan] * 2, [math.nan] * 2
    area_px = [math.nan] * 2
    scale = 1.0
    if screen is not None:
        screen_px, distance_px = (
            [float(screen.width_px), float(screen.height_px)],
            _distance(screen),
        )
        area = image_area or (0.0, 0.0, *screen_px)
        if image_area is None and screen.image_area is not None:
            box = screen.image_area
            area = (box.xmin_px, box.ymin_px, box.xmax_px, box.ymax_px)
        low, high = [*map(float, area[:2])], [*map(float, area[2:])]
        centre_px = [(first + last) / 2 for first, last in zip(low, high, strict=True)]
        area_px = [last - first for first, last in zip(low, high, strict=True)]
        if resolution.image_on_screen == "fitted":
            scale = float(np.min(np.divide(area_px, sizes)))  # NaN where a size is unknown
    px_per_deg: list[float] = list(resolution.px_per_deg or ())
    if resolution.image_width_deg:
        px_per_deg = [sizes[0] / resolution.image_width_deg] * 2
    if not px_per_deg:
        px_per_deg = [distance * math.tan(math.radians(1)) / scale for distance in distance_px]
    columns = zip(sizes, screen_px, area_px, centre_px, px_per_deg, distance_px, strict=True)
    x, y = (
        ViewAxis(size, screen_size, area, centre, size / 2, scale, per_deg, distance)
        for size, screen_size, area, centre, per_deg, distance in columns
    )
    if parts is None or screen is None:
        return x, y
    return _zoomed((x, y), parts, is_fitted=resolution.image_on_screen == "fitted")


def _zoomed(whole: Axes, parts: Parts, *, is_fitted: bool) -> Axes:
    """Find how parts of an image were seen, from how it is seen whole.

    A part lies where the rows say it does, which is how REFLACX's authors go from screen to image;
    else it is fitted into the image's area, centred, as the whole is.
    """
    scales: list[Floats] = []
    for axis, part in zip(whole, parts, strict=True):
        extent_px = part.high_px - part.low_px
        extent_px = np.where(extent_px > 0, extent_px, np.nan)
        if part.screen_low_px is not None and part.screen_high_px is not None:
            on_screen_px = part.screen_high_px - part.screen_low_px
            scales.append(np.where(on_screen_px > 0, on_screen_px, np.nan) / extent_px)
        else:
            scales.append(axis.area_px / extent_px)
    if parts[0].screen_low_px is None:
        fitted = np.minimum(*scales)  # NaN where either is
        scales = [fitted if is_fitted else np.where(np.isnan(fitted), np.nan, 1.0)] * 2
    axes = []
    for axis, part, scale in zip(whole, parts, scales, strict=True):
        centre_px: float | Floats = axis.centre_px
        if part.screen_low_px is not None and part.screen_high_px is not None:
            centre_px = (part.screen_low_px + part.screen_high_px) / 2
        middle_px = (part.low_px + part.high_px) / 2
        px_per_deg = axis.px_per_deg * (axis.scale / scale)
        view = replace(
            axis, centre_px=centre_px, middle_px=middle_px, scale=scale, px_per_deg=px_per_deg
        )
        axes.append(view)
    return axes[0], axes[1]


def _distance(screen: Screen) -> list[float]:
    """Give the distance of the eye in screen pixels, which may differ across and down."""
    if not screen.width_mm or not screen.distance_mm:
        return [math.nan] * 2
    across = screen.width_mm / screen.width_px
    down = screen.height_mm / screen.height_px if screen.height_mm else across  # square pixels
    return [screen.distance_mm / across, screen.distance_mm / down]
