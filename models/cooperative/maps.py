"""Saliency maps of several data sets as one: rows of one folder behind those of another."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gazescribe.models.cooperative.settings import CooperativeInputs
from gazescribe.models.core.drawn_maps import DrawnMaps, Samples, check_folders
from gazescribe.models.core.images import FRAME, open_kind
from gazescribe.models.core.settings import Drawing
from gazescribe.pipeline.core.shards import Shards
from gazescribe.pipeline.geometry.letterbox import Letterbox


@dataclass(frozen=True)
class Maps:
    """Maps by data set: all in shards, or all drawn from Gaussians."""

    folders: dict[str, Shards | DrawnMaps]
    _first_rows: NDArray[np.int64] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        lengths = [len(maps) for maps in self.folders.values()]
        object.__setattr__(self, "_first_rows", np.cumsum([0, *lengths], dtype=np.int64))

    @property
    def are_drawn(self) -> bool:
        """Whether there are no shards."""
        return any(isinstance(maps, DrawnMaps) for maps in self.folders.values())

    def first_row(self, dataset: str) -> int:
        """Row of the first map of a data set."""
        return int(self._first_rows[list(self.folders).index(dataset)])

    def index(self, dataset: str) -> pd.DataFrame:
        """List the maps of a data set: reading_id, row (null where blank), place in the frame."""
        maps, first = self.folders[dataset], self.first_row(dataset)
        if isinstance(maps, DrawnMaps):
            return maps.index.assign(row=maps.index["row"] + first)
        stored: pd.DataFrame = maps.index.to_pandas()
        shown = (stored["kind"] == "saliency") & (stored["peak"].fillna(0) != 0)
        rows = pd.Series(first + np.arange(len(stored)), stored.index, dtype=float)
        return stored[["reading_id", *FRAME]].assign(row=rows.where(shown))

    def at(self, row: int, frame: Letterbox) -> NDArray[Any]:
        """Give one map: drawn in this frame, or (height, width) as it was stored."""
        maps, number = self._place(row)
        return maps.drawn([number], frame)[0] if isinstance(maps, DrawnMaps) else maps[number]

    def placed(self, row: int, frame: Letterbox) -> NDArray[np.float64]:
        """Give what there is to draw of a map, as `DrawnMaps.placed`; nothing of a negative row."""
        maps, number = self._place(max(row, 0))
        if not isinstance(maps, DrawnMaps):
            raise TypeError("maps of shards are not drawn")
        return maps.placed([number] if row >= 0 else [], frame)

    def _place(self, row: int) -> tuple[Shards | DrawnMaps, int]:
        """Give the maps of the data set that a row is of, and its row among these."""
        number = int(np.searchsorted(self._first_rows, row, side="right")) - 1
        return list(self.folders.values())[number], row - int(self._first_rows[number])


def open_maps(inputs: CooperativeInputs, images: Shards) -> Maps:
    """Open the maps of all data sets, for these images; raises SchemaError for what are no maps."""
    if inputs.maps == "shards":
        return Maps(
            {name: open_kind(folder, "heatmaps") for name, folder in inputs.saliency_maps.items()}
        )
    check_folders(map(Path, inputs.associated.values()))
    height, width = ([*images.index[side].to_pylist(), 1][0] for side in FRAME[:2])
    params = inputs.drawing
    drawing = Drawing(params.amplitude, params.resize)
    drawn: dict[str, Shards | DrawnMaps] = {}
    for name, folder in inputs.associated.items():
        samples = None
        if params.saliency_from == "samples":
            samples = Samples(Path(inputs.tables[name]), params.samples_sigma_px)
        drawn[name] = DrawnMaps(Path(folder), "saliency", (height, width), drawing, samples)
    return Maps(drawn)
