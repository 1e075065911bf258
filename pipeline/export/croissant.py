"""The description of an export as Croissant 1.1: files with checksums, tables with columns."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from gazescribe.pipeline.export.as_parquet import MAP_TYPE
from gazescribe.pipeline.export.table_files import PARQUET, FileSet
from gazescribe.pipeline.export.units import NONE, unit_of

TERMS = (  # of Croissant, under their own names
    *("arrayShape", "citeAs", "column", "containedIn", "equivalentProperty", "extract", "field"),
    *("fileObject", "fileProperty", "fileSet", "format", "includes", "isArray", "isLiveDataset"),
    *("jsonPath", "key", "md5", "parentField", "path", "recordSet", "references", "regex"),
    *("repeated", "replace", "samplingRate", "separator", "source", "subField", "transform"),
)
CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "description": {"@container": "@language"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "name": {"@container": "@language"},
    "rai": "http://mlcommons.org/croissant/RAI/",
    "sc": "https://schema.org/",
    **{term: f"cr:{term}" for term in TERMS},
}
CONFORMS_TO = "http://mlcommons.org/croissant/1.1"
TYPES = (  # the first that fits
    (pa.types.is_boolean, "sc:Boolean"),
    (pa.types.is_integer, "sc:Integer"),
    (pa.types.is_floating, "sc:Float"),
    (pa.types.is_string, "sc:Text"),
    (pa.types.is_struct, "sc:ImageObject"),  # bytes and path
)

Json = dict[str, Any]


def describe(
    folder: Path,
    files: Sequence[FileSet],
    about: Mapping[str, Any],
    shapes: Mapping[str, tuple[int, int]],
) -> Json:
    """Describe a written export as JSON-LD.

    `about` has the properties of the whole (name, description, license, url …), `shapes` the
    (height, width) of the maps of each set.
    """
    return {
        "@context": dict(sorted(CONTEXT.items())),
        "@type": "sc:Dataset",
        "conformsTo": CONFORMS_TO,
        **about,
        "distribution": [_distribution(folder, entry) for entry in files],
        "recordSet": [_record_set(entry, shapes) for entry in files if entry.schema is not None],
    }


def sha256(path: Path) -> str:
    """Checksum of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _distribution(folder: Path, entry: FileSet) -> Json:
    shared = {
        "@id": f"{entry.name}-files",
        "name": f"{entry.name}-files",
        "description": entry.description,
        "encodingFormat": entry.media_type,
    }
    if "*" in entry.pattern:
        return {"@type": "cr:FileSet", **shared, "includes": entry.pattern}
    path = folder / entry.pattern
    return {
        "@type": "cr:FileObject",
        **shared,
        "contentUrl": entry.pattern,
        "contentSize": f"{path.stat().st_size} B",
        "sha256": sha256(path),
    }


def _record_set(entry: FileSet, shapes: Mapping[str, tuple[int, int]]) -> Json:
    return {
        "@type": "cr:RecordSet",
        "@id": entry.name,
        "name": entry.name,
        "description": entry.description,
        "field": [_field(entry, field, shapes.get(entry.name)) for field in entry.schema or ()],
    }


def _field(entry: FileSet, field: pa.Field, shape: tuple[int, int] | None) -> Json:
    kind = "fileSet" if "*" in entry.pattern else "fileObject"
    words = field.metadata or {}
    extract: Json = {"extract": {"column": field.name}}
    if pa.types.is_struct(field.type):
        extract["transform"] = {"jsonPath": "bytes"}
    unit = "" if unit_of(field) == NONE else f" ({unit_of(field)})"
    return {
        "@type": "cr:Field",
        "@id": f"{entry.name}/{field.name}",
        "name": field.name,
        "description": words.get(b"description", b"").decode() + unit,
        **_type(field.type, shape, arrays=entry.media_type == PARQUET),
        "source": {kind: {"@id": f"{entry.name}-files"}, **extract},
    }


def _type(kind: pa.DataType, shape: tuple[int, int] | None, *, arrays: bool) -> Json:
    if kind == MAP_TYPE:
        return {"dataType": "sc:Float", "isArray": True, "arrayShape": "{},{}".format(*shape or ())}
    if pa.types.is_list(kind):
        inner = _type(kind.value_type, None, arrays=arrays)
        return {**inner, "isArray": True, "arrayShape": "-1"} if arrays else {"dataType": "sc:Text"}
    return {"dataType": next(name for fits, name in TYPES if fits(kind))}
