"""Lists of images with their labels and the rows of their maps, read from tables and indices.

Reads: `images` and `studies` of MIMIC-CXR-JPG; `readings` (and `ellipses`) of REFLACX or EGD;
`windows` that label maps were drawn from; indices of image and map shards.
Drops: images and readings that cannot be used, counted by reason.
Source: Lanfredi et al. 2023, Section 2.6; `spec/mil.md` sections 2.2, 6 and 8.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gazescribe.models.core.images import FRAME
from gazescribe.models.mil.settings import MilInputs
from gazescribe.pipeline.core.class_names import TEN_LABELS
from gazescribe.pipeline.core.errors import AlignmentError
from gazescribe.pipeline.core.schemas import SPLITS
from gazescribe.pipeline.core.shards import open_shards
from gazescribe.pipeline.core.tables import read_table

CHANNEL = {label: number for number, label in enumerate(TEN_LABELS)}
PHASE = 3
"""Of REFLACX; the others have five readings of each of a few images, and tuned the window."""
POSITIVE = ("positive", "uncertain")
READING_COLUMNS = [
    "reading_id",
    "dicom_id",
    "subject_id",
    "split",
    "phase",
    "has_gaze",
    "image_path",
]


class Supervision(NamedTuple):
    """Where annotations come from: fields of `MilInputs`."""

    dataset: str
    maps: str
    associated: str | None


SUPERVISIONS = {
    "ellipse": Supervision("reflacx", "ellipse_maps", None),
    "gaze": Supervision("reflacx", "label_maps", "associated"),
    "degraded": Supervision("reflacx", "degraded_maps", "degraded_associated"),
    "report": Supervision("reflacx", "report_maps", None),
    "egd": Supervision("egd", "egd_maps", "egd_associated"),
}


@dataclass(frozen=True)
class Items:
    """Columns of n images, in a fixed order.

    Attributes
    ----------
    dicom_id, reading_id, source : ndarray of str, shape (n,)
        The image; the reading, empty for images of MIMIC's list; mimic, reflacx or egd.
    subject_id : ndarray of int64, shape (n,)
        Nobody is in two splits.
    annotated : ndarray of bool, shape (n,)
        Whether the maps supervise.
    labels : ndarray of float32, shape (n, 10)
        1 where the image has the label.
    image_row : ndarray of int64, shape (n,)
        Row of the image shards.
    map_row : ndarray of int64, shape (n, 10)
        Row of the map shards; -1 where there is no map, or an empty one.
    left_out : mapping of str to int
        What could have been here, by why it is not.
    """

    dicom_id: NDArray[np.str_]
    reading_id: NDArray[np.str_]
    source: NDArray[np.str_]
    subject_id: NDArray[np.int64]
    annotated: NDArray[np.bool_]
    labels: NDArray[np.float32]
    image_row: NDArray[np.int64]
    map_row: NDArray[np.int64]
    left_out: Mapping[str, int]

    def __len__(self) -> int:
        return len(self.dicom_id)

    def columns(self) -> dict[str, NDArray[Any]]:
        """All but `left_out`."""
        return {name: value for name, value in vars(self).items() if name != "left_out"}

    def take(self, rows: NDArray[Any], reason: str) -> "Items":
        """Choose some by mask or by position; the others are left out for this reason."""
        columns = {name: column[rows] for name, column in self.columns().items()}
        n_left = len(self) - len(columns["dicom_id"])
        return Items(**columns, left_out=_summed([self.left_out, {reason: n_left}]))


def joined(parts: Sequence[Items]) -> Items:
    """Put lists one after another."""
    columns = [part.columns() for part in parts]
    whole = {name: np.concatenate([part[name] for part in columns]) for name in columns[0]}
    return Items(**whole, left_out=_summed(part.left_out for part in parts))


def _summed(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for part in counts:
        total.update(part)
    return {reason: n for reason, n in sorted(total.items()) if n}


def mimic_items(inputs: MilInputs, images: pd.DataFrame, split: str) -> Items:
    """List the images of MIMIC-CXR-JPG of a split, with the labels of their reports.

    Parameters
    ----------
    inputs : MilInputs
        Folders.
    images : pandas.DataFrame
        Index of `models.core.images.ImageRows`.
    split : str
        train, validate or test.

    Raises
    ------
    AlignmentError
        If CONFIG does not say which labels the columns of `studies` reach.
    """
    names = ["dicom_id", "study_id", "subject_id", "split"]
    listed = read_table(Path(inputs.mimic), "images", names, [("split", "==", split)]).to_pandas()
    studies = read_table(Path(inputs.mimic), "studies").to_pandas().set_index("study_id")
    usable, left_out = _screened(
        listed,
        {
            "mimic: study without labels": _absent(listed["study_id"], studies.index),
            "mimic: image not in the shards": _absent(listed["dicom_id"], images.index),
        },
    )
    labels = np.zeros((len(usable), len(TEN_LABELS)), np.float32)
    states = studies.loc[usable["study_id"]]
    for column, reached in _chexpert_columns(inputs, studies).items():
        positive = states[column].isin(POSITIVE).to_numpy()
        labels[np.ix_(positive, _channels(reached, "CONFIG"))] = 1
    map_row = np.full(labels.shape, -1, np.int64)
    return _items(usable, images, "mimic", labels, map_row, left_out, annotated=False)


def _chexpert_columns(inputs: MilInputs, studies: pd.DataFrame) -> dict[str, tuple[str, ...]]:
    columns = inputs.channels.get("mimic-cxr-jpg", {})
    unknown = sorted(set(columns) - set(studies.columns))
    if unknown or not columns:
        message = f"inputs.channels of mimic-cxr-jpg names {', '.join(unknown) or 'nothing'};"
        message += f" the table studies has {', '.join(studies.columns)}."
        raise AlignmentError(message, where="CONFIG", remedy="Correct rules/columns.yaml.")
    return columns


def reading_items(inputs: MilInputs, supervision: str, images: pd.DataFrame, split: str) -> Items:
    """List the annotated readings of a split, by image path, with labels and maps.

    Parameters
    ----------
    inputs : MilInputs
        Folders.
    supervision : str
        A key of `SUPERVISIONS`. ellipse: labels are those with a mask. gaze and its like: labels
        said, with or without a look. report: labels with an ellipse of any certainty, each with the
        map of the whole reading (the published ablation).
    images : pandas.DataFrame
        Index of `models.core.images.ImageRows`.
    split : str
        train, validate or test.

    Raises
    ------
    AlignmentError
        If a map does not lie on its image.
    """
    source = SUPERVISIONS[supervision]
    maps = _map_index(getattr(inputs, source.maps))
    marks, dictated = _marks(inputs, supervision, maps[["reading_id", "label", "row"]])
    name = source.dataset
    listed = _listed(inputs, name, split)
    wrong = {
        f"{name}: no split": listed["split"].isna().to_numpy(),
        f"{name}: no gaze": ~listed["has_gaze"].to_numpy(bool),
        f"{name}: image not in the shards": _absent(listed["dicom_id"], images.index),
    }
    if dictated is not None:
        wrong[f"{name}: no dictation with times"] = _absent(
            listed["reading_id"], pd.Index(dictated)
        )
    usable, left_out = _screened(listed, wrong)
    position = pd.Series(np.arange(len(usable)), usable["reading_id"].to_numpy(str))
    marks = marks[marks["reading_id"].isin(position.index)]
    told_by = getattr(inputs, source.associated or source.maps)
    place = (position[marks["reading_id"]].to_numpy(), _channels(marks["label"], told_by))
    labels = np.zeros((len(usable), len(TEN_LABELS)), np.float32)
    map_row = np.full(labels.shape, -1, np.int64)
    labels[place] = 1
    map_row[place] = marks["row"].fillna(-1)
    items = _items(usable, images, name, labels, map_row, left_out, annotated=True)
    _check_frames(items, images, maps, getattr(inputs, source.maps))
    return items


def _listed(inputs: MilInputs, name: str, split: str) -> pd.DataFrame:
    """List the readings of a split by image path; those of none come, to be counted, in train."""
    table = read_table(Path(getattr(inputs, name)), "readings", READING_COLUMNS)
    readings: pd.DataFrame = table.to_pandas()
    if name == "reflacx":
        readings = readings[readings["phase"] == PHASE]
    rows = readings["split"] == split
    if split == SPLITS[0]:
        rows |= readings["split"].isna()
    return readings[rows].sort_values(["image_path", "reading_id"], ignore_index=True)


def _marks(
    inputs: MilInputs, supervision: str, rows: pd.DataFrame
) -> tuple[pd.DataFrame, list[str] | None]:
    """Labels of readings, with the rows of their maps; the readings that could tell, if not all."""
    source = SUPERVISIONS[supervision]
    if source.associated:
        mentions, dictated = _mentions(getattr(inputs, source.associated))
        return mentions.merge(rows, how="left", on=["reading_id", "label"]), dictated
    if supervision == "report":
        whole = rows.drop(columns="label")
        return _drawn_at_all(inputs).merge(whole, how="left", on="reading_id"), None
    return rows, None


def _items(
    usable: pd.DataFrame,
    images: pd.DataFrame,
    source: str,
    labels: NDArray[np.float32],
    map_row: NDArray[np.int64],
    left_out: dict[str, int],
    *,
    annotated: bool,
) -> Items:
    readings = usable["reading_id"] if annotated else pd.Series("", usable.index)
    return Items(
        dicom_id=usable["dicom_id"].to_numpy(str),
        reading_id=readings.to_numpy(str),
        source=np.full(len(usable), source),
        subject_id=usable["subject_id"].to_numpy(np.int64),
        annotated=np.full(len(usable), annotated),
        labels=labels,
        image_row=images.loc[usable["dicom_id"], "row"].to_numpy(np.int64),
        map_row=map_row,
        left_out=left_out,
    )


def _channels(labels: Iterable[str], where: str) -> NDArray[np.intp]:
    """Numbers of labels among the ten."""
    names = list(labels)
    unknown = sorted(set(names) - set(CHANNEL))
    if unknown:
        message = f"{', '.join(unknown)} is none of the ten labels that networks know."
        remedy = f"These are {', '.join(TEN_LABELS)}."
        raise AlignmentError(message, where=where, remedy=remedy)
    return np.array([CHANNEL[label] for label in names], np.intp)


def _absent(keys: "pd.Series[Any]", index: "pd.Index[Any]") -> NDArray[np.bool_]:
    """Tell which keys an index has not; `isin` is slow on as many strings."""
    absent: NDArray[np.bool_] = index.get_indexer(keys) < 0  # type: ignore[arg-type]  # the stubs want an Index
    return absent


def _screened(
    frame: pd.DataFrame, wrong: Mapping[str, NDArray[np.bool_]]
) -> tuple[pd.DataFrame, dict[str, int]]:
    """Leave out rows, each counted for the first reason that applies."""
    usable = np.ones(len(frame), bool)
    left_out = {}
    for reason, bad in wrong.items():
        left_out[reason] = int((usable & bad).sum())
        usable &= ~bad
    return frame[usable], {reason: n for reason, n in left_out.items() if n}


def _map_index(folder: str) -> pd.DataFrame:
    """Rows of map shards: reading_id, label, row (null where the map is empty) and the frame."""
    names = ["reading_id", "label", "peak", *FRAME]
    index: pd.DataFrame = open_shards(folder).index.select(names).to_pandas()
    row = pd.Series(np.arange(len(index)), index.index, dtype=float)
    return index.assign(row=row.where(index["peak"] != 0)).drop(columns="peak")


def _mentions(folder: str) -> tuple[pd.DataFrame, list[str]]:
    """Labels that readings mention, and the readings whose words have times."""
    table = read_table(Path(folder), "windows", ["reading_id", "kind", "labels"]).to_pandas()
    dictated = table.loc[table["kind"] == "report", "reading_id"].unique().tolist()
    mentions = table.explode("labels").rename(columns={"labels": "label"})[["reading_id", "label"]]
    return mentions.dropna().drop_duplicates(), dictated


def _drawn_at_all(inputs: MilInputs) -> pd.DataFrame:
    """Labels of which a reading has an ellipse, be the reader ever so uncertain."""
    table = read_table(Path(inputs.reflacx), "ellipses", ["reading_id", "label"])
    ellipses: pd.DataFrame = table.to_pandas()
    reached = ellipses["label"].map(inputs.channels["reflacx"])
    return ellipses.assign(label=reached).explode("label").dropna().drop_duplicates()


def _check_frames(items: Items, images: pd.DataFrame, maps: pd.DataFrame, where: str) -> None:
    """Refuse maps that were fitted into their frame otherwise than their image was."""
    item, channel = np.nonzero(items.map_row >= 0)
    of_map = maps.iloc[items.map_row[item, channel]][[*FRAME]].to_numpy(float)
    of_image = images.loc[items.dicom_id[item].tolist(), [*FRAME]].to_numpy(float)
    factor = of_map[:, 0] / of_image[:, 0]
    _, width, scale, pad_y, pad_x = np.abs(of_map - of_image * factor[:, None]).T
    pixel = factor + 0.01 * of_map[:, 0]  # pads are whole pixels; sizes in tables can be a bit off
    wrong = (width > 0) | (scale > 0.01 * of_map[:, 2]) | (pad_y > pixel) | (pad_x > pixel)
    faults = sorted(set(items.reading_id[item[wrong]]))
    if faults:
        message = f"maps of {len(faults)} readings do not lie on their images."
        remedy = "Draw maps and images with one shape, of images of the sizes that the tables say."
        raise AlignmentError(message, where=where, remedy=remedy, faults=faults)
