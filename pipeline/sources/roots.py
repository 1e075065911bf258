"""Find the root of a raw tree: people unpack archives into folders of any name."""

import re
from pathlib import Path

from gazescribe.pipeline.core.errors import ManifestError
from gazescribe.pipeline.sources.manifests import Manifest
from gazescribe.pipeline.sources.repackaged import find_mimic_eye, recognise
from gazescribe.pipeline.sources.walking import MAX_DEPTH, existing, levels


def find_root(start: Path, manifest: Manifest) -> Path:
    """Find the folder that holds a data set's signature file, at `start` or below; nearer ones win.

    The file may also lie there as `.csv.gz`. Where the manifest names none, the root is the folder
    of its name in `start`, else `start` itself; where that has none of its files, the folder of
    its name beside `start`, if there is one.
    Without it, a folder that holds two other files of the data set is the root of a damaged tree.

    Raises
    ------
    ManifestError
        If no folder is the root, or two equally near ones are; it says what `start` is instead, if
        that is known.
    """
    signature = manifest.signature
    if signature is None:
        return _root_by_name(start.resolve(), manifest)
    root = _nearest([signature], 1, start, manifest)
    eye = None if root else find_mimic_eye(start, manifest)
    if root is None and eye is None:
        others = [
            file.pattern for file in manifest.files if file.ingested and "{" not in file.pattern
        ]
        root = _nearest(others, 2, start, manifest)
    if root is not None:
        return root
    message, remedy = (
        eye
        or recognise(start, manifest)
        or ("", f"Give the folder of {manifest.long_name}, version {manifest.versions[0]}.")
    )
    raise ManifestError(
        f"no {manifest.name} tree is here: {signature} (or .gz) was looked for"
        f" down to {MAX_DEPTH} folders below. {message}".rstrip(),
        where=start,
        remedy=remedy,
    )


def _root_by_name(start: Path, manifest: Manifest) -> Path:
    inside, beside = start / manifest.name, start.parent / manifest.name
    if inside.is_dir():
        return inside
    patterns = [re.sub(r"\{\w+\}", "*", file.pattern) for file in manifest.files]
    has_files = any(next(start.glob(pattern), None) for pattern in patterns)
    return beside if beside.is_dir() and not has_files else start


def _nearest(patterns: list[str], n: int, start: Path, manifest: Manifest) -> Path | None:
    """Find the nearest folder that holds so many of the files."""
    if start.is_file():
        return None
    for level in levels(start, manifest):
        roots = []
        for folder in level:
            n_there = sum(existing(folder / pattern) is not None for pattern in patterns)
            if n_there >= n:
                roots.append(folder)
        if len(roots) > 1:
            raise ManifestError(
                f"{len(roots)} {manifest.name} trees lie here.",
                where=start,
                remedy="Name the one you mean.",
                faults=[str(folder) for folder in roots],
            )
        if roots:
            return roots[0]
    return None


def find_beside(start: Path, root: Path, manifest: Manifest) -> Path | None:
    """Find the tree of another data set where one was found: below `start`, or beside its root.

    Beside it are its neighbours, and those that wget makes, which hold one folder a version. None
    where there is none, or no single one.
    """
    signature = manifest.signature or ""
    wget = [root.parent.parent / manifest.name / version for version in manifest.versions]
    beside = list(levels(root.parent, manifest, depth=1))
    for level in (*levels(start, manifest), *beside, wget):
        roots = [folder for folder in level if existing(folder / signature)]
        if roots:
            return roots[0] if len(roots) == 1 else None
    return None
