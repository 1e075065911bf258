"""Images with labels alone, which no maps annotate: MIMIC-CXR-JPG's, or those of any data set.

Reads: `images` and `studies` of MIMIC-CXR-JPG; of other data sets `readings`, and `mentions` of
their reports or else `certainties`; the index of image shards.
Drops: images that cannot be used, counted by reason.
Source: Lanfredi et al. 2023, Section 2.6; `spec/mil.md` section 6.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from gazescribe.models.mil.items import (
    POSITIVE,
    MilItems,
    absent,
    assembled,
    channel_numbers,
    screened,
)
from gazescribe.models.mil.settings import MilInputs
from gazescribe.models.mil.supervision import list_name
from gazescribe.pipeline.core.errors import AlignmentError
from gazescribe.pipeline.core.foreign_tables import read_parquet
from gazescribe.pipeline.core.schemas import TABLES
from gazescribe.pipeline.core.table_checks import check_rows
from gazescribe.pipeline.core.tables import read_if_present, read_table
from gazescribe.pipeline.core.values import SPLITS

READING_COLUMNS = ["reading_id", "dicom_id", "subject_id", "split", "text"]
CERTAIN = 3
"""Of a reader's certainties, from 0 to 5: possibly. Labels count from here on, as ellipses do
(Lanfredi et al. 2023, Section 2.6)."""


def labelled_items(inputs: MilInputs, dataset: str, images: pd.DataFrame, split: str) -> MilItems:
    """List the images of a data set in a split, with their labels.

    `images` is what `image_index` gives. Raises AlignmentError if CONFIG does not say which labels
    the data set's own reach.
    """
    if dataset == "mimic":
        return mimic_items(inputs, images, split)
    return own_items(inputs, dataset, images, split)


def mimic_items(inputs: MilInputs, images: pd.DataFrame, split: str) -> MilItems:
    """List the images of MIMIC-CXR-JPG of a split, with the labels of their reports.

    `images` is what `image_index` gives. Raises AlignmentError if CONFIG does not say which labels
    the columns of `studies` reach.
    """
    names = ["dicom_id", "study_id", "subject_id", "split"]
    listed = read_table(Path(inputs.mimic), "images", names, [("split", "==", split)]).to_pandas()
    studies = read_table(Path(inputs.mimic), "studies").to_pandas().set_index("study_id")
    usable, left_out = screened(
        listed,
        {
            "mimic: study without labels": absent(listed["study_id"], studies.index),
            "mimic: image not in the shards": absent(listed["dicom_id"], images.index),
        },
    )
    labels = np.zeros((len(usable), len(inputs.labels)), np.float32)
    states = studies.loc[usable["study_id"]]
    for column, reached in _chexpert_columns(inputs, studies).items():
        positive = states[column].isin(POSITIVE).to_numpy()
        labels[np.ix_(positive, channel_numbers(reached, inputs, "CONFIG"))] = 1
    map_row = np.full(labels.shape, -1, np.int64)
    return assembled(usable, images, "mimic", labels, map_row, left_out, inputs.labels)


def _chexpert_columns(inputs: MilInputs, studies: pd.DataFrame) -> dict[str, tuple[str, ...]]:
    columns = inputs.channels.get("mimic-cxr-jpg", {})
    unknown = sorted(set(columns) - set(studies.columns))
    if unknown or not columns:
        message = f"inputs.channels of mimic-cxr-jpg names {', '.join(unknown) or 'nothing'};"
        message += f" the table studies has {', '.join(studies.columns)}."
        raise AlignmentError(message, where="CONFIG", remedy="Correct rules/columns.yaml.")
    return columns


def own_items(inputs: MilInputs, dataset: str, images: pd.DataFrame, split: str) -> MilItems:
    """List the images of a data set that is none of the paper's, each once.

    An image has what any of its readings says: a positive or uncertain mention, where `mentions`
    are named, else a certainty of `CERTAIN` or more, or of unknown degree. Raises as above.
    """
    folders = inputs.datasets[dataset]
    readings = read_table(Path(folders.tables), "readings", READING_COLUMNS).to_pandas()
    if folders.mentions:
        labelled, is_told = _mentioned(folders.mentions), _has_text(readings)
    else:
        certainties = _certainties(folders.tables, dataset)
        is_told = readings["reading_id"].isin(certainties["reading_id"])
        degree = certainties["certainty"]
        labelled = certainties[degree.isna() | (degree >= CERTAIN)]
    reached = _reached(labelled, inputs, dataset).merge(readings[["reading_id", "dicom_id"]])
    dicom_ids = pd.Index(readings.loc[is_told, "dicom_id"].unique())
    listed = readings.drop_duplicates("dicom_id").sort_values("dicom_id")
    rows = listed["split"] == split
    if split == SPLITS[0]:
        rows |= listed["split"].isna()  # to be counted once
    listed = listed[rows].drop(columns="reading_id")
    usable, left_out = screened(
        listed,
        {
            f"{dataset}: no split": listed["split"].isna().to_numpy(),
            f"{dataset}: image without labels": absent(listed["dicom_id"], dicom_ids),
            f"{dataset}: image not in the shards": absent(listed["dicom_id"], images.index),
        },
    )
    labels = np.zeros((len(usable), len(inputs.labels)), np.float32)
    position = pd.Series(np.arange(len(usable)), usable["dicom_id"].to_numpy(str))
    reached = reached[reached["dicom_id"].isin(position.index)]
    channels = channel_numbers(reached["label"], inputs, "CONFIG")
    labels[position[reached["dicom_id"]].to_numpy(), channels] = 1
    map_row = np.full(labels.shape, -1, np.int64)
    return assembled(usable, images, list_name(dataset), labels, map_row, left_out, inputs.labels)


def _has_text(readings: pd.DataFrame) -> "pd.Series[bool]":
    """Tell which readings have a report that could have mentioned something."""
    return readings["text"].fillna("").str.strip() != ""


def _mentioned(file: str) -> pd.DataFrame:
    """List what is mentioned and not denied, by reading."""
    path = Path(file)
    table = read_parquet(path, columns=TABLES["mentions"].columns)
    mentions: pd.DataFrame = check_rows(table, TABLES["mentions"], path).to_pandas()
    mentions = mentions[mentions["polarity"].isin(POSITIVE)].rename(
        columns={"report_id": "reading_id"}
    )
    return mentions.assign(label=mentions["label"].str.strip().str.casefold())


def _certainties(tables: str, dataset: str) -> pd.DataFrame:
    """Read the certainties of a data set, which must have some to be told by them."""
    certainties: pd.DataFrame = read_if_present(Path(tables), "certainties").to_pandas()
    if certainties.empty:
        message = f"{dataset} is to have unannotated images, and nothing says their labels."
        remedy = f"Name mentions in inputs.datasets.{dataset}, or give its manifest certainties."
        raise AlignmentError(message, where=tables, remedy=remedy)
    return certainties


def _reached(labelled: pd.DataFrame, inputs: MilInputs, dataset: str) -> pd.DataFrame:
    """Give reading and label of all that is said; raises for names that CONFIG does not know."""
    channels = inputs.own_channels[dataset]
    unknown = sorted(set(labelled["label"]) - set(channels))
    if unknown:
        message = f"CONFIG does not say which labels these reach: {', '.join(unknown)}."
        remedy = f"Add them to labels.yaml, or to {dataset} in columns.yaml, of the rules folder;"
        remedy += " [] where they reach none. Then run `gazescribe configure` again."
        where = inputs.datasets[dataset].mentions or inputs.datasets[dataset].tables
        raise AlignmentError(message, where=where, remedy=remedy)
    reached = labelled.assign(label=labelled["label"].map(channels)).explode("label")
    rows: pd.DataFrame = reached[["reading_id", "label"]].dropna().drop_duplicates()
    return rows
