"""MIMIC-CXR-JPG 2.0.0 to tables.

Reads: the metadata, split and CheXpert tables of a tree as `data_manifests/mimic-cxr-jpg.yaml`
describes it; the images themselves are not needed. Writes: studies, images, and `ingest.json`.
Params: `ingest` (the draw of validation subjects). Drops, each counted by reason: images that are
not frontal, not the only frontal of their study, not labelled, or in no split.
Source: Lanfredi et al. 2023, Section 2.6; spec mil.md 6.2 and 6.3, reflacx.md B.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from gazescribe.pipeline.core.errors import ManifestError
from gazescribe.pipeline.core.files import write_json
from gazescribe.pipeline.core.schemas import SPLITS
from gazescribe.pipeline.core.tables import write_table
from gazescribe.pipeline.ingest.folder import make_room
from gazescribe.pipeline.ingest.mimic.tables import Tables, read_tables
from gazescribe.pipeline.ingest.settings import Ingest, Options
from gazescribe.pipeline.ingest.splits import SplitPlan, check_disjoint, plan_splits
from gazescribe.pipeline.sources.faults import Fault, Survey, count_faults, count_lost, refuse
from gazescribe.pipeline.sources.loading import load_manifest

FRONTAL = ("PA", "AP")  # AP LLD and the like lie down


@dataclass(frozen=True)
class Filtered:
    """The images that the networks see, and why the others are left out.

    Attributes
    ----------
    images : pandas.DataFrame
        Columns of the table `images`, with MIMIC's own split.
    left_out : dict of str to int
        Images by the first reason that applies, in the order of the steps.
    """

    images: pd.DataFrame
    left_out: dict[str, int]


def ingest_mimic(root: Path, out: Path, settings: Ingest, options: Options) -> dict[str, Any]:
    """Write the tables of a tree.

    Parameters
    ----------
    root : pathlib.Path
        Root of the tree.
    out : pathlib.Path
        Folder of the tables.
    settings : Ingest
        Seed and share of the draw of validation subjects.
    options : Options
        The published list of validation subjects.

    Returns
    -------
    dict
        The content of `out/ingest.json`: counts, and what was left out by reason.

    Raises
    ------
    ManifestError
        If a table cannot be used, the list cannot be read, or a subject is in two splits; all
        faults at once.
    GazeError
        If `out` holds the tables of another data set.
    """
    manifest = load_manifest("mimic-cxr-jpg")
    tables, faults = read_tables(root, manifest)
    refuse(faults, where=root)
    plan = plan_splits(options.val_subjects, settings)
    filtered = filter_images(tables)
    check_published_splits(tables, root)
    images = filtered.images.assign(split=_move(filtered.images, plan))
    extra = {"split_source": plan.source, "source": f"{manifest.name} {manifest.versions[0]}"}
    make_room(out, manifest.name, ("studies", "images"))
    n_rows = {
        "studies": write_table(_columns(tables.chexpert), out, "studies", extra),
        "images": write_table(_columns(images), out, "images", extra),
    }
    summary = {
        "dataset": manifest.name,
        "version": manifest.versions[0],
        "split_source": plan.source,
        "rows": n_rows,
        "counts": count_tables(tables),
        "splits": {split: int((images["split"] == split).sum()) for split in SPLITS},
        "left_out": filtered.left_out,
        "faults": count_faults(faults),
        **count_lost(faults),
    }
    write_json(summary, out / "ingest.json")
    return summary


def survey_mimic(root: Path, settings: Ingest, options: Options) -> Survey:  # noqa: ARG001 one form
    """Read the tables of a tree without writing.

    Parameters
    ----------
    root : pathlib.Path
        Root of the tree.
    settings, options
        Not needed here; all data sets are surveyed in one form.

    Returns
    -------
    Survey
        Faults, counts and ids. What the filters leave out is counted, for it is no fault of a tree.
    """
    tables, faults = read_tables(root, load_manifest("mimic-cxr-jpg"))
    if any(fault.severity == "error" for fault in faults):
        return Survey(faults)
    try:
        check_published_splits(tables, root)
    except ManifestError as error:
        file = load_manifest("mimic-cxr-jpg").file("split").pattern
        faults += [Fault("error", "subject_in_two_splits", text, file) for text in error.faults]
    filtered = filter_images(tables)
    counts = count_tables(tables) | {"images_kept": len(filtered.images), **filtered.left_out}
    ids = {
        "dicom_id": set(tables.metadata["dicom_id"]),
        "subject_id": set(tables.metadata["subject_id"].astype(str)),
    }
    return Survey(faults, counts, ids=ids)


def check_published_splits(tables: Tables, root: Path) -> None:
    """Check that no subject is in two splits; moving whole subjects keeps it so.

    Raises
    ------
    ManifestError
        If one is; all of them at once.
    """
    pairs = tables.split[["subject_id", "split"]].drop_duplicates()
    check_disjoint(pairs["subject_id"].tolist(), pairs["split"].tolist(), where=root)


def filter_images(tables: Tables) -> Filtered:
    """Keep frontal images that are the only frontal of a labelled study and have a split.

    Parameters
    ----------
    tables : Tables
        As read.

    Returns
    -------
    Filtered
        Images kept, and the number left out at each step.
    """
    images = tables.metadata.merge(tables.split[["dicom_id", "split"]], on="dicom_id", how="left")
    view = images["view"]
    n_frontals = view.isin(FRONTAL).groupby(images["study_id"]).transform("sum")
    kept = pd.Series(True, index=images.index)
    left_out = {}
    for reason, wrong in {
        "view_blank": view.isna(),
        "view_not_frontal": ~view.isin(FRONTAL),
        "several_frontals_in_study": n_frontals > 1,
        "study_without_labels": ~images["study_id"].isin(tables.chexpert["study_id"]),
        "image_without_split": images["split"].isna(),
    }.items():
        left_out[reason] = int((kept & wrong).sum())
        kept &= ~wrong
    images = images[kept]
    subject, study = images["subject_id"].astype(str), images["study_id"].astype(str)
    folder = "files/p" + subject.str[:2] + "/p" + subject + "/s" + study
    return Filtered(images.assign(path=folder + "/" + images["dicom_id"]), left_out)


def _move(images: pd.DataFrame, plan: SplitPlan) -> list[str]:
    pairs = zip(images["subject_id"], images["split"], strict=True)
    return [plan.split_of(int(subject), published) for subject, published in pairs]


def _columns(frame: pd.DataFrame) -> dict[str, Any]:
    return {str(name): frame[name].array for name in frame.columns}


def count_tables(tables: Tables) -> dict[str, int]:
    """Count what is there, under the names of the manifest's counts."""
    splits = tables.split["split"].value_counts()
    return {
        "images": len(tables.metadata),
        **{f"images_{split}": int(splits.get(split, 0)) for split in SPLITS},
        "studies": int(tables.metadata["study_id"].nunique()),
        "studies_labelled": len(tables.chexpert),
        "subjects": int(tables.metadata["subject_id"].nunique()),
    }
