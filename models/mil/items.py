"""What one run sees: lists of images with their labels and the rows of their maps.

Reads: `images` and `studies` of MIMIC-CXR-JPG; `readings` (and `ellipses`) of REFLACX or EGD;
`windows` that label maps were drawn from; indices of image and map shards.
Drops: images and readings that cannot be used; a share of the annotations, images listed twice, or
images beyond a number, as the run's settings say; all counted by reason.
Source: Lanfredi et al. 2023, Section 2.6; `spec/mil.md` sections 2.2, 6 and 8.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gazescribe.models.core.images import FRAME, check_frames, index_by_image, open_images
from gazescribe.models.mil.settings import SUPERVISIONS, MilInputs, MilRun
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


@dataclass(frozen=True)
class MilItems:
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

    def take(self, rows: NDArray[Any], reason: str) -> "MilItems":
        """Choose some by mask or by position; the others are left out for this reason."""
        columns = {name: column[rows] for name, column in self.columns().items()}
        n_left = len(self) - len(columns["dicom_id"])
        return MilItems(**columns, left_out=_summed([self.left_out, {reason: n_left}]))


def joined(parts: Sequence[MilItems]) -> MilItems:
    """Put lists one after another."""
    columns = [part.columns() for part in parts]
    whole = {name: np.concatenate([part[name] for part in columns]) for name in columns[0]}
    return MilItems(**whole, left_out=_summed(part.left_out for part in parts))


def _summed(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for part in counts:
        total.update(part)
    return {reason: n for reason, n in sorted(total.items()) if n}


def build_items(inputs: MilInputs, run: MilRun) -> dict[str, MilItems]:
    """List what a run trains on, and what chooses its best epoch.

    train has images of MIMIC-CXR-JPG with their reports' labels, then the annotated readings;
    validate and test have images of MIMIC-CXR-JPG. Raises GazeError if a subject is in two splits,
    if maps do not lie on their images, or if a table or shard is not what it must be.
    """
    check_splits(inputs, run)
    images = image_index(inputs, run)
    items = {split: mimic_items(inputs, images, split) for split in SPLITS}
    train = items["train"]
    annotated = None
    if run.supervision != "none":
        annotated = reading_items(inputs, run.supervision, images, "train")
        reason = f"{SUPERVISIONS[run.supervision].dataset}: outside the annotated share"
        annotated = annotated.take(annotated_share(annotated, run), reason)
    if run.drop_duplicates and annotated is not None:
        once = ~np.isin(train.dicom_id, annotated.dicom_id)
        train = train.take(once, "mimic: annotated as well")
    if run.max_unannotated is not None:
        order = np.argsort(_lots("unannotated", train.dicom_id))
        train = train.take(np.sort(order[: run.max_unannotated]), "mimic: beyond max_unannotated")
    return items | {"train": train if annotated is None else joined([train, annotated])}


def evaluation_items(inputs: MilInputs, run: MilRun) -> dict[str, MilItems]:
    """List the readings of REFLACX that localisation is scored on; raises as `build_items` does.

    validate and test are readings of phase 3 with gaze, none marked as annotated. `labels` are
    those drawn with enough certainty for a mask, `map_row` the rows of the masks in
    `inputs.ellipse_maps`.
    """
    images = image_index(inputs, run)
    listed = {}
    for split in SPLITS[1:]:
        items = reading_items(inputs, "ellipse", images, split)
        listed[split] = replace(items, annotated=np.zeros(len(items), bool))
    return listed


def image_index(inputs: MilInputs, run: MilRun) -> pd.DataFrame:
    """Index of the image shards by dicom id; they must be of the run's size."""
    return index_by_image(open_images(inputs.images, (run.image_size, run.image_size)))


def annotated_share(items: MilItems, run: MilRun) -> NDArray[np.intp]:
    """Choose which annotations a run may use, of all readings by image path; positions, rising.

    `share_rule` published takes the first ones; subjects takes whole subjects in an order drawn by
    `seed`, until there are enough, so that a smaller share of the same seed lies inside a larger.
    """
    n = round(run.annotated_share * len(items))
    if run.share_rule == "published":
        return np.arange(n)
    # Whole subjects: a share of everybody's readings would still know everybody.
    subjects, subject_row, sizes = np.unique(
        items.subject_id, return_inverse=True, return_counts=True
    )
    order = np.argsort(_lots(f"annotated:{run.seed}", subjects))
    before = np.empty(len(subjects), int)  # readings of the subjects that were drawn earlier
    before[order] = np.cumsum(sizes[order]) - sizes[order]
    return np.flatnonzero(before[subject_row] < n)


def _lots(purpose: str, ids: NDArray[Any]) -> NDArray[np.uint64]:
    """Draw a number for each id, whatever else is in the list."""
    digests = [hashlib.sha256(f"{purpose}:{name}".encode()).digest() for name in ids.tolist()]
    # Eight bytes: two ids of a list draw the same number once in a billion lists.
    return np.array([int.from_bytes(digest[:8], "big") for digest in digests], np.uint64)


def check_splits(inputs: MilInputs, run: MilRun) -> None:
    """Check that nobody is in two splits of all that a run sees, its evaluation included.

    Raises AlignmentError naming all subjects that are.
    """
    tables = {inputs.mimic: "images", inputs.reflacx: "readings"}
    if run.supervision == "egd":
        tables[inputs.egd] = "readings"
    seen: defaultdict[int, dict[str, str]] = defaultdict(dict)
    for folder, name in tables.items():
        table = read_table(Path(folder), name, ["subject_id", "split"])
        for subject, split in zip(*(column.to_pylist() for column in table.columns), strict=True):
            if split is not None:
                seen[subject].setdefault(split, folder)
    faults = [
        f"subject {subject}: "
        + ", ".join(f"{split} in {folders[split]}" for split in sorted(folders))
        for subject, folders in sorted(seen.items())
        if len(folders) > 1
    ]
    if faults:
        message = f"{len(faults)} subjects are in two splits of what {run.name} sees."
        remedy = "Ingest all data sets with the same --val-subjects, or all without it, and EGD and"
        remedy += " MIMIC-CXR-JPG both with --reflacx, or both without it."
        raise AlignmentError(message, remedy=remedy, faults=faults)


def mimic_items(inputs: MilInputs, images: pd.DataFrame, split: str) -> MilItems:
    """List the images of MIMIC-CXR-JPG of a split, with the labels of their reports.

    `images` is what `image_index` gives. Raises AlignmentError if CONFIG does not say which labels
    the columns of `studies` reach.
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
    return _assembled(usable, images, "mimic", labels, map_row, left_out)


def _chexpert_columns(inputs: MilInputs, studies: pd.DataFrame) -> dict[str, tuple[str, ...]]:
    columns = inputs.channels.get("mimic-cxr-jpg", {})
    unknown = sorted(set(columns) - set(studies.columns))
    if unknown or not columns:
        message = f"inputs.channels of mimic-cxr-jpg names {', '.join(unknown) or 'nothing'};"
        message += f" the table studies has {', '.join(studies.columns)}."
        raise AlignmentError(message, where="CONFIG", remedy="Correct rules/columns.yaml.")
    return columns


def reading_items(
    inputs: MilInputs, supervision: str, images: pd.DataFrame, split: str
) -> MilItems:
    """List the annotated readings of a split, by image path, with labels and maps.

    `supervision` is a key of `SUPERVISIONS` in the settings. ellipse: labels are those with a mask.
    gaze and its like: labels said, with or without a look. report: labels with an ellipse of any
    certainty, each with the map of the whole reading (the published ablation). `images` is what
    `image_index` gives. Raises AlignmentError if a map does not lie on its image.
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
        untimed = _absent(listed["reading_id"], pd.Index(dictated))
        wrong[f"{name}: no dictation with times"] = untimed
    usable, left_out = _screened(listed, wrong)
    position = pd.Series(np.arange(len(usable)), usable["reading_id"].to_numpy(str))
    marks = marks[marks["reading_id"].isin(position.index)]
    told_by = getattr(inputs, source.associated or source.maps)
    place = (position[marks["reading_id"]].to_numpy(), _channels(marks["label"], told_by))
    labels = np.zeros((len(usable), len(TEN_LABELS)), np.float32)
    map_row = np.full(labels.shape, -1, np.int64)
    labels[place] = 1
    map_row[place] = marks["row"].fillna(-1)
    items = _assembled(usable, images, name, labels, map_row, left_out)
    _check_maps(items, images, maps, getattr(inputs, source.maps))
    return items


def _assembled(
    usable: pd.DataFrame,
    images: pd.DataFrame,
    source: str,
    labels: NDArray[np.float32],
    map_row: NDArray[np.int64],
    left_out: dict[str, int],
) -> MilItems:
    """Join the columns of usable rows; rows of a table of readings are annotated."""
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
    )


def _listed(inputs: MilInputs, name: str, split: str) -> pd.DataFrame:
    """List the readings of a split by image path; those of none come, to be counted, in train."""
    table = read_table(Path(getattr(inputs, name)), "readings", READING_COLUMNS)
    readings: pd.DataFrame = table.to_pandas()
    if name == "reflacx":
        readings = readings[readings["phase"] == PHASE]
    rows = readings["split"] == split
    if split == SPLITS[0]:
        rows |= readings["split"].isna()  # once, not in every split
    return readings[rows].sort_values(["image_path", "reading_id"], ignore_index=True)


def _marks(
    inputs: MilInputs, supervision: str, rows: pd.DataFrame
) -> tuple[pd.DataFrame, list[str] | None]:
    """Labels of readings, with the rows of their maps; the readings that could tell, if not all."""
    source = SUPERVISIONS[supervision]
    if source.associated:
        folder = Path(getattr(inputs, source.associated))
        table = read_table(folder, "windows", ["reading_id", "kind", "labels"]).to_pandas()
        # Windows of whole reports are there for readings whose words have times.
        dictated = table.loc[table["kind"] == "report", "reading_id"].unique().tolist()
        mentions = table.explode("labels").rename(columns={"labels": "label"})
        labels = mentions[["reading_id", "label"]].dropna().drop_duplicates()
        return labels.merge(rows, how="left", on=["reading_id", "label"]), dictated
    if supervision == "report":
        # Any ellipse counts, however uncertain the reader was of it.
        table = read_table(Path(inputs.reflacx), "ellipses", ["reading_id", "label"])
        ellipses: pd.DataFrame = table.to_pandas()
        reached = ellipses["label"].map(inputs.channels["reflacx"])
        labels = ellipses.assign(label=reached).explode("label").dropna().drop_duplicates()
        return labels.merge(rows.drop(columns="label"), how="left", on="reading_id"), None
    return rows, None


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


def _check_maps(items: MilItems, images: pd.DataFrame, maps: pd.DataFrame, where: str) -> None:
    """Refuse maps that do not lie on their images, which may be smaller by any factor."""
    item, channel = np.nonzero(items.map_row >= 0)
    of_map = maps.iloc[items.map_row[item, channel]][[*FRAME]].to_numpy(float)
    of_image = images.loc[items.dicom_id[item].tolist(), [*FRAME]].to_numpy(float)
    factor = of_map[:, 0] / of_image[:, 0]
    limits = np.zeros_like(of_map)
    limits[:, 2] = 0.01 * of_map[:, 2]
    # Pads: a whole pixel of the image, and a hundredth of the side for sizes that are a bit off.
    limits[:, 3:] = (factor + 0.01 * of_map[:, 0])[:, None]
    differences = of_map - of_image * factor[:, None]
    check_frames(items.reading_id[item], differences, limits, alike="shape", where=where)
