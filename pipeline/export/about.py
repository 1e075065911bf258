"""The facts of an export: where it comes from, how it was made, what it holds, what it asks."""

import importlib.metadata
import platform
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gazescribe.pipeline.core.errors import ManifestError
from gazescribe.pipeline.core.schemas import DATASETS, SCHEMA_VERSION, SPLITS
from gazescribe.pipeline.core.tables import read_table
from gazescribe.pipeline.export.contents import Contents, recorded
from gazescribe.pipeline.export.ids import HASH_LENGTH
from gazescribe.pipeline.sources.loading import known_manifests, load_manifest
from gazescribe.pipeline.sources.manifests import Manifest

IMAGES_OF = "mimic-cxr-jpg"  # what REFLACX and EGD read
LIBRARIES = ("gazescribe", "numpy", "pandas", "pyarrow")
UNSTATED = "not stated: ask who made it"
WRITERS = {"zarr": ("zarr",), "coco": ("scikit-image",)}

Json = dict[str, Any]


def sources_of(tables: Path) -> list[Manifest]:
    """Find the manifests of what a folder of tables was made from.

    Parameters
    ----------
    tables : pathlib.Path
        Ingested folder.

    Returns
    -------
    list of Manifest
        `demo` alone where all ids are synthetic; else the data sets, then that of their images.

    Raises
    ------
    ManifestError
        If a data set has no manifest: nobody could say what its licence asks.
    """
    readings = read_table(tables, "readings", ["dataset", "subject_id", "dicom_id"])
    demo = load_manifest("demo")
    synthetic = all(
        demo.is_id(kind, str(one))
        for kind in ("subject_id", "dicom_id")
        for one in readings[kind].to_pylist()
    )
    if synthetic and readings.num_rows:
        return [demo]
    names = sorted(set(readings["dataset"].to_pylist()))
    names += [IMAGES_OF] if set(names) & set(DATASETS) else []
    return [_manifest_of(name) for name in names]


def _manifest_of(name: str) -> Manifest:
    if name in known_manifests():
        return load_manifest(name)
    what = f"the data set {name} has no manifest, so nobody could say what its licence asks."
    remedy = f"Copy {name}.yaml, by which it was ingested, into data_manifests/ of this folder."
    raise ManifestError(what, remedy=remedy)


def duties_of(sources: Sequence[Manifest], *, images: bool, text: bool) -> dict[str, list[str]]:
    """Give the duties that come with pictures and dictations, by what brings them."""
    of_images = [one for one in sources if one.name == IMAGES_OF] or list(sources)
    of_text = [one for one in sources if one.name != IMAGES_OF]
    asked = {"images": of_images if images else [], "text": of_text if text else []}
    return {
        what: [
            f"{one.long_name} (licence {one.licence.name}): {' '.join(one.duties) or UNSTATED}"
            for one in manifests
        ]
        for what, manifests in asked.items()
        if manifests
    }


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
    made = {
        name: importlib.metadata.version(name)
        for name in (
            *LIBRARIES,
            *WRITERS.get(form, ()),
            *(("pillow",) if "images" in duties else ()),
        )
    }
    readings = contents.tables["readings"]
    splits = Counter(readings["split"].to_pylist())
    return {
        "made_by": {**made, "python": platform.python_version()},
        "schema_version": SCHEMA_VERSION,
        "format": form,
        "sources": [one.name for one in sources],
        "datasets": sorted(set(readings["dataset"].to_pylist())),
        "synthetic": [one.name for one in sources] == ["demo"],
        "tables": {
            name: {"rows": table.num_rows, **recorded(table.schema)}
            for name, table in contents.tables.items()
        },
        "maps": {
            one.name: {
                **recorded(one.index.schema),
                "height": one.size[0],
                "width": one.size[1],
                "maps": one.index.num_rows,
                "blank": one.index["peak"].to_pylist().count(0),
                "kinds": sorted(set(one.index["kind"].to_pylist())),
                "labels": dict(sorted(Counter(one.index["label"].to_pylist()).items())),
            }
            for one in contents.sets
        },
        "splits": {split or "none": splits[split] for split in (*SPLITS, None) if splits[split]},
        "counts": dict(counts),
        "threshold": threshold,
        "ids": f"HMAC-SHA256, {HASH_LENGTH} hexadecimal digits" if hashed else "as in the sources",
        "text": "text" in duties,
        "images": "images" in duties,
        "duties": dict(duties),
    }
