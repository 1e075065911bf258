"""Where an image of EGD stood on the screen, and from the screen to its pixels. No I/O.

Source: `data_manifests/egd.yaml` (screen) and the authors' published code: the image was scaled to
fit a canvas of 1920 x 1024, padded there, and shown on 1920 x 1080. Their map from screen to image
takes these pads on the full height; it is kept, for it is what the published positions follow.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gazescribe.pipeline.core.errors import ManifestError
from gazescribe.pipeline.ingest.csv_files import Floats, Mask
from gazescribe.pipeline.sources.manifests import Manifest

Numbers = NDArray[np.intp]

PRINTED_SCREEN_PX = 0.01  # the tracker prints fractions with five decimals: 0.5e-5 of 1920
FIT_SPREAD = 0.01  # a fitted size that may be off by more than this share is no size


@dataclass(frozen=True)
class EgdDisplay:
    """The screen, in its own pixels; images were padded on a canvas as wide as the screen.

    Pixels per degree of visual angle are those at the centre.
    """

    width_px: int
    height_px: int
    canvas_height_px: int
    px_per_deg_x: float
    px_per_deg_y: float


@dataclass(frozen=True)
class DisplayAxis:
    """One axis of the display; arrays of float64, shape (n,), one element a reading."""

    size_px: Floats  # of the image along the axis; NaN where unknown
    low_pad_px: Floats  # screen pixels left of the image, or above it
    high_pad_px: Floats  # right of it, or below it
    screen_px: int  # of the screen along the axis
    screen_px_per_deg: float  # of the visual angle, at the centre of the screen

    @property
    def scale(self) -> Floats:
        """Image pixels per screen pixel; odd sizes were first padded by one pixel."""
        even = self.size_px + self.size_px % 2
        return even / (self.screen_px - self.low_pad_px - self.high_pad_px)

    @property
    def px_per_deg(self) -> Floats:
        """Image pixels per degree of visual angle."""
        return self.scale * self.screen_px_per_deg

    def extrapolate(self, fraction: Floats, reading: Numbers) -> Floats:
        """Map gaze as a fraction of the screen to image pixels, beyond the image too.

        Half a pixel is subtracted because the published map counts from the image's edge, ours from
        the centre of the first pixel.
        """
        from_edge = fraction * self.screen_px - self.low_pad_px[reading]
        return self.scale[reading] * from_edge - 0.5


Axes = tuple[DisplayAxis, DisplayAxis]  # across and down


def display_of(manifest: Manifest) -> EgdDisplay:
    """Read the display from a manifest; a ManifestError if that has no screen and distance."""
    screen = manifest.screen
    if screen is None or not (screen.width_mm and screen.height_mm and screen.distance_mm):
        problem = "screen needs width_mm, height_mm and distance_mm."
        raise ManifestError(problem, where=f"{manifest.name}.yaml")
    mm_per_deg = screen.distance_mm * math.tan(math.radians(1))
    return EgdDisplay(
        screen.width_px,
        screen.height_px,
        screen.canvas_height_px or screen.height_px,
        mm_per_deg * screen.width_px / screen.width_mm,
        mm_per_deg * screen.height_px / screen.height_mm,
    )


def display_pads(width_px: int, height_px: int, display: EgdDisplay) -> tuple[int, int, int, int]:
    """Compute the pads round an image as the authors did: top, bottom, left, right in screen px."""
    canvas_height = display.canvas_height_px
    ratio = canvas_height / max(width_px, height_px)
    shown_width, shown_height = int(width_px * ratio), int(height_px * ratio)
    left = (display.width_px - shown_width) // 2
    top = (canvas_height - shown_height) // 2
    return top, canvas_height - shown_height - top, left, display.width_px - shown_width - left


def on_display(
    axes: Axes, fractions: tuple[Floats, Floats], published: tuple[Floats, Floats], reading: Numbers
) -> Mask:
    """Tell which positions the publishers placed on the image; arguments as of `to_image`.

    Their mark of a position outside is a negative number on both axes, but 0 for an image that the
    screen enlarged, so the pads are asked too.
    """
    shown = (published[0] >= 0) & (published[1] >= 0)
    for axis, fraction in zip(axes, fractions, strict=True):
        place = fraction * axis.screen_px
        shown &= place > axis.low_pad_px[reading]
        shown &= place < axis.screen_px - axis.high_pad_px[reading]
    return shown


def to_image(
    axes: Axes, fractions: tuple[Floats, Floats], published: tuple[Floats, Floats], reading: Numbers
) -> tuple[Floats, Floats]:
    """Positions in the image: as published inside, extrapolated outside; x_px and y_px.

    `fractions` are FPOGX and FPOGY, `published` X_ORIGINAL and Y_ORIGINAL, each of shape (n,). The
    latter are pixel numbers, cut to integers; outside the image one number for the whole axis,
    which says nothing of the place. `reading`, shape (n,), is the element of the axes that each row
    belongs to. Of an image of odd width the published x_px can be the width itself: the pixel it
    was padded by.
    """
    shown = on_display(axes, fractions, published, reading)
    x_px, y_px = (
        np.where(shown, position, axis.extrapolate(fraction, reading))
        for axis, fraction, position in zip(axes, fractions, published, strict=True)
    )
    return x_px, y_px


def fit_size(
    fraction: Floats, published: Floats, low_pad_px: float, high_pad_px: float, screen_px: int
) -> int | None:
    """Size of an image along one axis from what the authors made of its gaze.

    Each published position is `int(size / shown * distance)`, so each bounds the size from both
    sides; the even size in the middle of what all of them leave is taken. An odd size is found as
    the even one above it, to which the authors had padded it. `fraction` and `published`, shape
    (n,), are FPOG and ORIGINAL of positions on the image; pads and screen are in screen pixels.
    None if the positions contradict one another or leave more than one part in a hundred open.
    """
    shown_px = screen_px - low_pad_px - high_pad_px
    distance = fraction * screen_px - low_pad_px
    far = distance > 2 * PRINTED_SCREEN_PX
    if not far.any():
        return None
    distance, published = distance[far], published[far]
    least = float(np.max(published * shown_px / (distance + PRINTED_SCREEN_PX)))
    most = float(np.min((published + 1) * shown_px / (distance - PRINTED_SCREEN_PX)))
    fitting = np.arange(2 * math.ceil(least / 2), most, 2)
    if not fitting.size or most - least > FIT_SPREAD * most:
        return None
    return int(fitting[(fitting.size - 1) // 2])


def axes_of(sizes: Any, pads: Any, display: EgdDisplay) -> Axes:
    """Both axes, across and down, for many readings.

    `sizes`, shape (n, 2): width and height in image pixels, NaN where unknown; `pads`, shape (n,
    4): top, bottom, left, right in screen pixels, the order of the master sheet.
    """
    size = np.asarray(sizes, dtype=float).reshape(-1, 2)
    top, bottom, left, right = np.asarray(pads, dtype=float).reshape(-1, 4).T
    return (
        DisplayAxis(size[:, 0], left, right, display.width_px, display.px_per_deg_x),
        DisplayAxis(size[:, 1], top, bottom, display.height_px, display.px_per_deg_y),
    )
