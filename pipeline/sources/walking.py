"""Look through raw trees as people have them: gzipped tables, links, names in another case, pipes.

Links to folders are followed, for large trees are often linked together; those that lead back to a
folder above are not.
"""

import os
import re
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Literal, NamedTuple

from gazescribe.pipeline.core.system_errors import is_out_of_handles
from gazescribe.pipeline.sources.manifests import Manifest

MAX_DEPTH = 4  # wget makes physionet.org/files/<data set>/<version>/
_MAX_FOLDERS = 8  # MIMIC's images lie four folders deep
# MIMIC's p10, p10000000, s50000000, and the patients of MIMIC-Eye
_IMAGE_FOLDER = r"(?:[ps]|patient_)\d{2,8}"

Kind = Literal["file", "pipe or device", "link that leads nowhere", "link back", "unreadable"]


class Entry(NamedTuple):
    """Something in a tree that is no folder, or a folder that cannot be entered."""

    path: str  # relative to the root
    kind: Kind
    size: int  # bytes of a file


def entries_below(root: Path) -> Iterator[Entry]:
    """Give all that lies in a tree but its folders, in no particular order."""
    yield from _below(root, "", ())


def _below(folder: Path, below: str, above: tuple[tuple[int, int], ...]) -> Iterator[Entry]:
    try:
        about = folder.stat()
        with os.scandir(folder) as scan:
            inside = list(scan)
    except OSError as fault:
        if is_out_of_handles(fault):
            raise
        yield Entry(below.rstrip("/") or ".", "unreadable", 0)
        return
    folders = (*above, (about.st_dev, about.st_ino))
    for entry in inside:
        path = f"{below}{entry.name}"
        try:
            about = entry.stat()
        except OSError:
            yield Entry(path, "link that leads nowhere", 0)
            continue
        if stat.S_ISREG(about.st_mode):
            yield Entry(path, "file", about.st_size)
        elif not stat.S_ISDIR(about.st_mode):
            yield Entry(path, "pipe or device", 0)
        elif (about.st_dev, about.st_ino) in folders:
            yield Entry(path, "link back", 0)
        elif len(folders) <= _MAX_FOLDERS:
            yield from _below(Path(entry.path), f"{path}/", folders)


def levels(start: Path, manifest: Manifest, depth: int = MAX_DEPTH) -> Iterator[list[Path]]:
    """Give a folder, then those in it, and so on; not the folders of single images or readings."""
    level = [start.resolve()]  # absolute: workers of a scheduler have another working folder
    visited = set(level)
    for _ in range(depth + 1):
        yield level
        level = [inner for folder in level for inner in _folders(folder, manifest, visited)]


def _folders(folder: Path, manifest: Manifest, seen: set[Path]) -> Iterator[Path]:
    inside: list[Path] = []
    with suppress(OSError):  # one that may not be read is passed over in a search
        inside = sorted(folder.iterdir())
    for inner in inside:
        of_one_item = re.fullmatch(_IMAGE_FOLDER, inner.name) or any(
            manifest.is_id(kind, inner.name) for kind in manifest.ids
        )
        with suppress(OSError):
            if of_one_item or inner.name.startswith(".") or not inner.is_dir():
                continue
            place = inner.resolve()  # two links to one folder are one folder
            if place not in seen:
                seen.add(place)
                yield inner


def existing(path: Path) -> Path | None:
    """Give the path of a file that may be gzipped, or None where there is neither."""
    for candidate in (path, path.with_name(f"{path.name}.gz")):
        with suppress(OSError):  # for want of rights
            if candidate.is_file():
                return candidate
    return None


def absence(path: Path) -> str:
    """Say why `existing` gives no file: what is there instead, or nothing."""
    with suppress(OSError):
        mode = path.lstat().st_mode
        if stat.S_ISLNK(mode) and not path.exists():
            return "this is a link that leads nowhere"
        if path.is_dir():
            return "this is a folder, where a file is needed"
        return "this is a pipe or a device, where a file is needed"
    folded = {path.name.casefold(), f"{path.name}.gz".casefold()}
    for name in names_in(path.parent):
        if name.casefold() in folded:
            return f"there is no such file, but {name}: the case of letters counts"
    return "there is no such file"


def names_in(folder: Path) -> list[str]:
    """Name what lies in a folder, sorted; nothing where it cannot be read."""
    with suppress(OSError):
        return sorted(path.name for path in folder.iterdir())
    return []
