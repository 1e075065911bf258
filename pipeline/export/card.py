"""What people read: the card, the licence notice, the columns, and an example that loads it all."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from gazescribe.pipeline.export.about import UNSTATED
from gazescribe.pipeline.export.as_parquet import MAP_TYPE, maps_schema
from gazescribe.pipeline.export.contents import SPLIT_NAMES, Contents, MapSet
from gazescribe.pipeline.export.table_files import FileSet
from gazescribe.pipeline.sources.manifests import Manifest

COLUMNS = ("table", "column", "type", "unit", "may_be_empty", "description")
READERS = {
    "parquet": "pandas with pyarrow",
    "hf": "datasets",
    "npy": "numpy",
    "webdataset": "webdataset",
    "zarr": "zarr",
    "coco": "pycocotools",
    "bids": "pandas",
}
AGREEMENT = {
    "license_name": "data-use-agreement-of-the-sources",
    "license_link": "LICENSE_NOTICE.md",
}
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
    made: Mapping[str, Any],
) -> None:
    """Write README.md, LICENSE_NOTICE.md, columns.csv and load_example.py by its provenance."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701  (Markdown and Python, not HTML)
    )
    facts = {
        "title": title_of(sources),
        "head": yaml.safe_dump(_head(contents, sources, made), sort_keys=False, allow_unicode=True),
        "reader": READERS[made["format"]],
        "files": files,
        "sources": sources,
        "made": made,
        "sets": [map_set.name for map_set in contents.sets],
        "unstated": UNSTATED,
    }
    templates = {
        "README.md": "README.md.j2",
        "LICENSE_NOTICE.md": "LICENSE_NOTICE.md.j2",
        "load_example.py": f"load_{made['format']}.py.j2",
    }
    for name, template in templates.items():
        text = environment.get_template(template).render(facts)
        (folder / name).write_text(text, encoding="utf-8")
    _write_columns(folder / "columns.csv", files)


def _head(contents: Contents, sources: Sequence[Manifest], made: Mapping[str, Any]) -> Json:
    """YAML head of the card, as Hugging Face reads it."""
    open_licence = made["synthetic"]
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
    if made["format"] in {"parquet", "hf"}:
        head |= _configs(contents, made["format"])
    return head


def _configs(contents: Contents, form: str) -> Json:
    """Say to `datasets.load_dataset` which files belong together; the first is what it opens."""
    configs: list[Json] = []
    infos: list[Json] = []
    for map_set in contents.sets:
        splits = ["train"]
        pattern = f"maps/{map_set.name}/*.parquet"
        if form == "hf":
            present = set(map_set.index["split"].to_pylist())
            splits = [name for split, name in SPLIT_NAMES.items() if split in present]
            pattern = f"maps/{map_set.name}/{{split}}-*.parquet"
            infos.append({"config_name": map_set.name, "features": _features(map_set)})
        paths = [{"split": split, "path": pattern.format(split=split)} for split in splits]
        configs.append({"config_name": map_set.name, "data_files": paths})
    for name in contents.tables:
        paths = [{"split": "train", "path": f"{name}.parquet"}]
        configs.append({"config_name": name, "data_files": paths})
    configs[0]["default"] = True
    return {"configs": configs, **({"dataset_info": infos} if infos else {})}


def _features(map_set: MapSet) -> list[Json]:
    """Columns of the maps as `datasets` writes them."""
    array = {"array2_d": {"shape": list(map_set.size), "dtype": "float16"}}
    features = []
    for field in maps_schema(map_set):
        name = str(field.type).replace("double", "float64")  # as numpy has it
        features.append({"name": field.name, "dtype": array if field.type == MAP_TYPE else name})
    return features


def _write_columns(path: Path, files: Sequence[FileSet]) -> None:
    """Write what each column of each table means."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for file_set in files:
            for field in file_set.schema or ():
                words = field.metadata or {}
                unit, meaning = (words.get(key, b"").decode() for key in (b"unit", b"description"))
                empty = "yes" if field.nullable else "no"
                writer.writerow((file_set.name, field.name, field.type, unit, empty, meaning))
