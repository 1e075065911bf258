"""The histogram behind the threshold of 0.15: values of label maps on the network's grid.

Source: Lanfredi et al. 2023, Section 2.9; `spec/mil.md` 2.2: values above 0.005 of the validation
cases' maps, max-pooled to the grid.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gazescribe.pipeline.core.errors import AlignmentError
from gazescribe.pipeline.core.shards import open_shards
from gazescribe.pipeline.results.rows import PaperTable

LEAST = 0.005
EDGES = np.linspace(0, 1, 101)
PHASES = (3, None)
"""Of REFLACX, as in training; other data sets have none."""
CUTS = (0.05, 0.1, 0.15, 0.2, 0.3, 0.5)


@dataclass(frozen=True)
class Histogram:
    """Values above `LEAST` of n maps."""

    n_maps: int  # maps of validation cases
    counts: NDArray[np.int64]  # (100,): cells between two of `EDGES`
    above: Mapping[float, float]  # share of the cells above each of `CUTS`


def count_values(folder: Path, grid: int) -> Histogram:
    """Count the values of a folder's maps of validation readings, in phase 3 of REFLACX.

    The maps are what `gazescribe heatmaps` wrote, cut into `grid` cells a side.

    Raises
    ------
    SchemaError
        If the folder holds no shards.
    AlignmentError
        If the maps cannot be cut into that many cells, or no map is of the validation split.
    """
    shards = open_shards(folder)
    columns = shards.index.select(["split", "phase", "height", "width"]).to_pydict()
    chosen = [
        row
        for row, split in enumerate(columns["split"])
        if split == "validate" and columns["phase"][row] in PHASES
    ]
    sides = {columns[side][row] for side in ("height", "width") for row in chosen}
    uneven = sorted(side for side in sides if side % grid)
    if uneven or not chosen:
        message = f"the histogram needs others: {len(chosen)} maps of the validation split"
        message += f", of {uneven[0]} pixels, which {grid} cells do not divide." if uneven else "."
        raise AlignmentError(message, where=folder)
    pooled = []
    for row in chosen:
        height, width = shards[row].shape
        blocks = shards[row].astype(np.float32).reshape(grid, height // grid, grid, width // grid)
        pooled.append(blocks.max(axis=(1, 3)))
    cells = np.stack(pooled)
    values = cells[cells > LEAST]
    above = {cut: float((values > cut).mean()) if len(values) else np.nan for cut in CUTS}
    return Histogram(len(chosen), np.histogram(values.clip(0, 1), EDGES)[0], above)


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
