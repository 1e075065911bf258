"""A list of images with their labels and the rows of their maps, and how such lists are made.

`labelled` lists images with labels alone, `readings` those with maps, `lists` what a run sees.
Source: Lanfredi et al. 2023, Section 2.6; `spec/mil.md` sections 2.2 and 6.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gazescribe.models.core.images import index_by_image, open_images
from gazescribe.models.mil.settings import MilInputs, MilRun
from gazescribe.pipeline.core.errors import AlignmentError

POSITIVE = ("positive", "uncertain")


@dataclass(frozen=True)
class MilItems:
    """Columns of n images, in a fixed order.

    Attributes
    ----------
    dicom_id, reading_id, source : ndarray of str, shape (n,)
        The image; the reading, empty for images with labels alone; the data set.
    subject_id : ndarray of int64, shape (n,)
        Nobody is in two splits.
    annotated : ndarray of bool, shape (n,)
        Whether the maps supervise.
    labels : ndarray of float32, shape (n, labels)
        1 where the image has the label.
    image_row : ndarray of int64, shape (n,)
        Row of the image shards.
    map_row : ndarray of int64, shape (n, labels)
        Row of the map shards; -1 where there is no map, or an empty one.
    left_out : mapping of str to int
        What could have been here, by why it is not.
    label_names : tuple of str
        The labels, as the columns of `labels` and `map_row` are.
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
    label_names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.dicom_id)

    def columns(self) -> dict[str, NDArray[Any]]:
        """All that has a row for each image."""
        apart = ("left_out", "label_names")
        return {name: value for name, value in vars(self).items() if name not in apart}

    def take(self, rows: NDArray[Any], reason: str) -> "MilItems":
        """Choose some by mask or by position; the others are left out for this reason."""
        columns = {name: column[rows] for name, column in self.columns().items()}
        n_left = len(self) - len(columns["dicom_id"])
        left_out = _summed([self.left_out, {reason: n_left}])
        return MilItems(**columns, left_out=left_out, label_names=self.label_names)


def joined(parts: Sequence[MilItems]) -> MilItems:
    """Put lists of the same labels one after another."""
    columns = [part.columns() for part in parts]
    whole = {name: np.concatenate([part[name] for part in columns]) for name in columns[0]}
    left_out = _summed(part.left_out for part in parts)
    return MilItems(**whole, left_out=left_out, label_names=parts[0].label_names)


def _summed(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for part in counts:
        total.update(part)
    return {reason: n for reason, n in sorted(total.items()) if n}


def image_index(inputs: MilInputs, run: MilRun) -> pd.DataFrame:
    """Index of the image shards by dicom id; they must be of the run's size."""
    return index_by_image(open_images(inputs.images, (run.image_size, run.image_size)))


def assembled(
    usable: pd.DataFrame,
    images: pd.DataFrame,
    source: str,
    labels: NDArray[np.float32],
    map_row: NDArray[np.int64],
    left_out: dict[str, int],
    label_names: tuple[str, ...],
) -> MilItems:
    """Join the columns of usable rows; rows with a reading are annotated."""
    is_reading = "reading_id" in usable
    readings = usable["reading_id"] if is_reading else pd.Series("", usable.index)
    return MilItems(
        dicom_id=usable["dicom_id"].to_numpy(str),
        reading_id=readings.to_numpy(str),
        source=np.full(len(usable), source),
        subject_id=usable["subject_id"].to_numpy(np.int64),
        annotated=np.full(len(usable), is_reading),
        labels=labels,
        image_row=images.loc[usable["dicom_id"], "row"].to_numpy(np.int64),
        map_row=map_row,
        left_out=left_out,
        label_names=label_names,
    )


def channel_numbers(labels: Iterable[str], inputs: MilInputs, where: str) -> NDArray[np.intp]:
    """Numbers of labels among those of CONFIG; raises AlignmentError for others."""
    numbers = {label: number for number, label in enumerate(inputs.labels)}
    names = list(labels)
    unknown = sorted(set(names) - set(numbers))
    if unknown:
        message = f"{', '.join(unknown)} is none of the labels of CONFIG."
        remedy = f"These are {', '.join(inputs.labels)}. Make it and CONFIG with one rules folder."
        raise AlignmentError(message, where=where, remedy=remedy)
    return np.array([numbers[label] for label in names], np.intp)


def absent(keys: "pd.Series[Any]", index: "pd.Index[Any]") -> NDArray[np.bool_]:
    """Tell which keys an index has not; `isin` is slow on as many strings."""
    missing: NDArray[np.bool_] = index.get_indexer(keys) < 0  # type: ignore[arg-type]  # the stubs want an Index
    return missing


def screened(
    frame: pd.DataFrame, wrong: Mapping[str, NDArray[np.bool_]]
) -> tuple[pd.DataFrame, dict[str, int]]:
    """Leave out rows, each counted for the first reason that applies."""
    usable = np.ones(len(frame), bool)
    left_out = {}
    for reason, bad in wrong.items():
        left_out[reason] = int((usable & bad).sum())
        usable &= ~bad
    return frame[usable], {reason: n for reason, n in left_out.items() if n}
