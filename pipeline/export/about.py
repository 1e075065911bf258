"""The facts of an export: where it comes from, how it was made, what it holds, what it asks."""

import importlib.metadata
import platform
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gazescribe.pipeline.core.columns import SCHEMA_VERSION
from gazescribe.pipeline.core.errors import GazeError, ManifestError
from gazescribe.pipeline.core.tables import read_table
from gazescribe.pipeline.core.values import DATASETS, SPLITS
from gazescribe.pipeline.export.contents import Contents, recorded
from gazescribe.pipeline.export.ids import HASH_LENGTH
from gazescribe.pipeline.sources.loading import known_manifests, load_manifest
from gazescribe.pipeline.sources.manifests import Manifest

IMAGES_OF = "mimic-cxr-jpg"  # what REFLACX and EGD read
LIBRARIES = ("gazescribe", "numpy", "pandas", "pyarrow")
UNSTATED = "not stated: ask who made it"
WRITERS = {"zarr": ("zarr",), "coco": ("scikit-image",)}
PREVIEWERS = ("matplotlib", "pillow")

Json = dict[str, Any]


def sources_of(tables: Path) -> list[Manifest]:
    """Find the manifests of what a folder of tables was made from.

    It is `demo` alone where all ids are synthetic; else the data sets, then that of their images.

    Raises
    ------
    GazeError
        If there is no reading, or a data set has no manifest: nobody could say what its licence
        asks.
    """
    readings = read_table(tables, "readings", ["dataset", "subject_id", "dicom_id"])
    if not readings.num_rows:
        raise GazeError("there is no reading, so nothing to export.", where=tables)
    demo = load_manifest("demo")
    synthetic = all(
        demo.is_id(kind, str(value))
        for kind in ("subject_id", "dicom_id")
        for value in readings[kind].to_pylist()
    )
    if synthetic:
        return [demo]
    names = sorted(set(readings["dataset"].to_pylist()))
    names += [IMAGES_OF] if set(names) & set(DATASETS) else []
    for name in names:
        if name not in known_manifests():
            raise ManifestError(
                f"the data set {name} has no manifest, so nobody could say what its licence asks.",
                remedy=f"Copy {name}.yaml, by which it was ingested, into data_manifests/ of this"
                " folder.",
            )
    return [load_manifest(name) for name in names]


def duties_of(sources: Sequence[Manifest], *, images: bool, text: bool) -> dict[str, list[str]]:
    """Give the duties that come with pictures and dictations, by what brings them."""
    owners: dict[str, list[Manifest]] = {}
    if images:
        of_images = [manifest for manifest in sources if manifest.name == IMAGES_OF]
        owners["images"] = of_images or list(sources)
    if text:
        owners["text"] = [manifest for manifest in sources if manifest.name != IMAGES_OF]
    duties: dict[str, list[str]] = {}
    for content, manifests in owners.items():
        for manifest in manifests:
            duty = " ".join(manifest.duties) or UNSTATED
            text_of = f"{manifest.long_name} (licence {manifest.licence.name}): {duty}"
            duties.setdefault(content, []).append(text_of)
    return duties


def provenance(
    contents: Contents,
    sources: Sequence[Manifest],
    duties: Mapping[str, list[str]],
    counts: Mapping[str, int],
    *,
    form: str,
    threshold: float | None,
    hashed: bool,
) -> Json:
    """Say how an export was made: nothing of the machine, the time or a path."""
    drawing = contents.sets or "images" in duties
    libraries = [*LIBRARIES, *WRITERS.get(form, ()), *(PREVIEWERS if drawing else ())]
    versions = {name: importlib.metadata.version(name) for name in libraries}
    readings = contents.tables["readings"]
    splits = Counter(readings["split"].to_pylist())
    names = [manifest.name for manifest in sources]
    return {
        "made_by": {**versions, "python": platform.python_version()},
        "schema_version": SCHEMA_VERSION,
        "format": form,
        "sources": names,
        "datasets": sorted(set(readings["dataset"].to_pylist())),
        "synthetic": names == ["demo"],
        "tables": {
            name: {"rows": table.num_rows, **recorded(table.schema)}
            for name, table in contents.tables.items()
        },
        "maps": {
            map_set.name: {
                **recorded(map_set.index.schema),
                "height": map_set.size[0],
                "width": map_set.size[1],
                "maps": map_set.index.num_rows,
                "blank": map_set.index["peak"].to_pylist().count(0),
                "kinds": sorted(set(map_set.index["kind"].to_pylist())),
                "labels": dict(sorted(Counter(map_set.index["label"].to_pylist()).items())),
            }
            for map_set in contents.sets
        },
        "splits": {split or "none": splits[split] for split in (*SPLITS, None) if splits[split]},
        "counts": dict(counts),
        "threshold": threshold,
        "ids": f"HMAC-SHA256, {HASH_LENGTH} hexadecimal digits" if hashed else "as in the sources",
        "text": "text" in duties,
        "images": "images" in duties,
        "duties": dict(duties),
    }
