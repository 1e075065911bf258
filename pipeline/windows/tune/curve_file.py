"""Curves of many subjects in a file: in memory they would take gigabytes."""

import math
from pathlib import Path

import numpy as np

from gazescribe.pipeline.geometry.iou import Curves


class CurveFile:
    """Arrays of one shape, (rules, thresholds), in the order in which they came.

    The file is a temporary one: whoever names its path removes it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._shape: tuple[int, ...] = ()
        self._n = 0

    def append(self, curves: Curves) -> None:
        """Write the next array."""
        with self._path.open("ab") as file:
            file.write(np.ascontiguousarray(curves).data)
        self._shape = curves.shape
        self._n += 1

    def __len__(self) -> int:
        return self._n

    def __getitem__(self, row: int) -> Curves:
        if not 0 <= row < self._n:
            raise IndexError(row)
        n_bytes = 8 * math.prod(self._shape)
        with self._path.open("rb") as file:
            file.seek(row * n_bytes)
            return np.frombuffer(file.read(n_bytes)).reshape(self._shape)
