"""Maps of gaze that are drawn when they are asked for, from the windows and Gaussians of a folder.

Reads: `windows` and `gaussians`, as `gazescribe associate` wrote them; or `samples` of the tables.
Drops: maps of readings whose image has no size, as `gazescribe heatmaps` does.
A few kilobytes a map stay in memory, where a shard has half a megabyte; loader processes share
them. Numbers are those of shards to the rounding of float16, and maps that are moved are not
resampled (`pipeline.geometry.moving`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import ArrayLike, NDArray

from gazescribe.models.core.images import FRAME
from gazescribe.models.core.settings import Drawing
from gazescribe.pipeline.core.class_names import labels_said
from gazescribe.pipeline.core.errors import SchemaError
from gazescribe.pipeline.core.files import settle
from gazescribe.pipeline.core.foreign import parsing
from gazescribe.pipeline.core.foreign_tables import parquet_schema
from gazescribe.pipeline.core.shards import to_stored
from gazescribe.pipeline.core.tables import has_table, read_table, rows_of, table_path
from gazescribe.pipeline.core.values import WINDOWS_OF
from gazescribe.pipeline.geometry.canvas import GAUSSIAN_COLUMNS, Canvas, frame_of, peak_of
from gazescribe.pipeline.geometry.gaussians import is_drawn
from gazescribe.pipeline.geometry.letterbox import Letterbox
from gazescribe.pipeline.geometry.moving import Motion, placed_gaussians
from gazescribe.pipeline.geometry.placed import CLIP, MAP, WEIGHT, WINDOW, Picture, draw_maps
from gazescribe.pipeline.geometry.placed import GAUSSIAN_COLUMNS as PLACED_COLUMNS
from gazescribe.pipeline.geometry.samples import sample_gaussians

WINDOW_COLUMNS = ["reading_id", "window", "kind", "labels", "status", "width_px", "height_px"]
SAMPLE_COLUMNS = ["reading_id", "time_s", "x_px", "y_px", "inside"]
AS_IT_IS = np.eye(2, 3)
"""Affine of a map that is not moved."""

Size = tuple[int, int]
Float16Map = NDArray[np.float16]


@dataclass(frozen=True)
class Samples:
    """Gaze samples in place of fixations: the folder of their table, and the blur in image px."""

    tables: Path
    sigma_px: float


class DrawnMaps:
    """All maps of a kind of a folder.

    Attributes
    ----------
    folder : pathlib.Path
        What `gazescribe associate` wrote.
    index : DataFrame
        A row for each map: reading_id, label ('' where the kind has none), row (its number, null
        where it is blank), and how it lies in its frame.
    labels : tuple of str
        Of which the windows are.
    can_move : bool
        Whether maps can be drawn where they are moved to: those that are shrunk as the published
        code does it cannot.
    """

    placed_as = "gaussians"
    """Part of a batch that has what is to be drawn."""

    def __init__(
        self, folder: Path, kind: str, size: Size, drawing: Drawing, samples: Samples | None = None
    ) -> None:
        self.folder = folder
        self.labels = labels_said(parquet_schema(table_path(folder, "windows")).metadata, folder)
        self.can_move = drawing.resize == "direct"
        self._drawing = drawing
        windows = _windows(folder, kind)
        sizes = windows[["height_px", "width_px"]].to_numpy(int).tolist()
        self._image_sizes: list[Size] = [(height, width) for height, width in sizes]
        if samples is None:
            self._gaussians, self._bounds = _gaussians_of(folder, windows)
        else:
            self._gaussians, self._bounds = _samples_of(samples, windows, self._image_sizes)
        n_drawn = np.concatenate([[0], np.cumsum(is_drawn(self._gaussians))])
        windows["is_blank"] = n_drawn[self._bounds[:, 0]] == n_drawn[self._bounds[:, 1]]
        maps = _planned(windows, kind)
        self._windows: list[list[int]] = maps["windows"].tolist()
        self._size = size
        self.index = self._indexed(maps)
        self._peaks: dict[int, float] = {}

    def __len__(self) -> int:
        return len(self._windows)

    def __getitem__(self, row: int) -> Float16Map:
        """Draw a map, (height, width), as a shard would hold it."""
        drawn: Float16Map = self.drawn([row], self.frame(row))[0]
        return drawn

    def frame(self, row: int) -> Letterbox:
        """How a map lies in its frame."""
        image_size = self._image_sizes[self._windows[row][0]]
        return frame_of(image_size, self._size, self._drawing.resize)

    def _indexed(self, maps: pd.DataFrame) -> pd.DataFrame:
        frame_by_size: dict[Size, Letterbox] = {}
        frames = []
        for row, windows in enumerate(self._windows):
            image_size = self._image_sizes[windows[0]]
            if image_size not in frame_by_size:
                frame_by_size[image_size] = self.frame(row)
            frames.append(frame_by_size[image_size])
        rows = pd.Series(np.arange(len(maps)), maps.index, dtype=float).where(~maps["is_blank"])
        places = {name: [getattr(frame, name) for frame in frames] for name in FRAME}
        return maps[["reading_id", "label"]].assign(row=rows, **places)

    def drawn(
        self, rows: ArrayLike, frame: Letterbox, affine: ArrayLike = AS_IT_IS
    ) -> NDArray[np.float16]:
        """Draw maps of one image that lies so in its frame, moved.

        Parameters
        ----------
        rows : array_like of int, shape (n,)
            Rows of the index, of one reading; negative for a blank map.
        frame : Letterbox
            Where its image lies.
        affine : array_like, shape (2, 3)
            Where each place of the output comes from (`models.training.augment.affine`); maps that
            cannot be moved ignore it.

        Returns
        -------
        ndarray of float16, shape (n, height, width)
        """
        size = frame.height, frame.width
        numbers = np.asarray(rows).tolist()
        if self.can_move:
            placed = self.placed(numbers, frame, affine)
            maps: Float16Map = draw_maps(placed, len(numbers), Picture.of(size))
            return maps
        maps = np.zeros((len(numbers), *size), np.float16)
        windows = {place: self._windows[row] for place, row in enumerate(numbers) if row >= 0}
        drawn = {number: self._published(number, frame) for number in set(chain(*windows.values()))}
        for place, shown in windows.items():
            maps[place] = to_stored(np.maximum.reduce([drawn[window] for window in shown]))
        return maps

    def placed(
        self, rows: ArrayLike, frame: Letterbox, affine: ArrayLike = AS_IT_IS
    ) -> NDArray[np.float64]:
        """Give what there is to draw of maps, to `geometry.placed.draw_maps`; as for `drawn`."""
        shown = [(place, row) for place, row in enumerate(np.asarray(rows).tolist()) if row >= 0]
        windows = sorted(set(chain(*(self._windows[row] for _, row in shown))))
        windows = [window for window in windows if self._peak(window)]
        if not windows:
            return np.zeros((0, len(PLACED_COLUMNS)))
        numbers = [np.arange(*self._bounds[window]) for window in windows]
        placed = placed_gaussians(
            self._rows(np.concatenate(numbers)),
            Motion.of_frame(frame, affine),
            amplitude=self._drawing.amplitude,
        )
        of_window = {}
        for window, part in zip(
            windows, np.split(placed, np.cumsum(list(map(len, numbers)))[:-1]), strict=True
        ):
            part[:, WINDOW] = window
            part[:, WEIGHT] *= 1 / self._peak(window)
            of_window[window] = part[np.argsort(part[:, CLIP], kind="stable")]
        parts = []
        for place, row in shown:
            for window in self._windows[row]:
                if window in of_window:
                    part = of_window[window].copy()
                    part[:, MAP] = place
                    parts.append(part)
        return np.concatenate(parts)

    def _published(self, window: int, frame: Letterbox) -> NDArray[np.float32]:
        gaussians = self._rows(np.arange(*self._bounds[window]))
        gaussians["window"] = np.full(len(gaussians["x_px"]), window)
        size, image_size = (frame.height, frame.width), self._image_sizes[window]
        canvas = Canvas(gaussians, image_size, size, **vars(self._drawing))
        return canvas.label_map([window])[0]

    def _rows(self, rows: NDArray[np.intp]) -> dict[str, NDArray[Any]]:
        return {name: values[rows] for name, values in self._gaussians.items()}

    def _peak(self, window: int) -> float:
        """Give the maximum of a window at full size, worked out once a process."""
        if window not in self._peaks:
            gaussians = self._rows(np.arange(*self._bounds[window]))
            size = self._image_sizes[window]
            self._peaks[window] = peak_of(gaussians, size, self._drawing.amplitude)
        return self._peaks[window]


def check_folders(folders: Iterable[Path]) -> None:
    """Refuse folders that have no windows and Gaussians; raises SchemaError naming all of them."""
    faults = []
    for folder in dict.fromkeys(folders):
        settle(folder)
        absent = [name for name in ("windows", "gaussians") if not has_table(folder, name)]
        if absent:
            shards = " (it holds shards)" if (folder / "index.parquet").is_file() else ""
            faults.append(f"{folder}: no {', no '.join(absent)}{shards}")
    if faults:
        message = "maps are to be drawn from windows and Gaussians (maps: gaussians)."
        remedy = "Give folders that `gazescribe associate` wrote, or set `maps: shards`."
        raise SchemaError(message, remedy=remedy, faults=faults)


def sigma_deg_of(folder: Path) -> float | None:
    """Read the spread of the Gaussians, in degrees; None where their table does not say it."""
    path = table_path(folder, "gaussians")
    metadata = parquet_schema(path).metadata or {}
    with parsing(path, "what `gazescribe associate` writes"):
        return float(metadata[b"sigma_deg"]) if b"sigma_deg" in metadata else None


def _windows(folder: Path, kind: str) -> pd.DataFrame:
    """Read the windows that maps of a kind are drawn from, sorted by reading and number."""
    table = read_table(folder, "windows", WINDOW_COLUMNS)
    chosen = pc.and_(
        pc.is_in(table["kind"], pa.array(WINDOWS_OF[kind])), pc.equal(table["status"], "ok")
    )
    sized = pc.and_(pc.is_valid(table["width_px"]), pc.is_valid(table["height_px"]))
    windows: pd.DataFrame = table.filter(pc.and_(chosen, sized)).to_pandas()
    return windows


Bounds = NDArray[np.intp]
"""Where the Gaussians of each window begin and end, (windows, 2)."""


def _gaussians_of(folder: Path, windows: pd.DataFrame) -> tuple[dict[str, NDArray[Any]], Bounds]:
    """Read the Gaussians of windows, by column."""
    table = read_table(folder, "gaussians", ["reading_id", *GAUSSIAN_COLUMNS])
    # Numbers in place of ids: both tables are sorted by id, and millions of strings are slow.
    ids = table["reading_id"].combine_chunks().dictionary_encode()
    numbers_of_ids = pc.index_in(pa.array(windows["reading_id"], pa.string()), ids.dictionary)
    id_numbers = numbers_of_ids.fill_null(len(ids.dictionary)).to_numpy().astype(np.int64)
    number, own_number = table["window"].to_numpy(), windows["window"].to_numpy()
    n_windows = 1 + max(number.max(initial=0), own_number.max(initial=0))
    key = ids.indices.to_numpy().astype(np.int64) * n_windows + number
    own_key = id_numbers * n_windows + own_number
    wanted = np.isin(key, own_key)
    columns = {
        name: table[name].to_numpy()[wanted] for name in GAUSSIAN_COLUMNS if name != "window"
    }
    bounds = [np.searchsorted(key[wanted], own_key, side) for side in ("left", "right")]
    return columns, np.stack(bounds, axis=1)


def _samples_of(
    samples: Samples, windows: pd.DataFrame, image_sizes: Sequence[Size]
) -> tuple[dict[str, NDArray[Any]], Bounds]:
    """Read the samples of readings, each with one window, as Gaussians."""
    table = read_table(samples.tables, "samples", SAMPLE_COLUMNS)
    ids = windows["reading_id"].tolist()
    rows = rows_of(table, "reading_id", ids)
    parts = [
        sample_gaussians(rows[name], size, samples.sigma_px, window=0)
        for name, size in zip(ids, image_sizes, strict=True)
    ]
    names = [name for name in GAUSSIAN_COLUMNS if name != "window"]
    columns = {name: np.concatenate([part[name] for part in parts] or [[]]) for name in names}
    ends = np.cumsum([0, *(len(part["x_px"]) for part in parts)])
    return columns, np.stack([ends[:-1], ends[1:]], axis=1)


def _planned(windows: pd.DataFrame, kind: str) -> pd.DataFrame:
    """List the maps by reading and label, with the windows of each as rows of `windows`."""
    rows = windows.assign(windows=np.arange(len(windows)), label="")
    if kind == "label":
        rows["label"] = rows["labels"]
        rows = rows.explode("label").dropna(subset=["label"])
    maps = rows.groupby(["reading_id", "label"], sort=True)
    planned: pd.DataFrame = maps.agg({"windows": list, "is_blank": "all"}).reset_index()
    return planned.assign(is_blank=planned["is_blank"].astype(bool))
