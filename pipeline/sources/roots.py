"""Find the root of a raw tree: people unpack archives into folders of any name."""

import re
from collections.abc import Iterator
from pathlib import Path

from gazescribe.pipeline.core.errors import ManifestError
from gazescribe.pipeline.sources.manifests import Manifest

MAX_DEPTH = 4  # wget makes physionet.org/files/<data set>/<version>/
_IMAGE_FOLDER = r"[ps]\d{2,8}"  # MIMIC's p10, p10000000, s50000000


def find_root(start: Path, manifest: Manifest) -> Path:
    """Find the folder that holds a data set's signature file, at `start` or below; nearer ones win.

    The file may also lie there as `.csv.gz`. Where the manifest names none, `start` is the root.

    Raises
    ------
    ManifestError
        If no folder has the file, or two equally near ones do.
    """
    signature = manifest.signature
    if signature is None:
        return start.resolve()
    for level in levels(start, manifest):
        roots = [folder for folder in level if existing(folder / signature)]
        if len(roots) > 1:
            raise ManifestError(
                f"{len(roots)} {manifest.name} trees lie here.",
                where=start,
                remedy="Name the one you mean.",
                faults=[str(folder) for folder in roots],
            )
        if roots:
            return roots[0]
    raise ManifestError(
        f"no {manifest.name} tree is here: {signature} (or .gz) was looked for"
        f" down to {MAX_DEPTH} folders below.",
        where=start,
        remedy=f"Give the folder of {manifest.long_name}, version {manifest.versions[0]}.",
    )


def levels(start: Path, manifest: Manifest) -> Iterator[list[Path]]:
    """Give a folder, then those in it, and so on; not the folders of single images or readings."""
    level = [start.resolve()]  # absolute: workers of a scheduler have another working folder
    for _ in range(MAX_DEPTH + 1):
        yield level
        level = [inner for folder in level for inner in _folders(folder, manifest)]


def existing(path: Path) -> Path | None:
    """Give the path of a file that may be gzipped, or None where there is neither."""
    if path.is_file():
        return path
    packed = path.with_name(f"{path.name}.gz")
    return packed if packed.is_file() else None


def _folders(folder: Path, manifest: Manifest) -> Iterator[Path]:
    for inner in sorted(folder.iterdir()):
        of_one_item = re.fullmatch(_IMAGE_FOLDER, inner.name) or any(
            manifest.is_id(kind, inner.name) for kind in manifest.ids
        )
        if inner.is_dir() and not of_one_item and not inner.name.startswith("."):
            yield inner
