"""The description of an export as Croissant 1.1: files with checksums, tables with columns."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from gazescribe.pipeline.export.as_parquet import MAP_TYPE
from gazescribe.pipeline.export.forms import PARQUET, Files

CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "arrayShape": "cr:arrayShape",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "containedIn": "cr:containedIn",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "description": {"@container": "@language"},
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isArray": "cr:isArray",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "name": {"@container": "@language"},
    "parentField": "cr:parentField",
    "path": "cr:path",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
CONFORMS_TO = "http://mlcommons.org/croissant/1.1"
TYPES = (  # the first that fits
    (pa.types.is_boolean, "sc:Boolean"),
    (pa.types.is_integer, "sc:Integer"),
    (pa.types.is_floating, "sc:Float"),
    (pa.types.is_string, "sc:Text"),
)

Json = dict[str, Any]


def describe(
    folder: Path,
    files: Sequence[Files],
    about: Mapping[str, Any],
    shapes: Mapping[str, tuple[int, int]],
) -> Json:
    """Describe a written export.

    Parameters
    ----------
    folder : pathlib.Path
        Where it lies.
    files : sequence of Files
        What was written.
    about : mapping
        Properties of the whole: name, description, license, url …
    shapes : mapping of str to tuple of int
        (height, width) of the maps of each set.

    Returns
    -------
    dict
        JSON-LD.
    """
    return {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": CONFORMS_TO,
        **about,
        "distribution": [_distribution(folder, one) for one in files],
        "recordSet": [_record_set(one, shapes) for one in files if one.schema is not None],
    }


def sha256(path: Path) -> str:
    """Checksum of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _distribution(folder: Path, one: Files) -> Json:
    shared = {
        "@id": f"{one.name}-files",
        "name": f"{one.name}-files",
        "description": one.description,
        "encodingFormat": one.media_type,
    }
    if "*" in one.pattern:
        return {"@type": "cr:FileSet", **shared, "includes": one.pattern}
    path = folder / one.pattern
    return {
        "@type": "cr:FileObject",
        **shared,
        "contentUrl": one.pattern,
        "contentSize": f"{path.stat().st_size} B",
        "sha256": sha256(path),
    }


def _record_set(one: Files, shapes: Mapping[str, tuple[int, int]]) -> Json:
    fields = [_field(one, field, shapes.get(one.name)) for field in one.schema or ()]
    return {
        "@type": "cr:RecordSet",
        "@id": one.name,
        "name": one.name,
        "description": one.description,
        "field": fields,
    }


def _field(one: Files, field: pa.Field, shape: tuple[int, int] | None) -> Json:
    kind = "fileSet" if "*" in one.pattern else "fileObject"
    words = field.metadata or {}
    unit = f" ({words[b'unit'].decode()})" if b"unit" in words else ""
    return {
        "@type": "cr:Field",
        "@id": f"{one.name}/{field.name}",
        "name": field.name,
        "description": words.get(b"description", b"").decode() + unit,
        **_type(field.type, shape, arrays=one.media_type == PARQUET),
        "source": {
            kind: {"@id": f"{one.name}-files"},
            "extract": {"column": field.name},
        },
    }


def _type(kind: pa.DataType, shape: tuple[int, int] | None, *, arrays: bool) -> Json:
    if kind == MAP_TYPE:
        return {"dataType": "sc:Float", "isArray": True, "arrayShape": "{},{}".format(*shape or ())}
    if pa.types.is_list(kind):
        inner = _type(kind.value_type, None, arrays=arrays)
        return {**inner, "isArray": True, "arrayShape": "-1"} if arrays else {"dataType": "sc:Text"}
    return {"dataType": next(name for fits, name in TYPES if fits(kind))}
