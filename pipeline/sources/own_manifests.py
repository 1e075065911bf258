"""Read the manifest of somebody's own data set, and say what is wrong with it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gazescribe.pipeline.core.errors import ManifestError
from gazescribe.pipeline.core.yaml_files import read_yaml, with_lines
from gazescribe.pipeline.sources.manifest_checks import manifest_faults
from gazescribe.pipeline.sources.manifests import Column, SourceFile
from gazescribe.pipeline.sources.table_manifests import (
    LOSES,
    PART,
    OwnManifest,
    needed,
    placeholders,
)


def read_own(path: Path) -> OwnManifest:
    """Read the manifest of somebody's own data set; its `files` are made of its `tables`.

    Raises
    ------
    ManifestError
        If the file is absent or says what no manifest may say; all faults at once.
    """
    manifest = read_yaml(path, OwnManifest, ManifestError, as_written=True)
    faults = list(manifest_faults(manifest))
    if faults:
        # Each begins with the keys that lead to what it is about.
        places = [fault.split(maxsplit=1)[0].split(".") for fault in faults]
        numbered = with_lines(path, places, faults)
        raise ManifestError("this cannot be used.", where=path, faults=numbered)
    return manifest.model_copy(
        update={
            "long_name": manifest.long_name or manifest.name,
            "ids": {**dict.fromkeys(_parts(manifest), PART), **manifest.ids},
            "files": list(_files(manifest)),
        }
    )


def _parts(manifest: OwnManifest) -> list[str]:
    tables = manifest.tables.by_name().values()
    patterns = [pattern for table in tables for pattern in (table.file, table.beside or "")]
    return ["reading_id", *(part for pattern in patterns for part in placeholders(pattern))]


def _files(manifest: OwnManifest) -> Iterator[SourceFile]:
    for name, table in manifest.tables.by_name().items():
        if not table.file:  # trials by messages
            continue
        columns = [Column(name=column, type="str") for column in needed(table)]
        watch = "size" if name == "samples" else "md5"  # samples are too large to be hashed
        common: dict[str, Any] = {
            "required": False,
            "loses": LOSES[name],
            "columns": columns,
            "watch": watch,
        }
        yield SourceFile(name=name, pattern=table.file, **common)
        if table.beside is not None:
            yield SourceFile(name=f"{name}_beside", pattern=table.beside, **common)
