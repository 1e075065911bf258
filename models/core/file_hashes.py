"""Hashes of what folders hold, whatever they are called and wherever they lie.

Large files, such as shards at full size, are read once: their hashes are remembered in a file, with
size, time of change and inode of each.
"""

import hashlib
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from gazescribe.pipeline.core.console import progress
from gazescribe.pipeline.core.errors import GazeError, WriteError
from gazescribe.pipeline.core.files import write_json
from gazescribe.pipeline.core.foreign import read_json

LARGE = 2**24
"""Bytes; smaller files are read each time."""
SETTLED_S = 2.0
"""A file that changed later than this before it was read could change again within a clock tick."""


def folder_hashes(folders: Sequence[str], memory: Path) -> dict[str, str]:
    """Identify what each folder holds: names in it and bytes, but for hidden files.

    A folder that is not there is an empty one; in the place of one a file can stand. `memory` is
    the file of remembered hashes.
    """
    remembered = _read_memory(memory)
    known = dict(remembered)
    hashes = {}
    files = {folder: _files(Path(folder)) for folder in folders}
    paths = [path for folder in folders for path in files[folder]]
    sums = {path: _sha256(path, known) for path in progress(paths, "inputs", total=len(paths))}
    for folder in folders:
        # Sorted: the order in which a file system lists is its own affair.
        lines = sorted(
            f"{path.relative_to(folder).as_posix()} {sums[path]}\n" for path in files[folder]
        )
        hashes[folder] = hashlib.sha256("".join(lines).encode()).hexdigest()
    if known != remembered:
        with suppress(WriteError, OSError):  # another run writes it, or the disk is full
            write_json(known, memory)
    return hashes


def file_hash(path: Path) -> str:
    """Identify a file by its bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _files(folder: Path) -> list[Path]:
    if folder.is_file():
        return [folder]
    files = []
    for path in folder.rglob("*"):
        is_hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if path.is_file() and not is_hidden:
            files.append(path)
    return files


def _read_memory(memory: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = read_json(memory)
    except GazeError:  # none yet, or damaged
        return {}
    return content


def _sha256(path: Path, known: dict[str, Any]) -> str:
    """Hash a file, or take what is known of it; add to `known` what a later call can take."""
    about = path.stat()
    if about.st_size < LARGE:
        return file_hash(path)
    name, now = str(path.absolute()), [about.st_size, about.st_mtime_ns, about.st_ino]
    line = known.get(name)
    if isinstance(line, list) and line[:-1] == now:
        return str(line[-1])
    is_settled = time.time() - about.st_mtime > SETTLED_S
    sha256 = file_hash(path)
    if is_settled:
        known[name] = [*now, sha256]
    return sha256
