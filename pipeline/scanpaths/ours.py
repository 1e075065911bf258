"""The scan paths that `gazescribe scanpaths` wrote, one by one."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gazescribe.pipeline.core.tables import read_table
from gazescribe.pipeline.geometry.alignment import Frame
from gazescribe.pipeline.scanpaths.floors import Elsewhere, elsewhere

HALF_A_PIXEL = np.array([0.5, 0.5, 0.0])
"""From the centre of the first pixel to the corner of the image."""


@dataclass(frozen=True)
class ScanPath:
    """One scan path of one reading."""

    reading_id: str
    label: str  # empty for the whole reading
    image: str
    subject_id: int
    frame: Frame  # (height, width) of the image
    path: NDArray[np.float64]  # (n, 3): x_px, y_px, seconds

    @property
    def key(self) -> tuple[str, str]:
        """Image and task, by which predictions are found."""
        return self.image, self.label.casefold()

    def in_pixels(self, path: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give a path of shares of width and height in pixels of this path's image."""
        height, width = self.frame
        in_pixels: NDArray[np.float64] = path * np.array([width, height, 1.0]) - HALF_A_PIXEL
        return in_pixels

    @property
    def in_shares(self) -> NDArray[np.float64]:
        """The path with x and y as shares of width and height."""
        height, width = self.frame
        shares: NDArray[np.float64] = (self.path + HALF_A_PIXEL) / np.array([width, height, 1.0])
        return shares


def read_scan_paths(folder: Path) -> list[ScanPath]:
    """Read the table `scanpaths`; by reading and label."""
    table = read_table(folder, "scanpaths")
    columns = {name: table[name].to_numpy(zero_copy_only=False) for name in table.column_names}
    path = np.column_stack([columns[name] for name in ("x_px", "y_px", "duration_s")])
    keys = list(zip(columns["reading_id"], columns["label"], strict=True))
    begins = [n for n, key in enumerate(keys) if n == 0 or key != keys[n - 1]]
    return [
        ScanPath(
            *keys[begin],
            columns["dicom_id"][begin],
            int(columns["subject_id"][begin]),
            (int(columns["height_px"][begin]), int(columns["width_px"][begin])),
            path[begin:end].astype(np.float64),
        )
        for begin, end in zip(begins, [*begins[1:], len(keys)], strict=True)
    ]


class Others:
    """What other subjects' scan paths of a finding are; those of all findings where none has it."""

    def __init__(self, paths: Sequence[ScanPath]) -> None:
        self._by_label: dict[str, list[ScanPath]] = defaultdict(list)
        for path in paths:
            self._by_label[path.label].append(path)

    def of(self, label: str, subject_id: int) -> Elsewhere | None:
        """Gather them; None where no other subject has a scan path of the kind."""
        kinds = [[label], [name for name in self._by_label if bool(name) == bool(label)]]
        for names in kinds:
            paths = [
                path.in_shares
                for name in names
                for path in self._by_label[name]
                if path.subject_id != subject_id
            ]
            if paths:
                return elsewhere(paths)
        return None
