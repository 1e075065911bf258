"""What people read: the card, the licence notice, the columns, and an example that loads it all."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import yaml

from gazescribe.pipeline.export.about import UNSTATED
from gazescribe.pipeline.export.as_hf import IMAGE_TYPE
from gazescribe.pipeline.export.as_parquet import MAP_TYPE
from gazescribe.pipeline.export.check import PICTURES
from gazescribe.pipeline.export.contents import SPLIT_NAMES, Contents
from gazescribe.pipeline.export.preview_page import write_page
from gazescribe.pipeline.export.rendering import jinja_environment
from gazescribe.pipeline.export.table_files import FileSet
from gazescribe.pipeline.export.units import unit_of
from gazescribe.pipeline.sources.manifests import Manifest

COLUMNS = ("table", "column", "type", "unit", "may_be_empty", "description")
READERS = {
    "parquet": "pandas with pyarrow",
    "hf": "datasets",
    "npy": "numpy",
    "npz": "numpy",
    "webdataset": "webdataset",
    "zarr": "zarr",
    "coco": "pycocotools",
    "bids": "pandas",
}
AGREEMENT = {
    "license_name": "data-use-agreement-of-the-sources",
    "license_link": "LICENSE_NOTICE.md",
}
UNSPLIT = "every_split"  # `train` would say that no test reading is in it; `all` is taken
SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (10**6, "100K<n<1M"))

Json = dict[str, Any]


def title_of(sources: Sequence[Manifest]) -> str:
    """Name an export after its sources."""
    return f"Gaze heatmaps: {sources[0].long_name}"


def write_card(
    folder: Path,
    contents: Contents,
    files: Sequence[FileSet],
    sources: Sequence[Manifest],
    provenance: Mapping[str, Any],
) -> None:
    """Write README.md, index.html, LICENSE_NOTICE.md, columns.csv and load_example.py."""
    environment = jinja_environment(autoescape=False)
    head = _head(folder, contents, files, sources, provenance)
    facts = {
        "title": title_of(sources),
        "head": yaml.safe_dump(head, sort_keys=False, allow_unicode=True),
        "reader": READERS[provenance["format"]],
        "files": files,
        "sources": sources,
        "made": provenance,
        "sets": [map_set.name for map_set in contents.sets],
        "unstated": UNSTATED,
    }
    templates = {
        "README.md": "README.md.j2",
        "LICENSE_NOTICE.md": "LICENSE_NOTICE.md.j2",
        "load_example.py": f"load_{provenance['format']}.py.j2",
    }
    for name, template in templates.items():
        text = environment.get_template(template).render(facts)
        (folder / name).write_text(text, encoding="utf-8")
    write_page(folder, contents, facts)
    _write_columns(folder / "columns.csv", files)


def _head(
    folder: Path,
    contents: Contents,
    files: Sequence[FileSet],
    sources: Sequence[Manifest],
    provenance: Mapping[str, Any],
) -> Json:
    """YAML head of the card, as Hugging Face reads it."""
    open_licence = provenance["synthetic"]
    counts = [map_set.index.num_rows for map_set in contents.sets]
    n = max(counts or [len(contents.tables["windows"])])
    head: Json = {
        "pretty_name": title_of(sources),
        "license": "cc0-1.0" if open_licence else "other",
        **({} if open_licence else AGREEMENT),
        "task_categories": ["image-segmentation", "image-classification"],
        "tags": ["medical", "radiology", "chest-x-ray", "eye-tracking", "saliency"],
        "size_categories": [next((name for most, name in SIZES if n < most), "n>1T")],
    }
    sizes = {map_set.name: map_set.size for map_set in contents.sets}
    # The sets of maps first: the first is what `load_dataset` opens.
    tables = sorted(files, key=lambda file_set: file_set.name not in sizes)
    if provenance["format"] == "hf":
        head |= _by_split(folder, tables, sizes)
    if provenance["format"] == "parquet":
        rows = {name: table["rows"] for name, table in provenance["tables"].items()}
        # `datasets` cannot open a file without rows.
        head |= {"configs": [_unsplit(entry) for entry in tables if rows.get(entry.name, 1)]}
    if "configs" in head:
        head["configs"][0]["default"] = True
    return head


def _by_split(folder: Path, files: Sequence[FileSet], sizes: Mapping[str, tuple[int, int]]) -> Json:
    """Say to `datasets.load_dataset` which files are of which split, and what columns they have."""
    configs: list[Json] = []
    infos: list[Json] = []
    for file_set in files:
        paths = []
        for split in SPLIT_NAMES.values():
            pattern = file_set.pattern.replace("*", f"{split}*")
            if any(folder.glob(pattern)):
                paths.append({"split": split, "path": pattern})
        if not paths:
            continue
        configs.append({"config_name": file_set.name, "data_files": paths})
        if file_set.name in sizes or file_set.name == PICTURES:
            features = _features(file_set.schema, sizes.get(file_set.name))
            infos.append({"config_name": file_set.name, "features": features})
    return {"configs": configs, "dataset_info": infos}


def _unsplit(file_set: FileSet) -> Json:
    """Say which files belong together; no split is named after one of those that are in it."""
    paths = [{"split": UNSPLIT, "path": file_set.pattern}]
    return {"config_name": file_set.name, "data_files": paths}


def _features(schema: pa.Schema, size: tuple[int, int] | None) -> list[Json]:
    """Columns as `datasets` writes them."""
    features = []
    for field in schema:
        dtype: Any = str(field.type).replace("double", "float64")  # as numpy has it
        if field.type == MAP_TYPE:
            dtype = {"array2_d": {"shape": list(size or ()), "dtype": "float16"}}
        if field.type == IMAGE_TYPE:
            dtype = "image"
        features.append({"name": field.name, "dtype": dtype})
    return features


def _write_columns(path: Path, files: Sequence[FileSet]) -> None:
    """Write what each column of each table means."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for file_set in files:
            for field in file_set.schema or ():
                meaning = field.metadata[b"description"].decode()
                empty = "yes" if field.nullable else "no"
                writer.writerow(
                    (file_set.name, field.name, field.type, unit_of(field), empty, meaning)
                )
