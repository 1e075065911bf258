"""Gaze samples as the Gaussians of one window."""

from typing import Any

import numpy as np

Columns = dict[str, Any]


def sample_gaussians(
    samples: Columns, image_size: tuple[int, int], sigma_px: float, *, window: int
) -> Columns:
    """Turn gaze samples into the Gaussians of one window.

    Notes
    -----
    Every sample on the image counts the same, with one blur for all images: the published target of
    Qiu et al. 2025 (`spec/egd.md` section 8, MTU). Their border reflects; here it is empty.
    """
    inside = samples["inside"].astype(bool)
    times = samples["time_s"]
    interval_s = float(np.median(np.diff(times))) if len(times) > 1 else 0.0
    n = int(inside.sum())
    height, width = image_size
    return {
        "window": np.full(n, window),
        "x_px": samples["x_px"][inside],
        "y_px": samples["y_px"][inside],
        "sigma_x_px": np.full(n, sigma_px),
        "sigma_y_px": np.full(n, sigma_px),
        "weight_s": np.full(n, interval_s),
        "clip_xmin_px": np.zeros(n, int),
        "clip_ymin_px": np.zeros(n, int),
        "clip_xmax_px": np.full(n, width),
        "clip_ymax_px": np.full(n, height),
    }
