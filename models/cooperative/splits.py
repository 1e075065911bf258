"""Who is in train, validate and test of the cooperative network.

`table` takes the split that ingest drew (by patient, stratified by diagnosis); `folds` makes folds
of the same kind for cross-validation; `published` restates the paper, to compare with: images are
drawn one by one, so that a patient can be on both sides, and the reported images choose the epoch.
"""

import csv
import hashlib
import io
import json
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gazescribe.models.cooperative.settings import EGD, CooperativeRun
from gazescribe.models.training.sampling import generator
from gazescribe.pipeline.core.errors import AlignmentError, ParamsError
from gazescribe.pipeline.core.tables import split_source as source_of_tables
from gazescribe.pipeline.core.values import SPLITS

SPLIT_FILE = "split.csv"
COLUMNS = ("split", "dicom_id", "subject_id", "diagnosis")
PUBLISHED_TEST, PUBLISHED_ALL = 100, 1083  # images; Qiu, Rivaz, Xiao 2025, III.E
PUBLISHED_DRAW = 3  # a purpose of random numbers beside those of `models.training.sampling`

Rows = NDArray[np.intp]


def split_readings(readings: pd.DataFrame, run: CooperativeRun) -> dict[str, Rows]:
    """Choose the rows of each split.

    `readings` has dicom_id, subject_id, diagnosis and split; one row an image, sorted by
    dicom_id. Positions are for train, validate and test, rising. With `folds`, fold number `fold`
    is test and the next one validates. With `published`, validate and test are the same images.
    Raises AlignmentError if a patient is in two splits, but for `published`. Raises ParamsError if
    there are too few patients for the folds.
    """
    if run.split == "published":
        return _published(len(readings), run.split_seed)
    if run.split == "table":
        splits = readings["split"].to_numpy()
        chosen = {split: np.flatnonzero(splits == split) for split in SPLITS}
    else:
        fold = patient_folds(readings, run.n_folds, run.split_seed)
        # `fold` is the run's, and the folds go round: the last one is validated by the first.
        offset = (fold - (run.fold or 0)) % run.n_folds
        names = np.select([offset == 0, offset == 1], ["test", "validate"], "train")
        chosen = {split: np.flatnonzero(names == split) for split in SPLITS}
    check_patients(readings, chosen)
    return chosen


def split_source(run: CooperativeRun, dataset: str, folder: str) -> str:
    """Say where the split of a data set comes from, for every result."""
    if run.split == "table" and dataset != EGD:
        return source_of_tables(Path(folder))
    return {
        "table": "drawn by ingest: by patient, stratified by diagnosis",
        "folds": f"fold {run.fold} of {run.n_folds} (seed {run.split_seed}): by patient,"
        " stratified by diagnosis",
        "published": f"published protocol (seed {run.split_seed}): by image; what is reported also"
        " chooses the epoch",
    }[run.split]


def patient_folds(readings: pd.DataFrame, n_folds: int, seed: int) -> Rows:
    """Give each row a fold: no patient is in two, each diagnosis is shared out evenly.

    Raises ParamsError if a diagnosis has fewer patients than there are folds.
    """
    from sklearn.model_selection import StratifiedGroupKFold

    diagnoses = readings["diagnosis"].fillna("no diagnosis")
    patients = readings["subject_id"].groupby(diagnoses).nunique()
    few = [f"{name}: {n} patients" for name, n in patients.items() if n < n_folds]
    if few:
        raise ParamsError(f"{n_folds} folds need so many patients of each class.", faults=few)
    folds = StratifiedGroupKFold(n_folds, shuffle=True, random_state=seed)
    parts = folds.split(readings, diagnoses, readings["subject_id"])
    fold = np.empty(len(readings), np.intp)
    for number, (_, rows) in enumerate(parts):
        fold[rows] = number
    return fold


def check_patients(readings: pd.DataFrame, chosen: Mapping[str, Rows]) -> None:
    """Check that no patient is in two splits; raises AlignmentError naming all who are."""
    seen: defaultdict[int, list[str]] = defaultdict(list)
    for split, rows in chosen.items():
        for subject in readings["subject_id"].iloc[rows].unique():
            seen[int(subject)].append(split)
    faults = [
        f"subject {subject}: {', '.join(splits)}"
        for subject, splits in sorted(seen.items())
        if len(splits) > 1
    ]
    if faults:
        message = f"{len(faults)} patients are in two splits."
        remedy = "Ingest again: a split goes by patient."
        raise AlignmentError(message, remedy=remedy, faults=faults)


def split_csv(readings: pd.DataFrame, chosen: Mapping[str, Rows]) -> str:
    """Say which image is in which split, as CSV: split, dicom_id, subject_id, diagnosis."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for split, rows in chosen.items():
        part = readings.iloc[rows][list(COLUMNS[1:])]
        writer.writerows((split, *row) for row in part.itertuples(index=False))
    return text.getvalue()


def split_sha256(split: str) -> str:
    """Identify a split, as `split_csv` gives it: by its images and patients, not by diagnoses."""
    return hashlib.sha256(json.dumps(sorted(_by_image(split).items())).encode()).hexdigest()


def differences(split: str, earlier: str) -> list[str]:
    """Name the images that are not where they were in an earlier split; those tested now first."""
    now, before = _by_image(split), _by_image(earlier)
    images = sorted(now.keys() | before.keys())
    images.sort(key=lambda image: "test" not in now.get(image, ""))
    return [
        f"image {image[0]} of patient {image[1]}: {now.get(image, 'unused')} here,"
        f" {before.get(image, 'unused')} there"
        for image in images
        if now.get(image) != before.get(image)
    ]


def _by_image(split: str) -> dict[tuple[str, str], str]:
    splits_of: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for row in csv.DictReader(io.StringIO(split)):
        splits_of[row["dicom_id"], row["subject_id"]].append(row["split"])
    return {image: " and ".join(splits) for image, splits in splits_of.items()}


def _published(n: int, seed: int) -> dict[str, Rows]:
    order = generator(seed, PUBLISHED_DRAW).permutation(n)
    n_test = max(round(n * PUBLISHED_TEST / PUBLISHED_ALL), 1)
    reported = np.sort(order[:n_test])
    return {"train": np.sort(order[n_test:]), "validate": reported, "test": reported}
