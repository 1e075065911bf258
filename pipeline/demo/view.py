"""What of the image is on the screen during each fixation: zoom, pan, windowing, and the buttons.

Source: spec REFLACX A6 (columns), A12 (screen 3840 x 2160, image area, first view, zoom steps,
button box), A14 (94 screen pixels a degree); A7 and D2.7 for the samples at 1 kHz.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gazescribe.pipeline.demo.gaze import Gaze, Visit

AREA_LEFT, AREA_RIGHT, AREA_HEIGHT = 660, 3180, 2160  # screen px (A12)
AREA_WIDTH = AREA_RIGHT - AREA_LEFT
CENTRE = np.array([(AREA_LEFT + AREA_RIGHT) / 2, AREA_HEIGHT / 2])
NEXT_BUTTON = (10, 1035, 650, 1120)  # screen px (A12)
SCREEN_PX_PER_DEG = 94.0  # A14
ZOOM_STEP = 2**0.25  # a wheel step (A12)
LONGEST_S = 240.0  # of a reading
SAMPLE_NOISE_DEG = 0.2
BLINK_FROM_S = 0.1  # longer gaps between fixations are blinks (A6)


@dataclass(frozen=True)
class View:
    """State of the screen at the start of each fixation, and what it makes of the positions.

    Attributes
    ----------
    x_px, y_px : ndarray of float64, shape (n,)
        Fixations; while zoomed in, the eyes stay on what is shown.
    shown_px, screen_px : ndarray of int, shape (n, 4)
        xmin, ymin, xmax, ymax of the visible part, in the image and on the screen.
    px_per_deg : ndarray of int, shape (n, 2)
        Image pixels a degree, horizontally and vertically.
    window : ndarray of float64, shape (n, 2)
        Width and level of the grey scale.
    """

    x_px: NDArray[np.float64]
    y_px: NDArray[np.float64]
    shown_px: NDArray[np.int64]
    screen_px: NDArray[np.int64]
    px_per_deg: NDArray[np.int64]
    window: NDArray[np.float64]

    def screen_state(self) -> list[list[Any]]:
        """Give the last ten columns of REFLACX's tables: window, part shown, and where."""
        return [*self.window.T.tolist(), *self.shown_px.T.tolist(), *self.screen_px.T.tolist()]


def full_scale(width_px: int, height_px: int) -> float:
    """Screen pixels an image pixel in the first view (A12)."""
    return min(AREA_WIDTH / width_px, AREA_HEIGHT / height_px)


def full_px_per_deg(width_px: int, height_px: int) -> float:
    """Image pixels a degree in the first view."""
    return SCREEN_PX_PER_DEG / full_scale(width_px, height_px)


def show(
    rng: np.random.Generator,
    gaze: Gaze,
    visits: Sequence[Visit],
    size_px: tuple[int, int],
    zoom_rate: float,
) -> View:
    """Zoom in on a share of the visits, pan a little, change the window now and then.

    `gaze` is in full view of an image of `size_px` (width, height); `visits` is what `gaze.visit`
    counts in.
    """
    n = gaze.onset_s.size
    size = np.array(size_px, dtype=np.float64)
    zoom = np.ones(n)
    centre = np.tile(size / 2, (n, 1))
    for visit in visits:
        target, middle = _closer(rng, visit, size)
        if rng.random() < zoom_rate and target > 1:
            # The first fixation finds the place, the wheel turns after it.
            during = (gaze.onset_s > visit.onset_s) & (gaze.onset_s < visit.offset_s)
            zoom[during] = target
            centre[during] = middle + rng.normal(0, 0.01, (int(during.sum()), 2)).cumsum(0) * size
    shown, screen = _rectangles(zoom, np.clip(centre, 0, size), size)
    x, y = gaze.x_px, gaze.y_px
    close = zoom > 1
    x = np.where(close, np.clip(x, shown[:, 0] + 1, shown[:, 2] - 1), x)
    y = np.where(close, np.clip(y, shown[:, 1] + 1, shown[:, 3] - 1), y)
    per_deg = full_px_per_deg(*size_px) / zoom[:, None] * rng.uniform(0.98, 1.02, (n, 2))
    return View(x, y, shown, screen, np.rint(per_deg).astype(np.int64), _window(rng, n))


def _closer(
    rng: np.random.Generator, visit: Visit, size: NDArray[np.float64]
) -> tuple[float, NDArray[np.float64]]:
    """Zoom at which the visit's ellipses fill up to 80 % of the view, and their middle."""
    ellipses = np.array(visit.ellipses)
    low = (ellipses[:, :2] - ellipses[:, 2:]).min(axis=0) * size
    high = (ellipses[:, :2] + ellipses[:, 2:]).max(axis=0) * size
    visible = np.array([AREA_WIDTH, AREA_HEIGHT]) / full_scale(int(size[0]), int(size[1]))
    most = float((0.8 * visible / (high - low)).min())
    steps = int(rng.integers(1, 9))
    while steps and ZOOM_STEP**steps > most:
        steps -= 1
    return ZOOM_STEP**steps, (low + high) / 2


def _rectangles(
    zoom: NDArray[np.float64], centre: NDArray[np.float64], size: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    scale = full_scale(int(size[0]), int(size[1])) * zoom[:, None]
    half = np.array([AREA_WIDTH, AREA_HEIGHT]) / 2 / scale
    low = np.rint(np.maximum(centre - half, 0))
    high = np.rint(np.minimum(centre + half, size))
    shown = np.hstack([low, high])
    screen = np.hstack([CENTRE + (low - centre) * scale, CENTRE + (high - centre) * scale])
    limits = np.array([AREA_LEFT, 0, AREA_LEFT, 0]), np.array([AREA_RIGHT, AREA_HEIGHT] * 2)
    return shown.astype(np.int64), np.clip(np.rint(screen), *limits).astype(np.int64)


def _window(rng: np.random.Generator, n: int) -> NDArray[np.float64]:
    """Grey scale: as the file says it, changed once in a third of the readings."""
    window = np.tile([rng.normal(1.0, 0.05), rng.normal(0.5, 0.03)], (n, 1))
    if rng.random() < 0.33:
        window[int(rng.integers(n)) :] *= rng.uniform(0.6, 1.1, 2)
    return np.round(window, 5)


def press_next(rng: np.random.Generator, gaze: Gaze, size_px: tuple[int, int]) -> Gaze:
    """Append the last fixations of a reading, on the "next" button left of the image."""
    n = int(rng.integers(2, 5))
    steps = rng.uniform(0.2, 0.45, n)
    ends = np.minimum(gaze.offset_s[-1] + 0.04 + np.cumsum(steps), LONGEST_S)
    onsets = np.concatenate([[gaze.offset_s[-1] + 0.04], ends[:-1] + 0.04])
    left, top, right, bottom = NEXT_BUTTON
    screen = np.column_stack([rng.uniform(left, right, n), rng.uniform(top, bottom, n)])
    image = (screen - CENTRE) / full_scale(*size_px) + np.array(size_px) / 2
    return Gaze(
        np.round(np.append(gaze.onset_s, onsets), 3),
        np.round(np.append(gaze.offset_s, ends), 3),
        np.append(gaze.x_px, image[:, 0]),
        np.append(gaze.y_px, image[:, 1]),
        np.append(gaze.visit, np.full(n, -1)),
    )


def samples_text(rng: np.random.Generator, gaze: Gaze, view: View, px_per_deg: float) -> str:
    """Write the samples of one reading at 1 kHz, as CRLF lines without header.

    Gaps between fixations become minimum-jerk saccades, or blinks with five blank cells when longer
    than 0.1 s; the state of the screen lasts until the next fixation. Noise counts in `px_per_deg`.
    """
    onset, offset = (np.rint(times * 1000).astype(int) for times in (gaze.onset_s, gaze.offset_s))
    ms = np.arange(onset[0], offset[-1] + 1)
    now = np.searchsorted(onset, ms, side="right") - 1
    after = np.minimum(now + 1, onset.size - 1)
    gap = np.maximum(onset[after] - offset[now], 1)
    progress = np.clip((ms - offset[now]) / gap, 0, 1)
    jerk = progress**3 * (10 - 15 * progress + 6 * progress**2)
    noise = rng.normal(0, SAMPLE_NOISE_DEG * px_per_deg, (2, ms.size))
    x = view.x_px[now] + (view.x_px[after] - view.x_px[now]) * jerk + noise[0]
    y = view.y_px[now] + (view.y_px[after] - view.y_px[now]) * jerk + noise[1]
    blink = (ms > offset[now]) & (gap > BLINK_FROM_S * 1000)
    pupil = np.round(rng.normal(1.0, 0.01, ms.size), 3)
    seen = zip(
        np.rint(x).astype(int).tolist(),
        np.rint(y).astype(int).tolist(),
        pupil.tolist(),
        *view.px_per_deg[now].T.tolist(),
        strict=True,
    )
    tails = [",".join(map(str, row)) for row in zip(*view.screen_state(), strict=True)]
    lines = [
        f"{time / 1000},{',,,,' if lost else ','.join(map(str, cells))},{tails[state]}"
        for time, lost, cells, state in zip(
            ms.tolist(), blink.tolist(), seen, now.tolist(), strict=True
        )
    ]
    return "\r\n".join([*lines, ""])
