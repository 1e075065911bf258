"""The three tables of MIMIC-CXR-JPG that are used, and a look-up in them.

Two readers share them, for EGD's images are MIMIC's. They hold 377,110 rows, so they are read by
column, gzipped or not.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from gazescribe.pipeline.core.errors import ManifestError, SchemaError
from gazescribe.pipeline.core.foreign_tables import read_csv_table
from gazescribe.pipeline.core.values import SPLITS
from gazescribe.pipeline.geometry.sizes import MAX_SIDE
from gazescribe.pipeline.ingest.csv_files import header_fault, note_cut, reason_of
from gazescribe.pipeline.sources.faults import Fault, Findings
from gazescribe.pipeline.sources.loading import load_manifest
from gazescribe.pipeline.sources.manifests import Manifest
from gazescribe.pipeline.sources.roots import find_root
from gazescribe.pipeline.sources.walking import absence, existing

STATES = {1.0: "positive", 0.0: "negative", -1.0: "uncertain"}
METADATA = {
    "dicom_id": pa.string(),
    "subject_id": pa.int64(),
    "study_id": pa.int64(),
    "ViewPosition": pa.string(),
    "Rows": pa.float64(),
    "Columns": pa.float64(),
}
SPLIT = {"dicom_id": pa.string(), "subject_id": pa.int64(), "split": pa.string()}
STUDY = {"study_id": pa.int64(), "subject_id": pa.int64()}


@dataclass(frozen=True)
class MimicTables:
    """Columns of the tables as they are used.

    `metadata`: dicom_id, study_id, subject_id, view, width_px, height_px; `split`: dicom_id,
    subject_id, split; `chexpert`: study_id, subject_id, and each label as a named state.
    """

    metadata: pd.DataFrame
    split: pd.DataFrame
    chexpert: pd.DataFrame


@dataclass(frozen=True)
class Lookup:
    """Sizes (width and height in pixels) and splits of the images that MIMIC-CXR-JPG lists.

    `ids` are their subjects and studies. Tables that cannot be used are warnings in `faults`: they
    may be absent.
    """

    sizes: Mapping[str, tuple[int, int]]
    splits: Mapping[str, str]
    faults: list[Fault]
    ids: Mapping[str, tuple[int, int]] = field(default_factory=dict)


def read_tables(root: Path, manifest: Manifest) -> tuple[MimicTables, list[Fault]]:
    """Read metadata, split and CheXpert labels; to be used only if no fault is an error."""
    faults: list[Fault] = []
    labels = dict.fromkeys(manifest.labels["chexpert"].names, pa.float64())
    types = {"metadata": METADATA, "split": SPLIT, "chexpert": STUDY | labels}
    findings = {name: Findings(manifest.file(name).pattern, None, faults) for name in types}
    tables = {
        name: _read(root / findings[name].file, types[name], findings[name]) for name in types
    }
    for name, table in tables.items():
        _check_ids(table, manifest, findings[name])
        if name == "split":
            _check_splits(table, findings[name])
    if all(fault.severity != "error" for fault in faults):
        _check_agreement(tables, findings)
    sizes = _sizes(tables["metadata"], findings["metadata"])
    states = _states(tables["chexpert"], list(labels), findings["chexpert"])
    return MimicTables(sizes, tables["split"].to_pandas(), states), faults


def _read(path: Path, types: dict[str, pa.DataType], findings: Findings) -> pa.Table:
    """Read some columns of a table; note an error and give no row where it cannot be read."""
    file = existing(path)
    message = absence(path)
    if file is not None:
        convert = csv.ConvertOptions(
            include_columns=list(types),
            column_types=types,
            null_values=[""],
            strings_can_be_null=True,
        )
        try:
            if not (fault := header_fault(file, types)):
                note_cut(file, "table", findings)
                return read_csv_table(file, convert=convert)
            _, message = fault
        except SchemaError as error:
            message = reason_of(error)
    findings.add("error", "table_unreadable", message, loses="tree")
    return pa.schema(types.items()).empty_table()


def _check_ids(table: pa.Table, manifest: Manifest, findings: Findings) -> None:
    """Note ids of another form, and keys that occur twice: the first column is the key."""
    for name in table.column_names:
        if name in manifest.ids:
            pattern = f"^(?:{manifest.ids[name]})$"
            fits = pc.match_substring_regex(table[name].cast(pa.string()), pattern)
            bad = ~np.asarray(fits.fill_null(False))
            message = f"have a {name} that is not of the form {manifest.ids[name]}"
            findings.add_rows("error", f"bad_{name}", message, bad, loses="tree")
    key = table.column_names[0]
    twice = table[key].to_pandas().duplicated().to_numpy()
    findings.add_rows("error", f"{key}_twice", f"repeat a {key}", twice, loses="tree")


def _check_splits(split: pa.Table, findings: Findings) -> None:
    is_split = pc.is_in(split["split"], pa.array(SPLITS))
    message = f"have a split that is none of {', '.join(SPLITS)}"
    findings.add_rows("error", "unknown_split", message, ~np.asarray(is_split), loses="tree")


def _check_agreement(tables: Mapping[str, pa.Table], findings: Mapping[str, Findings]) -> None:
    """Note rows of one table that are not in another, and images of two subjects."""
    metadata, split = tables["metadata"], tables["split"]
    for name, key, known, loses, message in (
        ("metadata", "dicom_id", split, "image", "are of images that the split table lacks"),
        ("split", "dicom_id", metadata, "image", "are of images that the metadata lack"),
        ("chexpert", "study_id", metadata, "labels", "are of studies that the metadata lack"),
    ):
        values = pc.unique(known[key].combine_chunks())
        unknown = ~np.asarray(pc.is_in(tables[name][key], values))
        findings[name].add_rows("loss", f"{name}_not_elsewhere", message, unknown, loses=loses)
    places = pc.index_in(split["dicom_id"], metadata["dicom_id"].combine_chunks())
    subjects = metadata["subject_id"].take(places)
    other = np.asarray(pc.not_equal(subjects, split["subject_id"]).fill_null(False))
    message = "have another subject than in the metadata"
    findings["split"].add_rows("error", "subject_differs", message, other, loses="tree")


def _sizes(metadata: pa.Table, findings: Findings) -> pd.DataFrame:
    frame: pd.DataFrame = metadata.to_pandas().rename(
        columns={"ViewPosition": "view", "Columns": "width_px", "Rows": "height_px"}
    )
    names = ["width_px", "height_px"]
    sides = frame[names]
    is_size = ((sides >= 1) & (sides <= MAX_SIDE) & (sides % 1 == 0)).all(axis="columns")
    message = "have no size in pixels"
    findings.add_rows("warning", "image_size_unreadable", message, ~is_size.to_numpy())
    return frame.assign(**{name: frame[name].where(is_size).astype("Int32") for name in names})


def _states(chexpert: pa.Table, labels: Sequence[str], findings: Findings) -> pd.DataFrame:
    frame: pd.DataFrame = chexpert.to_pandas()
    values = frame[labels]
    bad = ~(values.isna() | values.isin(list(STATES))).all(axis="columns")
    message = "have a label that is not 1, 0, -1 or blank"
    findings.add_rows("error", "label_unreadable", message, bad.to_numpy(), loses="tree")
    return frame.assign(
        **{name: values[name].map(STATES).fillna("not_mentioned") for name in labels}
    )


def look_up(path: Path, dicom_ids: Collection[str]) -> Lookup:
    """Find sizes and splits of some images.

    `path` is a MIMIC-CXR-JPG folder, or one above it; or its metadata table, beside which the split
    table is looked for. A folder without MIMIC tables and a missing split table are warnings; a
    table that cannot be used is an error.
    """
    manifest = load_manifest("mimic-cxr-jpg")
    try:
        folder = find_root(path, manifest) if path.is_dir() else path.parent
    except ManifestError as error:
        message = f"{error.what} Sizes and splits are not taken from it."
        return Lookup({}, {}, [Fault("warning", "mimic_tables_missing", message, path.name)])
    metadata = folder / manifest.file("metadata").pattern if path.is_dir() else path
    faults: list[Fault] = []
    findings = Findings(metadata.name, None, faults)
    rows = _rows_of(_read(metadata, METADATA, findings), dicom_ids)
    columns = (rows[name].to_pylist() for name in ("dicom_id", "subject_id", "study_id"))
    ids = {dicom_id: (subject, study) for dicom_id, subject, study in zip(*columns, strict=True)}
    sizes = _sizes(rows, findings).dropna(subset=["width_px", "height_px"])
    pairs = zip(sizes["width_px"].astype(int), sizes["height_px"].astype(int), strict=True)
    sizes_px = dict(zip(sizes["dicom_id"], pairs, strict=True))
    path = folder / manifest.file("split").pattern
    findings = Findings(path.name, None, faults)
    if existing(path) is None:
        message = "there is no such file beside the metadata, so no split is known"
        findings.add("warning", "mimic_split_missing", message)
        return Lookup(sizes_px, {}, faults, ids)
    rows = _rows_of(_read(path, SPLIT, findings), dicom_ids)
    _check_splits(rows, findings)
    splits = zip(rows["dicom_id"].to_pylist(), rows["split"].to_pylist(), strict=True)
    return Lookup(sizes_px, dict(splits), faults, ids)


def _rows_of(table: pa.Table, dicom_ids: Collection[str]) -> pa.Table:
    return table.filter(pc.is_in(table["dicom_id"], pa.array(sorted(dicom_ids), pa.string())))
