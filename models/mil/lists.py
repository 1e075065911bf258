"""What one run sees: lists of images with their labels and the rows of their maps.

Reads: what `labelled` and `readings` read.
Drops: what these drop; a share of the annotations, images listed twice, or images beyond a number,
as the run's settings say; all counted by reason.
Source: Lanfredi et al. 2023, Section 2.6; `spec/mil.md` sections 2.2, 6 and 8.
"""

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gazescribe.models.core.leaks import leak_faults
from gazescribe.models.mil.items import MilItems, image_index, joined
from gazescribe.models.mil.labelled import labelled_items
from gazescribe.models.mil.maps import check_maps
from gazescribe.models.mil.readings import reading_items
from gazescribe.models.mil.settings import MilInputs, MilRun, input_of, scored_sources
from gazescribe.models.mil.supervision import sources_of, tables_of
from gazescribe.pipeline.core.errors import AlignmentError
from gazescribe.pipeline.core.tables import read_table
from gazescribe.pipeline.core.values import SPLITS

COLUMNS = ["subject_id", "dicom_id", "split"]


def build_items(inputs: MilInputs, run: MilRun) -> dict[str, MilItems]:
    """List what a run trains on, and what chooses its best epoch.

    train has the unannotated images, then the annotated readings; validate and test have images of
    the first kind. Raises GazeError if a subject is in two splits, if maps do not lie on their
    images or are of other labels, or if a table or shard is not what it must be.
    """
    check_splits(inputs, run)
    check_maps(inputs, [*sources_of(run.supervision), *scored_sources(inputs)])
    images = image_index(inputs, run)
    items = {split: unannotated_items(inputs, images, split) for split in SPLITS[1:]}
    annotated = []
    for source in sources_of(run.supervision):
        readings = reading_items(inputs, source, images, "train")
        reason = f"{source.dataset}: outside the annotated share"
        annotated.append(readings.take(annotated_share(readings, run), reason))
    listed = [labelled_items(inputs, name, images, "train") for name in inputs.unannotated]
    return items | {"train": joined([*_unannotated(listed, annotated, inputs, run), *annotated])}


def unannotated_items(inputs: MilInputs, images: pd.DataFrame, split: str) -> MilItems:
    """List the images with labels alone of a split, one data set after another."""
    return joined([labelled_items(inputs, name, images, split) for name in inputs.unannotated])


def _unannotated(
    listed: list[MilItems], annotated: list[MilItems], inputs: MilInputs, run: MilRun
) -> list[MilItems]:
    """Leave out of each list what is annotated as well, and of all what is beyond a number."""
    if run.drop_duplicates and annotated:
        twice = joined(annotated).dicom_id
        listed = [
            items.take(~np.isin(items.dicom_id, twice), f"{name}: annotated as well")
            for name, items in zip(inputs.unannotated, listed, strict=True)
        ]
    if run.max_unannotated is None:
        return listed
    lots = _lots("unannotated", joined(listed).dicom_id)
    is_drawn = np.zeros(len(lots), bool)
    is_drawn[np.argsort(lots)[: run.max_unannotated]] = True
    drawn = np.split(is_drawn, np.cumsum([len(items) for items in listed])[:-1])
    return [
        items.take(mask, f"{name}: beyond max_unannotated")
        for name, items, mask in zip(inputs.unannotated, listed, drawn, strict=True)
    ]


def evaluation_items(inputs: MilInputs, run: MilRun) -> dict[str, MilItems]:
    """List the readings that localisation is scored on; raises as `build_items` does.

    validate and test are readings with gaze, of REFLACX those of phase 3, none marked as annotated.
    `labels` are those drawn with enough certainty for a mask, or those said where a data set has
    no ellipses; `map_row` the rows of masks, or of maps of gaze where no data set has ellipses.
    """
    images = image_index(inputs, run)
    sources = scored_sources(inputs)
    check_maps(inputs, sources)
    kinds = {source.kind for source in sources}
    listed = {}
    for split in SPLITS[1:]:
        parts = []
        for source in sources:
            items = reading_items(inputs, source, images, split)
            if len(kinds) > 1 and source.kind == "gaze":  # ellipses and gaze make no common mean
                items = replace(items, map_row=np.full_like(items.map_row, -1))
            parts.append(replace(items, annotated=np.zeros(len(items), bool)))
        listed[split] = joined(parts)
    return listed


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

    Raises AlignmentError naming all subjects and images that are.
    """
    datasets = [*inputs.unannotated, *inputs.scored_on]
    datasets += [source.dataset for source in sources_of(run.supervision)]
    tables = {}
    for name in dict.fromkeys(datasets):
        folder = Path(input_of(inputs, tables_of(name)))
        table = read_table(folder, "images" if name == "mimic" else "readings", COLUMNS)
        tables[name] = table.to_pandas()
    faults = leak_faults(tables)
    if faults:
        message = f"{len(faults)} subjects or images are in two splits of what {run.name} sees."
        remedy = "Ingest all data sets with the same --val-subjects, or all without it, and EGD and"
        remedy += " MIMIC-CXR-JPG both with --reflacx, or both without it. Your own data of these"
        remedy += " subjects or images need a column split that agrees."
        raise AlignmentError(message, remedy=remedy, faults=faults)
