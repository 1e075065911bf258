"""Lists of images with their diagnosis, map and fixations, read from tables and indices.

Reads: `readings` and `fixations` of EGD; indices of image and saliency shards.
Drops: images that cannot be used, counted by reason.
"""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gazescribe.models.cooperative.crops import centre_frame
from gazescribe.models.cooperative.gaze import ImageGaze, gaze_of
from gazescribe.models.cooperative.settings import CooperativeInputs, CooperativeRun
from gazescribe.models.cooperative.splits import Rows, split_readings, split_source
from gazescribe.models.core.images import FRAME, check_frames, index_by_image, open_kind, params_of
from gazescribe.pipeline.core.errors import AlignmentError, ParamsError
from gazescribe.pipeline.core.schemas import DIAGNOSES
from gazescribe.pipeline.core.shards import Shards
from gazescribe.pipeline.core.tables import read_table
from gazescribe.pipeline.geometry.letterbox import Letterbox

READING_COLUMNS = ["reading_id", "dicom_id", "subject_id", "diagnosis", "egd_split"]


@dataclass(frozen=True)
class CooperativeItems:
    """Images of one split.

    Attributes
    ----------
    dicom_id, reading_id : ndarray of str, shape (n,)
        Image, and the reading whose gaze is drawn.
    target : ndarray of int64, shape (n,)
        Number of the diagnosis in `DIAGNOSES`, the order of the networks' outputs.
    image_row, map_row : ndarray of int64, shape (n,)
        Rows of the indices of shards; -1 where there is no map.
    frames : tuple of Letterbox
        How each image lies in the frame that the network sees.
    gaze : tuple of ImageGaze
        Fixations on each image, in pixels of that frame.
    """

    dicom_id: NDArray[np.str_]
    reading_id: NDArray[np.str_]
    subject_id: NDArray[np.int64]
    target: NDArray[np.int64]
    image_row: NDArray[np.int64]
    map_row: NDArray[np.int64]
    frames: tuple[Letterbox, ...] = field(repr=False)
    gaze: tuple[ImageGaze, ...] = field(repr=False)

    def __len__(self) -> int:
        return len(self.dicom_id)

    def take(self, rows: Rows) -> "CooperativeItems":
        """Give some of them."""
        return CooperativeItems(
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
    def with_maps(self) -> "CooperativeItems":
        """Those whose reader looked at the image."""
        return self.take(np.flatnonzero(self.map_row >= 0))


@dataclass(frozen=True)
class Lists:
    """All that a run sees: items by split, and what they were chosen from.

    `readings` are those that could be used, sorted by dicom_id; `chosen` has the rows of each
    split; `left_out` counts the images that cannot be used, by reason.
    """

    items: dict[str, CooperativeItems]
    readings: pd.DataFrame
    chosen: dict[str, Rows]
    left_out: dict[str, int]


def build_lists(inputs: CooperativeInputs, run: CooperativeRun) -> Lists:
    """List the images of each split of a run.

    Raises GazeError if a patient is in two splits, if images cannot be brought to the run's size by
    whole blocks, if maps do not lie on their images, or if a table or shard is not what it must be.
    """
    images, maps = open_kind(inputs.images, "images"), open_kind(inputs.saliency_maps, "heatmaps")
    factor = 1 if run.crops == "published" else block_of(images, run, inputs.images)
    image_index = index_by_image(images)
    readings, left_out = _usable(inputs, image_index, run)
    image_index = image_index.loc[readings["dicom_id"]]  # from here on in the order of readings
    # Rows of the maps that show gaze.
    map_index = maps.index.to_pandas().assign(row=range(len(maps)))
    map_index = map_index[(map_index["kind"] == "saliency") & (map_index["peak"].fillna(0) != 0)]
    map_rows = map_index.set_index("reading_id")["row"]
    map_row = readings["reading_id"].map(map_rows).fillna(-1).to_numpy(np.int64)
    _check_maps(readings, image_index, maps, map_row, inputs.saliency_maps)
    frames = frames_of(image_index, factor)
    if run.crops == "published":
        frames = tuple(centre_frame(frame.image_size, run.image_height) for frame in frames)
    everybody = CooperativeItems(
        dicom_id=readings["dicom_id"].to_numpy(str),
        reading_id=readings["reading_id"].to_numpy(str),
        subject_id=readings["subject_id"].to_numpy(np.int64),
        target=readings["diagnosis"].map(DIAGNOSES.index).to_numpy(np.int64),
        image_row=image_index["row"].to_numpy(np.int64),
        map_row=map_row,
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
                **{name: int((items.target == k).sum()) for k, name in enumerate(DIAGNOSES)},
            }
            for split, items in lists.items.items()
        },
        "left_out": lists.left_out,
        "split_source": {"egd": split_source(run)},
    }


def targets_of(folder: str) -> dict[str, Any]:
    """Say what the saliency maps of a folder are of: fixations or samples, under which Gaussian.

    What its index does not say is null.
    """
    params = params_of(folder)
    source = params.get("saliency_from")
    sigmas = open_kind(folder, "heatmaps").index["sigma_deg"].drop_null().unique().to_pylist()
    return {
        "saliency_from": source,
        "sigma_deg": sigmas[0] if len(sigmas) == 1 else None,
        "sigma_px": params.get("samples_sigma_px") if source == "samples" else None,
    }


def block_of(images: Shards, run: CooperativeRun, where: object) -> int:
    """Tell how many pixels of the shards, a side, make a pixel of the run's images.

    Raises ParamsError if that is no whole number, the same on both sides of all images.
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


def _check_maps(
    readings: pd.DataFrame,
    image_index: pd.DataFrame,
    maps: Shards,
    map_row: NDArray[np.int64],
    where: object,
) -> None:
    """Refuse maps that were fitted into their frame otherwise than their image was."""
    drawn = map_row >= 0
    of_map = maps.index.select(list(FRAME)).to_pandas().to_numpy(float)[map_row[drawn]]
    of_image = image_index[list(FRAME)].to_numpy(float)[drawn]
    # Pads are whole pixels, and sizes in tables can be a little off.
    limits = np.zeros_like(of_map)
    limits[:, 2] = 0.01 * of_image[:, 2]
    limits[:, 3:] = 1
    names = readings["reading_id"].to_numpy(str)[drawn]
    check_frames(names, of_map - of_image, limits, alike="size", where=where)


def _usable(
    inputs: CooperativeInputs, image_index: pd.DataFrame, run: CooperativeRun
) -> tuple[pd.DataFrame, dict[str, int]]:
    """Give the readings that can be used, by image; count the others for their first reason."""
    listed = read_table(Path(inputs.egd), "readings", READING_COLUMNS).to_pandas()
    listed = listed.sort_values(["dicom_id", "reading_id"], ignore_index=True)
    wrong = {
        "no diagnosis": ~listed["diagnosis"].isin(DIAGNOSES),
        "image not in the shards": ~listed["dicom_id"].isin(image_index.index),
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


def frames_of(image_index: pd.DataFrame, factor: int) -> tuple[Letterbox, ...]:
    """Frames of images by their index, shrunk by whole blocks."""
    entries: Any = image_index.itertuples()  # the stubs know no columns
    return tuple(
        Letterbox(
            entry.height // factor,
            entry.width // factor,
            entry.scale / factor,
            entry.pad_y_px / factor,
            entry.pad_x_px / factor,
            (entry.image_height_px, entry.image_width_px),
        )
        for entry in entries
    )
