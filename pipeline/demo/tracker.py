"""What the eye tracker of the EGD data set would have written for a gaze: 61.8 samples a second.

Source: spec EGD 3 (columns and their relations), 5 (screen), 11 (rates and noise).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

SCREEN_PX = (1920, 1080)
CANVAS_PX = (1920, 1024)  # on which the authors padded the picture (spec EGD 5)
SCREEN_PX_PER_DEG = 39.9
SAMPLE_S = 1 / 61.8
JITTER_S = 0.0003
NOISE_DEG = (0.6, 0.9)  # of a single sample, across and down
BLINK_S = 0.09  # a longer gap between fixations is a blink
TICKS_PER_S = 10_000_000

COLUMNS = (
    "SESSION_ID", "MEDIA_ID", "DICOM_ID", "CNT", "Time (in secs)", "TIMETICK(f=10000000)", "FPOGX",
    "FPOGY", "FPOGS", "FPOGD", "FPOGID", "FPOGV", "BPOGX", "BPOGY", "BPOGV", "LPCX", "LPCY", "LPD",
    "LPS", "LPV", "RPCX", "RPCY", "RPD", "RPS", "RPV", "BKID", "BKDUR", "BKPMIN", "LPMM", "LPMMV",
    "RPMM", "RPMMV", "SACCADE_MAG", "SACCADE_DIR", "VID_FRAME", "X_ORIGINAL", "Y_ORIGINAL",
)  # fmt: skip


@dataclass(frozen=True)
class Display:
    """A picture on the screen: its size, and the pads round it on the canvas, as published."""

    width_px: int
    height_px: int
    top_px: int
    bottom_px: int
    left_px: int
    right_px: int

    @property
    def shown_px(self) -> tuple[int, int]:
        """Screen pixels across and down that the published map takes for the picture."""
        width, height = SCREEN_PX
        return width - self.left_px - self.right_px, height - self.top_px - self.bottom_px

    @property
    def scale(self) -> tuple[float, float]:
        """Image pixels a screen pixel; odd sizes were first padded by one."""
        width, height = self.width_px + self.width_px % 2, self.height_px + self.height_px % 2
        return width / self.shown_px[0], height / self.shown_px[1]

    def to_screen(self, x_px: Floats, y_px: Floats) -> tuple[Floats, Floats]:
        """Give the fractions of the screen at which places of the image are seen."""
        across = ((x_px + 0.5) / self.scale[0] + self.left_px) / SCREEN_PX[0]
        down = ((y_px + 0.5) / self.scale[1] + self.top_px) / SCREEN_PX[1]
        return across, down

    def to_image(self, across: Floats, down: Floats) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Apply the published map: cut to integers, one negative pair for all that lies outside.

        That pair is -1 screen pixel, cut; on a small picture it would be 0, so -1 is the least.
        """
        x, y = across * SCREEN_PX[0], down * SCREEN_PX[1]
        inside = (self.left_px < x) & (x < SCREEN_PX[0] - self.right_px)
        inside &= (self.top_px < y) & (y < SCREEN_PX[1] - self.bottom_px)
        x_px, y_px = (
            np.where(inside, (scale * (place - pad)).astype(np.int64), -max(int(scale), 1))
            for scale, place, pad in zip(
                self.scale, (x, y), (self.left_px, self.top_px), strict=True
            )
        )
        return x_px, y_px


CALIBRATION = Display(*SCREEN_PX, 0, 0, 0, 0)


def display_of(width_px: int, height_px: int) -> Display:
    """Pad a picture as the authors did: scaled to 1024 px, centred on 1920 x 1024."""
    ratio = CANVAS_PX[1] / max(width_px, height_px)
    width, height = int(width_px * ratio), int(height_px * ratio)
    left, top = (CANVAS_PX[0] - width) // 2, (CANVAS_PX[1] - height) // 2
    bottom, right = CANVAS_PX[1] - height - top, CANVAS_PX[0] - width - left
    return Display(width_px, height_px, top, bottom, left, right)


@dataclass(frozen=True)
class Presentation:
    """One picture before the reader, and where the eyes rested: times, fractions of the screen.

    `dicom_id` is what the tracker's software wrote, which is not always an image's id.
    """

    dicom_id: str
    display: Display
    onset_s: Floats
    offset_s: Floats
    across: Floats
    down: Floats
    first_id: int = 1
    session: int = 0
    media: int = 0
    begin_tick: int = 0


@dataclass(frozen=True)
class Record:
    """All samples of a presentation by column, and which of them end a fixation."""

    columns: dict[str, NDArray[Any]]
    ends: NDArray[np.int64]

    def rows(self, places: NDArray[np.int64] | slice) -> Iterator[tuple[Any, ...]]:
        """Give rows of `COLUMNS`: all samples for eye_gaze.csv, the `ends` for fixations.csv."""
        return zip(*(self.columns[name][places].tolist() for name in COLUMNS), strict=True)


@dataclass(frozen=True)
class _Timeline:
    """Samples in time order: those before each fixation, then those in it."""

    time_s: Floats
    fixation: NDArray[np.int64]  # the one that lasts, or the last one; -1 before the first
    valid: NDArray[np.bool_]
    blink: NDArray[np.int64]  # its number while it lasts, else 0
    ends: NDArray[np.int64]


def record(rng: np.random.Generator, shown: Presentation) -> Record:
    """Sample a presentation of at least one fixation; fixations do not overlap.

    The last sample of a fixation is at its end, and its FPOGX and FPOGY are the place given.
    """
    start_s, end_s = np.round(shown.onset_s, 5), np.round(shown.offset_s, 5)
    line = _timeline(rng, start_s, end_s)
    across, down = np.round(shown.across, 5), np.round(shown.down, 5)
    fpog, bpog = _points(rng, line, across, down)
    n = line.time_s.size
    started = line.fixation >= 0
    begun_s = np.where(started, start_s[line.fixation], 0.0)
    lasted_s = np.where(line.valid, line.time_s, end_s[line.fixation]) - begun_s
    x_px, y_px = shown.display.to_image(*fpog)
    jump_px, jump_deg = _jumps(across, down)
    columns: dict[str, NDArray[Any]] = {
        "SESSION_ID": np.full(n, shown.session),
        "MEDIA_ID": np.full(n, shown.media),
        "DICOM_ID": np.full(n, shown.dicom_id),
        "CNT": np.arange(n),
        "Time (in secs)": line.time_s,
        "TIMETICK(f=10000000)": shown.begin_tick + np.round(line.time_s * TICKS_PER_S),
        "FPOGX": fpog[0],
        "FPOGY": fpog[1],
        "FPOGS": begun_s,
        "FPOGD": np.where(started, np.round(lasted_s, 5), 0.0),
        "FPOGID": np.maximum(line.fixation + shown.first_id, 0),
        "FPOGV": line.valid.astype(np.int64),
        "BPOGX": bpog[0],
        "BPOGY": bpog[1],
        "BPOGV": (line.blink == 0).astype(np.int64),
        **_eyes(rng, line),
        "SACCADE_MAG": np.where(started, jump_px[line.fixation], 0.0),
        "SACCADE_DIR": np.where(started, jump_deg[line.fixation], 0.0),
        "VID_FRAME": np.zeros(n),
        "X_ORIGINAL": x_px,
        "Y_ORIGINAL": y_px,
    }
    return Record(columns, line.ends)


def _timeline(rng: np.random.Generator, start_s: Floats, end_s: Floats) -> _Timeline:
    before_s = np.concatenate([[0.0], end_s[:-1]])
    gaps = np.maximum(np.round((start_s - before_s) / SAMPLE_S).astype(np.int64) - 1, 0)
    rests = np.maximum(np.ceil((end_s - start_s) / SAMPLE_S).astype(np.int64), 1)
    # Samples come in parts, by turns a gap and a fixation; some gaps have none.
    counts = np.stack([gaps, rests], axis=1).ravel()
    part = np.repeat(np.arange(counts.size), counts)
    within = np.arange(part.size) - np.repeat(np.cumsum(counts) - counts, counts)
    number, valid = part // 2, part % 2 == 1
    to_end = within - rests[number] + 1
    time_s = np.where(
        valid, end_s[number] + to_end * SAMPLE_S, before_s[number] + (within + 1) * SAMPLE_S
    )
    last = valid & (to_end == 0)
    jitter = np.clip(rng.normal(0, JITTER_S, part.size), -0.001, 0.001)
    time_s = np.where(last, time_s, np.maximum(time_s + jitter, start_s[number] * valid))
    closes = (start_s - before_s > BLINK_S) & (np.arange(start_s.size) > 0)
    blink = np.where(valid, 0, (np.cumsum(closes) * closes)[number])
    fixation = np.where(valid, number, number - 1)
    return _Timeline(np.round(time_s, 5), fixation, valid, blink, np.flatnonzero(last))


def _points(
    rng: np.random.Generator, line: _Timeline, across: Floats, down: Floats
) -> tuple[tuple[Floats, Floats], tuple[Floats, Floats]]:
    """Give the tracker's running mean within a fixation, and single samples; stale between."""
    means, singles = [], []
    place = np.maximum(line.fixation, 0)
    sizes = np.bincount(place, line.valid, across.size)
    count = np.cumsum(line.valid) - (np.cumsum(sizes) - sizes)[place]
    for target, noise_deg, screen_px in zip((across, down), NOISE_DEG, SCREEN_PX, strict=True):
        noise = _wander(rng, place.size) * (noise_deg * SCREEN_PX_PER_DEG / screen_px) * line.valid
        noise -= (np.bincount(place, noise, target.size) / sizes)[place] * line.valid
        # The noise of each fixation sums to 0, so that one running sum serves all of them.
        drift = np.cumsum(noise) / np.maximum(count, 1) * line.valid
        drift[line.ends] = 0.0
        seen = np.where(line.fixation >= 0, target[place], 0.0)
        means.append(np.round(seen + drift, 5))
        singles.append(np.round(seen + noise, 5))
    return (means[0], means[1]), (singles[0], singles[1])


def _wander(rng: np.random.Generator, n: int) -> Floats:
    """Give noise of deviation 1 that follows itself (correlation 0.9 from sample to sample)."""
    kernel = 0.9 ** np.arange(30)
    white = rng.standard_normal(n + kernel.size - 1)
    return np.convolve(white, kernel / np.sqrt((kernel**2).sum()), mode="valid")


def _jumps(across: Floats, down: Floats) -> tuple[Floats, Floats]:
    """Give length in screen pixels and direction in degrees of the way from the last fixation."""
    dx: Floats = np.diff(across, prepend=across[0]) * SCREEN_PX[0]
    dy: Floats = np.diff(down, prepend=down[0]) * SCREEN_PX[1]
    direction = np.asarray(np.degrees(np.arctan2(-dy, dx)) % 360, np.float64)
    direction[0] = 0.0
    return np.asarray(np.round(np.hypot(dx, dy), 5), np.float64), direction.round(5)


def _eyes(rng: np.random.Generator, line: _Timeline) -> dict[str, NDArray[Any]]:
    """Give the columns about pupils and blinks."""
    n = line.time_s.size
    eye_found = (line.blink == 0).astype(np.int64)
    size_mm = np.round(3.4 + rng.normal(0, 0.3) + 0.15 * _wander(rng, n), 5)
    depth = np.round(1.0 + 0.02 * _wander(rng, n), 5)
    columns: dict[str, NDArray[Any]] = {}
    for eye, across in (("L", 0.38), ("R", 0.64)):
        columns[f"{eye}PCX"] = np.round(across + 0.004 * _wander(rng, n), 5)
        columns[f"{eye}PCY"] = np.round(0.595 + 0.004 * _wander(rng, n), 5)
        columns[f"{eye}PD"] = np.round(size_mm * 5.4 + rng.normal(0, 0.1, n), 5)
        columns[f"{eye}PS"] = depth
        columns[f"{eye}PV"] = eye_found
        columns[f"{eye}PMM"] = np.round(size_mm + rng.normal(0, 0.03, n), 5)
        columns[f"{eye}PMMV"] = eye_found
    over = np.flatnonzero(np.diff(line.blink) < 0) + 1
    lasted = np.zeros(n)
    for end in over.tolist():
        begin = end - int(np.count_nonzero(line.blink == line.blink[end - 1]))
        lasted[end] = round(line.time_s[end] - line.time_s[begin], 5)
    blinks = np.maximum.accumulate(line.blink) if n else line.blink
    return {
        **columns,
        "BKID": line.blink,
        "BKDUR": lasted,
        "BKPMIN": blinks + int(rng.integers(4, 20)),
    }
