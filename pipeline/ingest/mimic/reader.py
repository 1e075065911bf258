"""MIMIC-CXR-JPG 2.0.0 to tables.

Reads: the metadata, split and CheXpert tables of a tree as `data_manifests/mimic-cxr-jpg.yaml`
describes it; the images themselves are not needed. Writes: studies, images. Params: `ingest` (the
draw of validation subjects). Drops, each counted by reason: images that are not frontal, not the
only frontal of their study, not labelled, or in no split.
Source: Lanfredi et al. 2023, Section 2.6; spec mil.md 6.2 and 6.3, reflacx.md B.
"""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from gazescribe.pipeline.core.tables import conform
from gazescribe.pipeline.core.values import SPLITS
from gazescribe.pipeline.ingest.chunks import Chunk
from gazescribe.pipeline.ingest.mimic_tables import MimicTables, read_tables
from gazescribe.pipeline.ingest.protocol import Listing, Plan, Reader
from gazescribe.pipeline.ingest.settings import Ingest, IngestOptions
from gazescribe.pipeline.ingest.splits import check_disjoint, count_splits, plan_shared_splits
from gazescribe.pipeline.sources.manifests import Manifest

FRONTAL = ("PA", "AP")  # AP LLD and the like lie down


@dataclass(frozen=True)
class Filtered:
    """The images that the networks see (columns of `images`, with MIMIC's own split).

    `left_out` counts the others by the first reason that applies, in the order of the steps.
    """

    tables: MimicTables
    images: pd.DataFrame
    left_out: dict[str, int]


def _list(root: Path, manifest: Manifest, _options: IngestOptions) -> Listing:
    tables, faults = read_tables(root, manifest)
    if any(fault.severity == "error" for fault in faults):
        return Listing([], faults)
    filtered = filter_images(tables)
    counts = {"images_kept": len(filtered.images), **filtered.left_out}
    return Listing([], faults, partial(_ids, tables), content=filtered, further_counts=counts)


def _ids(tables: MimicTables) -> dict[str, set[str]]:
    return {
        "dicom_id": set(tables.metadata["dicom_id"]),
        "subject_id": set(tables.metadata["subject_id"].astype(str)),
    }


def _plan(root: Path, listing: Listing, settings: Ingest, options: IngestOptions) -> Plan:
    filtered: Filtered = listing.content
    plan = plan_shared_splits(options, settings)
    # Checked as published, for all images: whole subjects are moved, which keeps them in one split.
    published = filtered.tables.split[["subject_id", "split"]].drop_duplicates()
    check_disjoint(published["subject_id"].tolist(), published["split"].tolist(), where=root)
    images = filtered.images
    pairs = zip(images["subject_id"], images["split"], strict=True)
    splits = [plan.split_of(int(subject), split) for subject, split in pairs]
    return Plan(
        [{"studies": filtered.tables.chexpert, "images": images.assign(split=splits)}],
        {"split_source": plan.source},
        {"splits": count_splits(splits), "left_out": filtered.left_out},
    )


def filter_images(tables: MimicTables) -> Filtered:
    """Keep frontal images that are the only frontal of a labelled study and have a split."""
    images = tables.metadata.merge(tables.split[["dicom_id", "split"]], on="dicom_id", how="left")
    view = images["view"]
    n_frontals = view.isin(FRONTAL).groupby(images["study_id"]).transform("sum")
    usable = pd.Series(True, index=images.index)
    left_out = {}
    for reason, wrong in {
        "view_blank": view.isna(),
        "view_not_frontal": ~view.isin(FRONTAL),
        "several_frontals_in_study": n_frontals > 1,
        "study_without_labels": ~images["study_id"].isin(tables.chexpert["study_id"]),
        "image_without_split": images["split"].isna(),
    }.items():
        left_out[reason] = int((usable & wrong).sum())
        usable &= ~wrong
    images = images[usable]
    subject, study = images["subject_id"].astype(str), images["study_id"].astype(str)
    folder = "files/p" + subject.str[:2] + "/p" + subject + "/s" + study
    return Filtered(tables, images.assign(path=folder + "/" + images["dicom_id"]), left_out)


def _count(listing: Listing, _notes: Chunk) -> dict[str, int]:
    if listing.content is None:
        return {}
    tables: MimicTables = listing.content.tables
    splits = tables.split["split"].value_counts()
    return {
        "images": len(tables.metadata),
        **{f"images_{split}": int(splits.get(split, 0)) for split in SPLITS},
        "studies": int(tables.metadata["study_id"].nunique()),
        "studies_labelled": len(tables.chexpert),
        "subjects": int(tables.metadata["subject_id"].nunique()),
    }


def _read(
    _root: Path,
    frames: dict[str, pd.DataFrame],
    _manifest: Manifest,
    _settings: Ingest,
    chunk: Chunk,
) -> None:
    """Put the two tables, which were read whole, into one chunk."""
    for table, frame in frames.items():
        columns: dict[str, Any] = {str(name): frame[name].array for name in frame.columns}
        chunk.packed[table] = conform(columns, table)


READER = Reader(
    ("studies", "images"),
    _list,
    _plan,
    _count,
    _read,
    in_process=True,
    split_fault=("subject_in_two_splits", "mimic-cxr-2.0.0-split.csv"),
)
