"""Draw one map at any resolution from the lossless Gaussians.

Reads: the folder that `associate` wrote.
Writes: one `.npy` (float32) or a `.png` picture.
Params: `heatmaps`.
"""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from gazescribe.pipeline.core.errors import GazeError, nearest
from gazescribe.pipeline.core.tables import read_readings
from gazescribe.pipeline.geometry.canvas import Canvas, FloatMap, Size


def choose_windows(
    windows: pa.Table, reading_id: str, window: int | None, label: str | None
) -> list[dict[str, Any]]:
    """Find the windows of a reading to draw.

    Parameters
    ----------
    windows : pyarrow.Table
        Table `windows`.
    reading_id : str
        The reading.
    window : int, optional
        One window by number.
    label : str, optional
        All windows that mention a label, whatever its case.

    Raises
    ------
    GazeError
        If there is no such reading, window or label; what there is instead is named.
    """
    rows = windows.filter(pc.equal(windows["reading_id"], reading_id)).to_pylist()
    if not rows:
        known = pc.unique(windows["reading_id"]).to_pylist()
        near = nearest(reading_id, known) or f": {', '.join(known[:3])} …"
        raise GazeError(f"no reading {reading_id!r} has windows; there are {len(known)}{near}")
    if window is not None:
        chosen = [row for row in rows if row["window"] == window]
        there = f"its windows are 0 to {len(rows) - 1}."
    else:
        wanted = (label or "").casefold()
        chosen = [row for row in rows if wanted in (name.casefold() for name in row["labels"])]
        named = sorted({name for row in rows for name in row["labels"]})
        there = f"its windows mention {', '.join(named) or 'no label'}."
    if not chosen:
        what = f"label {label!r}" if window is None else f"window {window}"
        raise GazeError(f"reading {reading_id} has no {what}; {there}")
    drawable = [row for row in chosen if row["status"] == "ok"]
    if not drawable:
        why = ", ".join(sorted({row["status"] for row in chosen}))
        raise GazeError(f"there is no gaze to draw for reading {reading_id}: its window is {why}.")
    return drawable


def draw_windows(
    associated: Path, rows: list[dict[str, Any]], size: Size | None, **how: Any
) -> FloatMap:
    """Draw the windows that `choose_windows` found, joined; `how` as for `Canvas`."""
    reading_id = rows[0]["reading_id"]
    image_size = (int(rows[0]["height_px"]), int(rows[0]["width_px"]))
    gaussians = read_readings(associated, "gaussians", [reading_id])[reading_id]
    heatmap, _ = Canvas(gaussians, image_size, size, **how).label_map(
        [row["window"] for row in rows]
    )
    return heatmap
