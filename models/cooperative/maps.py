"""Saliency maps of several data sets as one: rows of one folder behind those of another."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gazescribe.models.cooperative.settings import CooperativeInputs
from gazescribe.models.core.images import open_kind
from gazescribe.pipeline.core.shards import Shards


@dataclass(frozen=True)
class Maps:
    """Folders of maps, by data set."""

    folders: dict[str, Shards]
    _first_rows: NDArray[np.int64] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        lengths = [len(shards) for shards in self.folders.values()]
        object.__setattr__(self, "_first_rows", np.cumsum([0, *lengths], dtype=np.int64))

    def first_row(self, dataset: str) -> int:
        """Row of the first map of a data set."""
        return int(self._first_rows[list(self.folders).index(dataset)])

    def __getitem__(self, row: int) -> NDArray[Any]:
        """Give one map, (height, width)."""
        number = int(np.searchsorted(self._first_rows, row, side="right")) - 1
        return list(self.folders.values())[number][row - int(self._first_rows[number])]


def open_maps(inputs: CooperativeInputs) -> Maps:
    """Open the maps of all data sets; raises SchemaError for what are no maps."""
    return Maps(
        {name: open_kind(folder, "heatmaps") for name, folder in inputs.saliency_maps.items()}
    )
