"""Readings with maps of their labels, of gaze or of what their readers drew.

Reads: `readings`, and `ellipses` where the labels are those drawn; `windows` that label maps were
drawn from; indices of image and map shards; Gaussians or ellipses in place of the second, if so
asked.
Drops: readings that cannot be used, counted by reason.
Source: Lanfredi et al. 2023, Section 2.6; `spec/mil.md` sections 2.2 and 6.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from gazescribe.models.core.drawn_maps import DrawnMaps
from gazescribe.models.core.images import FRAME, check_frames
from gazescribe.models.mil.drawn_masks import DrawnMasks
from gazescribe.models.mil.items import MilItems, absent, assembled, channel_numbers, screened
from gazescribe.models.mil.maps import open_maps
from gazescribe.models.mil.settings import MilInputs, input_of
from gazescribe.models.mil.supervision import Source
from gazescribe.pipeline.core.class_names import check_same_labels, labels_said
from gazescribe.pipeline.core.foreign_tables import parquet_schema
from gazescribe.pipeline.core.tables import read_table, table_path
from gazescribe.pipeline.core.values import SPLITS

PHASE = 3
"""Of REFLACX; the others have five readings of each of a few images, and tuned the window."""
READING_COLUMNS = [
    "reading_id",
    "dicom_id",
    "subject_id",
    "split",
    "phase",
    "has_gaze",
    "image_path",
]


def reading_items(inputs: MilInputs, source: Source, images: pd.DataFrame, split: str) -> MilItems:
    """List the readings of a data set in a split, by image path, with labels and maps.

    ellipse: labels are those with a mask. gaze: labels said, with or without a look. report: labels
    with an ellipse of any certainty, each with the map of the whole reading (the published
    ablation). `images` is what `image_index` gives. Raises AlignmentError if a map does not lie on
    its image, or maps are of other labels than CONFIG.
    """
    maps, folder = _map_index(inputs, source, images)
    marks, dictated = _marks(inputs, source, maps[["reading_id", "label", "row"]])
    name = source.dataset
    listed = _listed(inputs, source, split)
    wrong = {
        f"{name}: no split": listed["split"].isna().to_numpy(),
        f"{name}: no gaze": ~listed["has_gaze"].to_numpy(bool),
        f"{name}: image not in the shards": absent(listed["dicom_id"], images.index),
    }
    if dictated is not None:
        untimed = absent(listed["reading_id"], pd.Index(dictated))
        wrong[f"{name}: no dictation with times"] = untimed
    usable, left_out = screened(listed, wrong)
    position = pd.Series(np.arange(len(usable)), usable["reading_id"].to_numpy(str))
    marks = marks[marks["reading_id"].isin(position.index)]
    told_by = input_of(inputs, source.associated) if source.associated else folder
    numbers = channel_numbers(marks["label"], inputs, told_by)
    place = (position[marks["reading_id"]].to_numpy(), numbers)
    labels = np.zeros((len(usable), len(inputs.labels)), np.float32)
    map_row = np.full(labels.shape, -1, np.int64)
    labels[place] = 1
    map_row[place] = marks["row"].fillna(-1)
    items = assembled(usable, images, name, labels, map_row, left_out, inputs.labels)
    _check_maps(items, images, maps, folder)
    return items


def _listed(inputs: MilInputs, source: Source, split: str) -> pd.DataFrame:
    """List the readings of a split by image path; those of none come, to be counted, in train."""
    table = read_table(Path(input_of(inputs, source.tables)), "readings", READING_COLUMNS)
    readings: pd.DataFrame = table.to_pandas()
    if source.dataset == "reflacx":
        readings = readings[readings["phase"] == PHASE]
    rows = readings["split"] == split
    if split == SPLITS[0]:
        rows |= readings["split"].isna()  # once, not in every split
    return readings[rows].sort_values(["image_path", "reading_id"], ignore_index=True)


def _marks(
    inputs: MilInputs, source: Source, rows: pd.DataFrame
) -> tuple[pd.DataFrame, list[str] | None]:
    """Labels of readings, with the rows of their maps; the readings that could tell, if not all."""
    if source.associated:
        folder = Path(input_of(inputs, source.associated))
        names = ["reading_id", "kind", "labels"]
        table = read_table(folder, "windows", names).to_pandas()
        metadata = parquet_schema(table_path(folder, "windows")).metadata
        check_same_labels(labels_said(metadata, folder), inputs.labels, where=folder)
        # Windows of whole reports are there for readings whose words have times.
        dictated = table.loc[table["kind"] == "report", "reading_id"].unique().tolist()
        mentions = table.explode("labels").rename(columns={"labels": "label"})
        labels = mentions[["reading_id", "label"]].dropna().drop_duplicates()
        return labels.merge(rows, how="left", on=["reading_id", "label"]), dictated
    if source.kind == "report":
        # Any ellipse counts, however uncertain the reader was of it.
        table = read_table(Path(inputs.reflacx), "ellipses", ["reading_id", "label"])
        ellipses: pd.DataFrame = table.to_pandas()
        reached = ellipses["label"].map(inputs.channels["reflacx"])
        labels = ellipses.assign(label=reached).explode("label").dropna().drop_duplicates()
        return labels.merge(rows.drop(columns="label"), how="left", on="reading_id"), None
    return rows, None


def _map_index(inputs: MilInputs, source: Source, images: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """Rows of maps: reading_id, label, row (null where the map is empty), frame; their folder."""
    height, width = ([*images[side], 1][0] for side in FRAME[:2])
    maps = open_maps(inputs, source, (height, width))
    folder = str(maps.folder)
    if isinstance(maps, DrawnMasks):
        return maps.index, folder
    if isinstance(maps, DrawnMaps):
        index, labels = maps.index, maps.labels
    else:
        labels = labels_said(maps.index.schema.metadata, folder)
        index = maps.index.select(["reading_id", "label", "peak", *FRAME]).to_pandas()
        row = pd.Series(np.arange(len(index)), index.index, dtype=float)
        index = index.assign(row=row.where(index["peak"] != 0)).drop(columns="peak")
    if source.kind != "report":  # whose maps are of no label
        check_same_labels(labels, inputs.labels, where=folder)
    return index, folder


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
