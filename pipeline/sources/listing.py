"""The command `sources`: what lies in a raw tree, so that DVC sees when it is another one.

Reads: names and sizes of all files that the readers use, and the content of the small ones; of
data sets that are read with this one, their tables; of those of one's own, radiographs. Writes: one
JSON file without any absolute path. Params: none. Drops: files that the manifest does not name or
that are not ingested. An environment variable says where the raw trees are, and DVC does not watch
it, so this always runs, and the stages after it only when its output changes.
"""

import hashlib
from contextlib import suppress
from pathlib import Path
from typing import Any

from gazescribe.pipeline.core.console import progress
from gazescribe.pipeline.core.errors import ManifestError
from gazescribe.pipeline.core.file_names import RADIOGRAPH_SUFFIXES
from gazescribe.pipeline.sources.loading import known_manifests, load_manifest
from gazescribe.pipeline.sources.manifests import Manifest
from gazescribe.pipeline.sources.roots import find_root
from gazescribe.pipeline.sources.table_manifests import OwnManifest
from gazescribe.pipeline.sources.walking import entries_below, existing

BESIDE = {"egd": ("mimic-cxr-jpg", "reflacx")}
"""Data sets that others are ingested with (`ingest --beside`)."""
MAX_RADIOGRAPHS = 10_000
"""Up to so many of one's own are hashed, for another picture can be as large to the byte."""
SHARED = ("metadata", "split")  # begin the names of their tables that are read then


def list_sources(root: Path, manifest: Manifest) -> dict[str, Any]:
    """List the files of a tree that the readers use.

    Returns
    -------
    dict
        `dataset`; `size`, path below the root to bytes; `md5`, path to digest, of the files that
        the manifest wants hashed; the others are too large or too many. Radiographs of one's own,
        which no manifest names one by one, are all those below the root.
    """
    matchers = [(file, manifest.matcher(file)) for file in manifest.files]
    sizes, hashed, radiographs = {}, [], []
    for path, kind, size in entries_below(root):
        if kind != "file":
            continue
        file = next((file for file, matcher in matchers if matcher.fullmatch(path)), None)
        if file is not None and file.ingested:
            sizes[path] = size
            if file.watch == "md5":
                hashed.append(path)
        elif isinstance(manifest, OwnManifest) and path.lower().endswith(RADIOGRAPH_SUFFIXES):
            sizes[path] = size
            radiographs.append(path)
    if len(radiographs) <= MAX_RADIOGRAPHS:
        hashed += radiographs
    digests = {path: _md5(root / path) for path in progress(hashed, "md5", total=len(hashed))}
    return {"dataset": manifest.name, "size": sizes, "md5": digests}


def list_beside(start: Path, manifest: Manifest) -> dict[str, dict[str, str]]:
    """List the tables of other data sets that are read with this one, and their manifests.

    Gives digests by path, by data set; without those data sets that are not below `start`.
    """
    listed = {}
    for name in BESIDE.get(manifest.name, ()):
        other = load_manifest(name)
        with suppress(ManifestError):
            root = find_root(start, other)
            tables = [file.pattern for file in other.files if file.name.startswith(SHARED)]
            paths = {pattern: existing(root / pattern) for pattern in tables}
            listed[name] = {pattern: _md5(path) for pattern, path in paths.items() if path}
            listed[name]["manifest"] = _md5(known_manifests()[name])
    return listed


def _md5(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
