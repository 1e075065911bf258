"""Gaze at 1 kHz for a few readings: `gaze.csv` of REFLACX.

Source: spec REFLACX A7 and D2.7: fixation mean and noise, minimum-jerk saccades, five blank cells
in blinks, steps of exactly one millisecond.
"""

import numpy as np

from gazescribe.pipeline.demo.gaze import Gaze
from gazescribe.pipeline.demo.view import View

NOISE_DEG = 0.2
BLINK_FROM_S = 0.1  # longer gaps between fixations are blinks (A6)


def samples_text(rng: np.random.Generator, gaze: Gaze, view: View, px_per_deg: float) -> str:
    """Write the samples of one reading as CRLF lines without header.

    Parameters
    ----------
    rng : numpy.random.Generator
        The only source of chance.
    gaze : Gaze
        Fixations; their gaps become saccades, or blinks when longer than 0.1 s.
    view : View
        State of the screen during each fixation; it lasts until the next one.
    px_per_deg : float
        Image pixels a degree, for the noise.
    """
    onset, offset = (np.rint(times * 1000).astype(int) for times in (gaze.onset_s, gaze.offset_s))
    ms = np.arange(onset[0], offset[-1] + 1)
    now = np.searchsorted(onset, ms, side="right") - 1
    after = np.minimum(now + 1, onset.size - 1)
    gap = np.maximum(onset[after] - offset[now], 1)
    progress = np.clip((ms - offset[now]) / gap, 0, 1)
    jerk = progress**3 * (10 - 15 * progress + 6 * progress**2)
    noise = rng.normal(0, NOISE_DEG * px_per_deg, (2, ms.size))
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
    tails = [
        ",".join(map(str, row))
        for row in zip(
            *view.window.T.tolist(),
            *view.shown_px.T.tolist(),
            *view.screen_px.T.tolist(),
            strict=True,
        )
    ]
    lines = [
        f"{time / 1000},{',,,,' if lost else ','.join(map(str, cells))},{tails[state]}"
        for time, lost, cells, state in zip(
            ms.tolist(), blink.tolist(), seen, now.tolist(), strict=True
        )
    ]
    return "\r\n".join([*lines, ""])
