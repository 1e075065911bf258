"""Lists of images with their diagnosis, map and fixations, read from tables and indices.

Reads: `readings` and `fixations` of each data set; indices of image and saliency shards, or windows
and Gaussians in place of the last.
Drops: images that cannot be used, counted by reason.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gazescribe.models.cooperative.crops import centre_frame
from gazescribe.models.cooperative.gaze import ImageGaze, gaze_of
from gazescribe.models.cooperative.maps import Maps, open_maps
from gazescribe.models.cooperative.readings import classes_of, list_readings, usable_readings
from gazescribe.models.cooperative.settings import (
    CooperativeInputs,
    CooperativeRun,
    SaliencyDrawing,
)
from gazescribe.models.cooperative.splits import Rows, split_readings, split_source
from gazescribe.models.core.drawn_maps import sigma_deg_of
from gazescribe.models.core.images import FRAME, check_frames, index_by_image, open_kind, params_of
from gazescribe.pipeline.core.errors import ParamsError
from gazescribe.pipeline.core.shards import Shards
from gazescribe.pipeline.geometry.letterbox import Letterbox

UNKNOWN = -1  # in place of the number of a diagnosis


@dataclass(frozen=True)
class CooperativeItems:
    """Images of one split.

    Attributes
    ----------
    dicom_id, reading_id : ndarray of str, shape (n,)
        Image, and the reading whose gaze is drawn.
    target : ndarray of int64, shape (n,)
        Number of the diagnosis in the order of the networks' outputs; -1 where it is not known.
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

    def taught(self, objective: str) -> "CooperativeItems":
        """Those that a run of this objective learns from."""
        return self.with_maps if objective == "saliency" else self.diagnosed

    @property
    def diagnosed(self) -> "CooperativeItems":
        """Those whose diagnosis is known."""
        return self.take(np.flatnonzero(self.target != UNKNOWN))

    @property
    def with_maps(self) -> "CooperativeItems":
        """Those whose reader looked at the image."""
        return self.take(np.flatnonzero(self.map_row >= 0))


@dataclass(frozen=True)
class Lists:
    """All that a run sees: items by split, and what they were chosen from.

    `classes` are in the order of the networks' outputs, `sources` say where the split of each data
    set comes from; `readings` are those that could be used, sorted by dicom_id; `chosen` has the
    rows of each split; `left_out` counts the images that cannot be used, by reason.
    """

    items: dict[str, CooperativeItems]
    classes: tuple[str, ...]
    sources: dict[str, str]
    readings: pd.DataFrame
    chosen: dict[str, Rows]
    left_out: dict[str, int]


def build_lists(
    inputs: CooperativeInputs, run: CooperativeRun, classes: Sequence[str] | None = None
) -> Lists:
    """List the images of each split of a run.

    `classes` are those of a trained network, in the order of its outputs; None: those of the data.
    Raises GazeError if a patient or an image is in two splits, if images cannot be brought to the
    run's size by whole blocks, if maps do not lie on their images, or if a table or shard is not
    what it must be.
    """
    images = open_kind(inputs.images, "images")
    maps = open_maps(inputs, images)
    factor = 1 if run.crops == "published" else block_of(images, run, inputs.images)
    image_index = index_by_image(images)
    tables = list_readings(inputs)
    if classes is None:
        classes = classes_of(inputs, tables)
    tables = {
        name: table.assign(map_row=_map_rows(name, table, maps)) for name, table in tables.items()
    }
    readings, left_out = usable_readings(tables, run, image_index.index, classes)
    image_index = image_index.loc[readings["dicom_id"]]  # from here on in the order of readings
    _check_maps(readings, image_index, maps)
    frames = frames_of(image_index, factor)
    if run.crops == "published":
        frames = tuple(centre_frame(frame.image_size, run.image_height) for frame in frames)
    numbers = {name: number for number, name in enumerate(classes)}
    everybody = CooperativeItems(
        dicom_id=readings["dicom_id"].to_numpy(str),
        reading_id=_names_of(readings, inputs),
        subject_id=readings["subject_id"].to_numpy(np.int64),
        target=np.array([numbers.get(name, UNKNOWN) for name in readings["diagnosis"]], np.int64),
        image_row=image_index["row"].to_numpy(np.int64),
        map_row=readings["map_row"].to_numpy(np.int64),
        frames=frames,
        gaze=_gaze(readings, frames, inputs),
    )
    chosen = split_readings(readings, run)
    items = {split: everybody.take(rows) for split, rows in chosen.items()}
    sources = {name: split_source(run, name, folder) for name, folder in inputs.tables.items()}
    return Lists(items, tuple(classes), sources, readings, chosen, left_out)


def _map_rows(dataset: str, readings: pd.DataFrame, maps: Maps) -> NDArray[np.int64]:
    """Find the map of each reading of a data set that shows gaze; -1 where there is none."""
    if dataset not in maps.folders:
        return np.full(len(readings), -1)
    index = maps.index(dataset).dropna(subset=["row"])
    rows = readings["reading_id"].map(index.set_index("reading_id")["row"])
    return rows.fillna(-1).to_numpy(np.int64)


def _names_of(readings: pd.DataFrame, inputs: CooperativeInputs) -> NDArray[np.str_]:
    """Ids of readings; with the data set before them where there are several: ids may be alike."""
    names = readings["reading_id"]
    if len(inputs.tables) > 1:
        names = readings["dataset"] + ":" + names
    return names.to_numpy(str)


def _gaze(
    readings: pd.DataFrame, frames: Sequence[Letterbox], inputs: CooperativeInputs
) -> tuple[ImageGaze, ...]:
    """Read the fixations of readings of all data sets, in the order of readings."""
    gaze: dict[int, ImageGaze] = {}
    for name, folder in inputs.tables.items():
        rows = np.flatnonzero(readings["dataset"] == name).tolist()
        ids = readings["reading_id"].iloc[rows].tolist()
        of_set = gaze_of(Path(folder), ids, [frames[row] for row in rows]) if ids else ()
        gaze |= dict(zip(rows, of_set, strict=True))
    return tuple(gaze[row] for row in range(len(readings)))


def summarise_lists(lists: Lists) -> dict[str, Any]:
    """Count what a run sees: images, patients, classes and maps by split, and what was left out."""
    return {
        "n": {
            split: {
                "images": len(items),
                "patients": len(np.unique(items.subject_id)),
                "without_gaze": int((items.map_row < 0).sum()),
                **_without_diagnosis(items),
                **{name: int((items.target == k).sum()) for k, name in enumerate(lists.classes)},
            }
            for split, items in lists.items.items()
        },
        "left_out": lists.left_out,
        "split_source": lists.sources,
    }


def _without_diagnosis(items: CooperativeItems) -> dict[str, int]:
    n = int((items.target == UNKNOWN).sum())
    return {"without_diagnosis": n} if n else {}


def targets_of(inputs: CooperativeInputs) -> dict[str, Any]:
    """Say what the saliency maps are of: fixations or samples, under which Gaussian.

    What a folder does not say, or two say otherwise, is null.
    """
    if inputs.maps == "gaussians":
        targets = [
            _drawn_target_of(folder, inputs.drawing) for folder in inputs.associated.values()
        ]
    else:
        targets = [_target_of(folder) for folder in inputs.saliency_maps.values()]
    return {
        name: targets[0][name]
        if all(target[name] == targets[0][name] for target in targets)
        else None
        for name in ("saliency_from", "sigma_deg", "sigma_px")
        if targets
    }


def _target_of(folder: str) -> dict[str, Any]:
    params = params_of(folder)
    source = params.get("saliency_from")
    sigmas = open_kind(folder, "heatmaps").index["sigma_deg"].drop_null().unique().to_pylist()
    return {
        "saliency_from": source,
        "sigma_deg": sigmas[0] if len(sigmas) == 1 else None,
        "sigma_px": params.get("samples_sigma_px") if source == "samples" else None,
    }


def _drawn_target_of(folder: str, drawing: SaliencyDrawing) -> dict[str, Any]:
    from_samples = drawing.saliency_from == "samples"
    return {
        "saliency_from": drawing.saliency_from,
        "sigma_deg": None if from_samples else sigma_deg_of(Path(folder)),
        "sigma_px": drawing.samples_sigma_px if from_samples else None,
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


def _check_maps(readings: pd.DataFrame, image_index: pd.DataFrame, maps: Maps) -> None:
    """Refuse maps that were fitted into their frame otherwise than their image was."""
    drawn = readings["map_row"].to_numpy() >= 0
    if not drawn.any():
        return
    frames_of_maps = [maps.index(name)[list(FRAME)] for name in maps.folders]
    rows = readings["map_row"].to_numpy()[drawn]
    of_map = np.concatenate([frame.to_numpy(float) for frame in frames_of_maps])[rows]
    of_image = image_index[list(FRAME)].to_numpy(float)[drawn]
    # Pads are whole pixels, and sizes in tables can be a little off.
    limits = np.zeros_like(of_map)
    limits[:, 2] = 0.01 * of_image[:, 2]
    limits[:, 3:] = 1
    names = readings["reading_id"].to_numpy(str)[drawn]
    where = ", ".join(str(shards.folder) for shards in maps.folders.values())
    check_frames(names, of_map - of_image, limits, alike="size", where=where)


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
