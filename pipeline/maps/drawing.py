"""Draw the planned maps of one shard: Gaussians or ellipses to pixels.

Reads: `gaussians` of the folder that `associate` wrote, or `samples` of a folder of tables.
Writes: `heatmaps-00000.npy`.
Source: Lanfredi et al. 2023, Section 2.1.3; `spec/mil.md` section 2. Saliency: Qiu et al. 2025.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from gazescribe.pipeline.core.shards import write_shard
from gazescribe.pipeline.core.tables import read_readings
from gazescribe.pipeline.geometry.canvas import Canvas, Columns, FloatMap, Size, join_ellipses
from gazescribe.pipeline.geometry.samples import sample_gaussians
from gazescribe.pipeline.maps.planning import PlannedMap

if TYPE_CHECKING:  # it would bring pydantic, which arithmetic does without
    from gazescribe.pipeline.maps.settings import Heatmaps


@dataclass(frozen=True)
class ShardDrawing:
    """What a worker needs to draw a shard: where to read and write, and how to draw."""

    tables: Path
    associated: Path
    folder: Path
    kind: str
    size: Size
    params: "Heatmaps"

    @property
    def from_samples(self) -> bool:
        """Whether gaze samples are drawn, in place of fixations."""
        return self.kind == "saliency" and self.params.saliency_from == "samples"


@dataclass(frozen=True)
class ShardTask:
    """The maps of one shard, and the (height, width) of each reading's image in pixels."""

    number: int
    maps: list[PlannedMap]
    image_sizes: dict[str, Size]


def draw_shard(task: ShardTask, drawing: ShardDrawing) -> list[float | None]:
    """Draw the maps of one shard into its file; give the peak of each, None for ellipses."""
    peaks: list[float | None] = []

    def heatmaps() -> Iterator[FloatMap]:  # one at a time: a shard of large maps fills no memory
        for heatmap, peak in _draw_maps(task, drawing):
            peaks.append(peak)
            yield heatmap

    write_shard(drawing.folder, task.number, (len(task.maps), *drawing.size), heatmaps())
    return peaks


def _draw_maps(task: ShardTask, drawing: ShardDrawing) -> Iterator[tuple[FloatMap, float | None]]:
    """Draw one map after another, with its peak."""
    if drawing.kind == "ellipse":
        resize = drawing.params.resize
        for planned in task.maps:
            image_size = task.image_sizes[planned.reading_id]
            mask = join_ellipses(planned.boxes, image_size, drawing.size, resize)
            yield mask.astype(np.float32), None
        return
    folder, table = (drawing.associated, "gaussians")
    if drawing.from_samples:
        folder, table = (drawing.tables, "samples")
    gaze = read_readings(folder, table, sorted(task.image_sizes))
    # Maps are sorted by reading: one canvas serves all maps of a reading.
    for reading_id, group in groupby(task.maps, key=lambda planned: planned.reading_id):
        maps = list(group)
        canvas = _canvas(gaze[reading_id], maps, task.image_sizes[reading_id], drawing)
        drawn: dict[tuple[int, ...], tuple[FloatMap, float]] = {}
        for planned in maps:
            windows = tuple(planned.windows)
            if windows not in drawn:  # labels said in the same sentences share their map
                drawn[windows] = canvas.label_map(windows)
            yield drawn[windows]


def _canvas(
    gaze: Columns, maps: list[PlannedMap], image_size: Size, drawing: ShardDrawing
) -> Canvas:
    windows = sorted({window for planned in maps for window in planned.windows})
    params = drawing.params
    if drawing.from_samples:
        gaze = sample_gaussians(gaze, image_size, params.samples_sigma_px, window=windows[0])
    else:
        in_windows = np.isin(gaze["window"], windows)
        gaze = {name: values[in_windows] for name, values in gaze.items()}
    return Canvas(gaze, image_size, drawing.size, amplitude=params.amplitude, resize=params.resize)
