"""Many items, each drawn when it is asked for: a film takes 4 kB, its row 70 bytes."""

from collections.abc import Callable, Sequence
from typing import Any, Self, TypeVar, overload

import numpy as np
from numpy.typing import NDArray

Item = TypeVar("Item")
Row = Any  # of a structured array

FILM = np.dtype(
    [
        ("number", "i4"),
        ("subject_id", "i4"),
        ("study_id", "i4"),
        ("groups", "u4", 4),  # of the dicom id, after the one of zeros
        ("width_px", "i2"),
        ("height_px", "i2"),
        ("view", "S2"),
        ("split", "S8"),
        ("diagnosis", "S9"),
        ("findings", "S18"),  # a byte each, in their order
    ]
)
"""What a film is drawn from."""


class Drawn(Sequence[Item]):
    """Items that a function makes of rows of a structured array, anew each time.

    A slice travels to a worker as its rows alone, and is drawn there.
    """

    def __init__(self, rows: NDArray[Any], draw: Callable[[Row], Item]) -> None:
        self.rows = rows
        self._draw = draw

    def __len__(self) -> int:
        return len(self.rows)

    @overload
    def __getitem__(self, place: int) -> Item: ...

    @overload
    def __getitem__(self, place: slice) -> Self: ...

    def __getitem__(self, place: int | slice) -> Item | Self:
        if isinstance(place, slice):
            return self.take(place)
        return self._draw(self.rows[place])

    def take(self, places: slice | NDArray[np.integer[Any]]) -> Self:
        """Give the items at some places, in that order."""
        return type(self)(self.rows[places], self._draw)


def dicom_id(groups: NDArray[np.integer[Any]]) -> str:
    """Write an id of 44 characters in five groups, the first of zeros."""
    return "-".join(["00000000", *(f"{group:08x}" for group in groups.tolist())])
