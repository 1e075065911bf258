"""Masks of what readers drew, drawn when they are asked for from the ellipses of a folder.

Reads: `ellipses` and `readings` of the tables.
Drops: ellipses of no label, below the certainty, or on images without a size, as `gazescribe
heatmaps` does.
Where nothing is moved, masks have the bytes of shards; one that is moved is exact, not resampled.
"""

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from gazescribe.models.core.drawn_maps import AS_IT_IS
from gazescribe.models.core.images import FRAME
from gazescribe.models.mil.settings import MaskDrawing
from gazescribe.pipeline.core.tables import read_table
from gazescribe.pipeline.geometry.canvas import frame_of, join_ellipses
from gazescribe.pipeline.geometry.letterbox import Letterbox
from gazescribe.pipeline.geometry.moving import placed_ellipses
from gazescribe.pipeline.geometry.placed import ELLIPSE_COLUMNS, MAP, Picture, draw_masks

BOX = ["xmin_px", "ymin_px", "xmax_px", "ymax_px"]
SIZE = ["height_px", "width_px"]


class DrawnMasks:
    """All masks of ellipses of a folder.

    Attributes
    ----------
    folder : pathlib.Path
        The tables.
    index : DataFrame
        As that of `DrawnMaps`; no mask is taken for blank.
    can_move : bool
        Whether masks can be drawn where they are moved to: those that are shrunk as the published
        code does it cannot.
    """

    placed_as = "ellipses"
    """Part of a batch that has what is to be drawn."""

    def __init__(
        self, folder: Path, dataset: str, size: tuple[int, int], resize: str, masks: MaskDrawing
    ) -> None:
        self.folder = folder
        self.can_move = resize == "direct"
        self._size = size
        self._resize = resize
        ellipses = _ellipses(folder, masks.channels[dataset], masks.min_certainty)
        names, self._boxes, self._image_sizes = [], [], []
        for name, of_map in ellipses.groupby(["reading_id", "label"], sort=True):
            names.append(name)
            self._boxes.append(of_map[BOX].to_numpy().tolist())
            height, width = of_map[SIZE].iloc[0].astype(int)
            self._image_sizes.append((height, width))
        frames = [self.frame(row) for row in range(len(names))]
        places = {name: [getattr(frame, name) for frame in frames] for name in FRAME}
        index = pd.DataFrame(names, columns=["reading_id", "label"])
        self.index = index.assign(row=np.arange(len(names), dtype=float), **places)

    def __len__(self) -> int:
        return len(self._boxes)

    def __getitem__(self, row: int) -> NDArray[np.float16]:
        """Draw a mask, (height, width), as a shard would hold it."""
        drawn: NDArray[np.float16] = self.drawn([row], self.frame(row))[0]
        return drawn

    def frame(self, row: int) -> Letterbox:
        """How a mask lies in its frame."""
        return frame_of(self._image_sizes[row], self._size, self._resize)

    def drawn(
        self, rows: ArrayLike, frame: Letterbox, affine: ArrayLike = AS_IT_IS
    ) -> NDArray[np.float16]:
        """Draw masks of one image; arguments and result are those of `DrawnMaps.drawn`."""
        numbers = np.asarray(rows).tolist()
        size = frame.height, frame.width
        if self.can_move:
            placed = self.placed(numbers, frame, affine)
            masks: NDArray[np.float16] = draw_masks(placed, len(numbers), Picture.of(size))
            return masks
        masks = np.zeros((len(numbers), *size), np.float16)
        for place, row in enumerate(numbers):
            if row >= 0:
                boxes, image_size = self._boxes[row], self._image_sizes[row]
                masks[place] = join_ellipses(boxes, image_size, size, self._resize)
        return masks

    def placed(
        self, rows: ArrayLike, frame: Letterbox, affine: ArrayLike = AS_IT_IS
    ) -> NDArray[np.float64]:
        """Give what there is to draw of masks, to `geometry.placed.draw_masks`; as for `drawn`."""
        parts = [np.zeros((0, len(ELLIPSE_COLUMNS)))]
        for place, row in enumerate(np.asarray(rows).tolist()):
            if row >= 0:
                part = placed_ellipses(self._boxes[row], frame, affine)
                part[:, MAP] = place
                parts.append(part)
        return np.concatenate(parts)


def _ellipses(
    folder: Path, channels: dict[str, tuple[str, ...]], min_certainty: int
) -> pd.DataFrame:
    """List the ellipses that are drawn, once for each label that they are of."""
    columns = ["reading_id", "label", "certainty", *BOX]
    ellipses: pd.DataFrame = read_table(folder, "ellipses", columns).to_pandas()
    sizes = read_table(folder, "readings", ["reading_id", *SIZE]).to_pandas().dropna(subset=SIZE)
    certain = ellipses[ellipses["certainty"] >= min_certainty]
    reached = certain.assign(label=certain["label"].map(channels)).explode("label")
    drawn: pd.DataFrame = reached.dropna(subset=["label"]).merge(sizes, on="reading_id")
    return drawn
