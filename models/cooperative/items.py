"""Lists of images with their diagnosis, map and fixations, read from tables and indices.

Reads: `readings` and `fixations` of EGD; indices of image and saliency shards.
Drops: images that cannot be used, counted by reason.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gazescribe.models.cooperative.gaze import Gaze, gaze_of
from gazescribe.models.cooperative.settings import CooperativeInputs, CooperativeRun
from gazescribe.models.cooperative.splits import Rows, said_of_split, split_readings
from gazescribe.models.core.images import FRAME
from gazescribe.pipeline.core.errors import AlignmentError, ParamsError, SchemaError
from gazescribe.pipeline.core.shards import Shards, open_shards
from gazescribe.pipeline.core.tables import read_table
from gazescribe.pipeline.geometry.letterbox import Letterbox

CLASSES = ("normal", "chf", "pneumonia")
"""Diagnoses in the order of the networks' outputs."""
READING_COLUMNS = ["reading_id", "dicom_id", "subject_id", "diagnosis", "egd_split"]


@dataclass(frozen=True)
class Items:
    """Images of one split.

    Attributes
    ----------
    dicom_id, reading_id : ndarray of str, shape (n,)
        Image, and the reading whose gaze is drawn.
    subject_id : ndarray of int64, shape (n,)
        Patient.
    target : ndarray of int64, shape (n,)
        Number of the diagnosis in `CLASSES`.
    image_row, map_row : ndarray of int64, shape (n,)
        Rows of the indices of shards; -1 where there is no map.
    frames : tuple of Letterbox
        How each image lies in the frame that the network sees.
    gaze : tuple of Gaze
        Fixations on each image, in pixels of that frame.
    """

    dicom_id: NDArray[np.str_]
    reading_id: NDArray[np.str_]
    subject_id: NDArray[np.int64]
    target: NDArray[np.int64]
    image_row: NDArray[np.int64]
    map_row: NDArray[np.int64]
    frames: tuple[Letterbox, ...] = field(repr=False)
    gaze: tuple[Gaze, ...] = field(repr=False)

    def __len__(self) -> int:
        return len(self.dicom_id)

    def take(self, rows: Rows) -> "Items":
        """Give some of them."""
        return Items(
            self.dicom_id[rows],
            self.reading_id[rows],
            self.subject_id[rows],
            self.target[rows],
            self.image_row[rows],
            self.map_row[rows],
            tuple(self.frames[row] for row in rows),
            tuple(self.gaze[row] for row in rows),
        )

    @property
    def with_maps(self) -> "Items":
        """Those whose reader looked at the image."""
        return self.take(np.flatnonzero(self.map_row >= 0))


@dataclass(frozen=True)
class Lists:
    """All that a run sees.

    Attributes
    ----------
    items : dict of str to Items
        train, validate and test.
    readings : pandas.DataFrame
        What could be used, sorted by dicom_id.
    chosen : dict of str to ndarray of int
        Rows of `readings` in each split.
    left_out : dict of str to int
        Images that cannot be used, by reason.
    """

    items: dict[str, Items]
    readings: pd.DataFrame
    chosen: dict[str, Rows]
    left_out: dict[str, int]


def build_lists(inputs: CooperativeInputs, run: CooperativeRun) -> Lists:
    """List the images of each split.

    Parameters
    ----------
    inputs : CooperativeInputs
        Folders.
    run : CooperativeRun
        Size of the images, split.

    Raises
    ------
    GazeError
        If a patient is in two splits, if images cannot be brought to the run's size by whole
        blocks, if maps do not lie on their images, or if a table or shard is not what it must be.
    """
    images, maps = _open(inputs.images, "images"), _open(inputs.saliency_maps, "heatmaps")
    factor = block_of(images, run, inputs.images)
    image_rows, map_rows = _image_rows(images), _map_rows(maps)
    readings, left_out = _usable(inputs, image_rows, run)
    check_frames(readings, images, maps, map_rows, inputs.saliency_maps)
    frames = _frames(readings, images, factor)
    everybody = Items(
        dicom_id=readings["dicom_id"].to_numpy(str),
        reading_id=readings["reading_id"].to_numpy(str),
        subject_id=readings["subject_id"].to_numpy(np.int64),
        target=readings["diagnosis"].map(CLASSES.index).to_numpy(np.int64),
        image_row=np.array([image_rows[name] for name in readings["dicom_id"]], np.int64),
        map_row=np.array([map_rows.get(name, -1) for name in readings["reading_id"]], np.int64),
        frames=frames,
        gaze=gaze_of(Path(inputs.egd), readings["reading_id"].tolist(), frames),
    )
    chosen = split_readings(readings, run)
    items = {split: everybody.take(rows) for split, rows in chosen.items()}
    return Lists(items, readings, chosen, left_out)


def summarise_lists(run: CooperativeRun, lists: Lists) -> dict[str, Any]:
    """Count what a run sees: images, patients, classes and maps by split, and what was left out."""
    return {
        "n": {
            split: {
                "images": len(items),
                "patients": len(np.unique(items.subject_id)),
                "without_gaze": int((items.map_row < 0).sum()),
                **{name: int((items.target == k).sum()) for k, name in enumerate(CLASSES)},
            }
            for split, items in lists.items.items()
        },
        "left_out": lists.left_out,
        "split_source": {"egd": said_of_split(run)},
    }


def block_of(images: Shards, run: CooperativeRun, where: object) -> int:
    """Tell how many pixels of the shards, a side, make a pixel of the run's images.

    Raises
    ------
    ParamsError
        If that is no whole number, the same on both sides of all images.
    """
    size = run.image_height, run.image_width
    columns = [images.index[side].unique().to_pylist() for side in ("height", "width")]
    factors = {
        stored / length for sides, length in zip(columns, size, strict=True) for stored in sides
    }
    if len(factors) != 1 or not (factor := factors.pop()).is_integer() or factor < 1:
        stored = " and ".join(
            f"{name}s {sides}" for name, sides in zip(FRAME, columns, strict=False)
        )
        message = f"images of {stored} have no whole blocks for {size[0]} × {size[1]}."
        remedy = f"Make them with `gazescribe images --size {size[0]}x{size[1]}`, or a multiple."
        raise ParamsError(message, where=where, remedy=remedy)
    return int(factor)


def check_frames(
    readings: pd.DataFrame,
    images: Shards,
    maps: Shards,
    rows: Mapping[str, int],
    where: object,
) -> None:
    """Refuse maps that were fitted into their frame otherwise than their image was.

    Raises
    ------
    AlignmentError
        Naming all readings whose map was.
    """
    drawn, image_rows = readings[readings["reading_id"].isin(rows)], _image_rows(images)
    of_map = _frame_columns(maps)[[rows[name] for name in drawn["reading_id"]]]
    of_image = _frame_columns(images)[[image_rows[name] for name in drawn["dicom_id"]]]
    height, width, scale, pad_y, pad_x = np.abs(of_map - of_image).T
    # Pads are whole pixels, and sizes in tables can be a little off.
    wrong = (height > 0) | (width > 0) | (scale > 0.01 * of_image[:, 2]) | (pad_y > 1) | (pad_x > 1)
    faults = drawn["reading_id"][wrong].tolist()
    if faults:
        message = f"maps of {len(faults)} readings do not lie on their images."
        remedy = "Draw maps and images with one size, of images of the sizes that the tables say."
        raise AlignmentError(message, where=where, remedy=remedy, faults=faults)


def _open(folder: str, kind: str) -> Shards:
    shards = open_shards(folder)
    if shards.kind != kind:
        raise SchemaError(f"these are shards of {shards.kind}, not of {kind}.", where=folder)
    return shards


def _usable(
    inputs: CooperativeInputs, image_rows: Mapping[str, int], run: CooperativeRun
) -> tuple[pd.DataFrame, dict[str, int]]:
    """Give the readings that can be used, by image; count the others for their first reason."""
    listed = read_table(Path(inputs.egd), "readings", READING_COLUMNS).to_pandas()
    listed = listed.sort_values(["dicom_id", "reading_id"], ignore_index=True)
    wrong = {
        "no diagnosis": ~listed["diagnosis"].isin(CLASSES),
        "image not in the shards": ~listed["dicom_id"].isin(image_rows),
        "image read before": listed["dicom_id"].duplicated(),
    }
    if run.split == "table":
        wrong["in no split"] = listed["egd_split"].isna()
    reason = np.select([bad.to_numpy() for bad in wrong.values()], list(wrong), "")
    left_out = dict(Counter(reason[reason != ""].tolist()))
    usable = listed[reason == ""].reset_index(drop=True)
    if usable.empty:
        faults = [f"{name}: {n}" for name, n in left_out.items()]
        message = f"of {len(listed)} images with gaze none can be used."
        raise AlignmentError(message, where=inputs.egd, faults=faults)
    return usable, left_out


def _image_rows(images: Shards) -> dict[str, int]:
    return {name: row for row, name in enumerate(images.index["dicom_id"].to_pylist())}


def _map_rows(maps: Shards) -> dict[str, int]:
    """Rows of the saliency maps that show gaze, by reading."""
    index = maps.index.select(["reading_id", "kind", "peak"]).to_pylist()
    return {
        entry["reading_id"]: row
        for row, entry in enumerate(index)
        if entry["kind"] == "saliency" and entry["peak"]
    }


def _frame_columns(shards: Shards) -> NDArray[np.float64]:
    columns: NDArray[np.float64] = shards.index.select(list(FRAME)).to_pandas().to_numpy(float)
    return columns


def _frames(readings: pd.DataFrame, images: Shards, factor: int) -> tuple[Letterbox, ...]:
    index = images.index.to_pandas().set_index("dicom_id").loc[readings["dicom_id"]]
    return tuple(
        Letterbox(
            entry.height // factor,
            entry.width // factor,
            entry.scale / factor,
            entry.pad_y_px / factor,
            entry.pad_x_px / factor,
            (entry.image_height_px, entry.image_width_px),
        )
        for entry in index.itertuples()
    )
