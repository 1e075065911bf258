"""The histogram behind the threshold of 0.15: values of label maps on the network's grid.

Source: Lanfredi et al. 2023, Section 2.9; `spec/mil.md` 2.2: values above 0.005 of the validation
cases' maps, max-pooled to the grid.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gazescribe.pipeline.core.errors import AlignmentError
from gazescribe.pipeline.core.shards import open_shards, to_stored
from gazescribe.pipeline.core.tables import read_readings, read_table
from gazescribe.pipeline.core.values import WINDOWS_OF
from gazescribe.pipeline.geometry.canvas import Canvas
from gazescribe.pipeline.geometry.sizes import parse_size
from gazescribe.pipeline.results.rows import PaperTable

LEAST = 0.005
EDGES = np.linspace(0, 1, 101)
PHASES = (3, None)
"""Of REFLACX, as in training; other data sets have none."""
CUTS = (0.05, 0.1, 0.15, 0.2, 0.3, 0.5)


class MapsToDraw(NamedTuple):
    """What maps are drawn from, tables and the folder of windows, and how (section `heatmaps`)."""

    tables: Path
    associated: Path
    size: int | str
    amplitude: str
    resize: str


@dataclass(frozen=True)
class Histogram:
    """Values above `LEAST` of n maps."""

    n_maps: int  # maps of validation cases
    counts: NDArray[np.int64]  # (100,): cells between two of `EDGES`
    above: Mapping[float, float]  # share of the cells above each of `CUTS`


def stored_maps(folder: Path) -> Iterator[NDArray[np.floating]]:
    """Give the maps of validation readings, in phase 3 of REFLACX, that a folder of shards has.

    Raises SchemaError if it holds none.
    """
    shards = open_shards(folder)
    index = shards.index.select(["split", "phase"]).to_pydict()
    for row, (split, phase) in enumerate(zip(index["split"], index["phase"], strict=True)):
        if split == "validate" and phase in PHASES:
            yield shards[row]


def drawn_maps(params: MapsToDraw) -> Iterator[NDArray[np.floating]]:
    """Draw these maps from windows and Gaussians, as they would stand in shards.

    Raises GazeError if tables, windows or parameters do not fit together.
    """
    tables, associated = params.tables, params.associated
    size = parse_size(params.size)
    readings = read_table(tables, "readings", ["reading_id", "split", "phase"]).to_pylist()
    validate = {
        row["reading_id"]
        for row in readings
        if row["split"] == "validate" and row["phase"] in PHASES
    }
    windows = [
        row
        for row in read_table(associated, "windows").to_pylist()
        if row["reading_id"] in validate
        and row["kind"] in WINDOWS_OF["label"]
        and row["status"] == "ok"
        and row["height_px"]
        and row["width_px"]
    ]
    for reading_id, group in groupby(windows, key=itemgetter("reading_id")):
        rows = list(group)
        gaussians = read_readings(associated, "gaussians", [reading_id])[reading_id]
        image_size = rows[0]["height_px"], rows[0]["width_px"]
        canvas = Canvas(
            gaussians, image_size, size, amplitude=params.amplitude, resize=params.resize
        )
        for label in sorted({label for row in rows for label in row["labels"]}):
            numbers = [row["window"] for row in rows if label in row["labels"]]
            yield to_stored(canvas.label_map(numbers)[0])


def count_values(maps: Iterable[NDArray[np.floating]], grid: int, *, where: object) -> Histogram:
    """Count the values of maps, each cut into `grid` cells a side.

    Raises AlignmentError if maps cannot be cut into that many cells, or there are none.
    """
    pooled = []
    for heatmap in maps:
        if uneven := [side for side in heatmap.shape if side % grid]:
            message = f"maps have {uneven[0]} pixels, which {grid} cells do not divide."
            raise AlignmentError(message, where=where)
        height, width = heatmap.shape
        blocks = heatmap.astype(np.float32).reshape(grid, height // grid, grid, width // grid)
        pooled.append(blocks.max(axis=(1, 3)))
    if not pooled:
        message = "the histogram needs others: no map is of the validation split."
        raise AlignmentError(message, where=where)
    cells = np.stack(pooled)
    values = cells[cells > LEAST]
    above = {cut: float((values > cut).mean()) if len(values) else np.nan for cut in CUTS}
    return Histogram(len(cells), np.histogram(values.clip(0, 1), EDGES)[0], above)


def histogram_table(histogram: Histogram) -> PaperTable:
    """Tabulate the counts of each bin; in `tables.md` the share of cells above some cuts."""
    frame = pd.DataFrame({"from": EDGES[:-1], "to": EDGES[1:], "cells": histogram.counts})
    shown = pd.DataFrame({"above": CUTS, "share of cells": list(histogram.above.values())})
    note = (
        f"{histogram.n_maps} maps of validation readings, max-pooled; cells above {LEAST}. The"
        " paper chose 0.15 from this histogram by eye; the CSV has it in steps of 0.01."
    )
    title = "Values of label maps on the grid"
    return PaperTable(title, frame.round(2), shown, [note], {"above": str})
