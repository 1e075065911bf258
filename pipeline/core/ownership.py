"""Which files of a folder we wrote: a hidden record names them, so that no other file is lost.

The record lies in the folder as `.written.json`: what the folder holds, and each file with its size
and, up to 16 MiB, its SHA-256. An export has a record of its own to be checked by others,
`SHA256SUMS`, and no second one.
"""

import hashlib
import json
import os
from collections.abc import Collection, Iterable, Iterator
from heapq import merge
from pathlib import Path
from typing import Any

from gazescribe.pipeline.core.errors import SchemaError, WriteError
from gazescribe.pipeline.core.foreign import read_json

RECORD = ".written.json"
SUMS = "SHA256SUMS"
_OF_EXPORTS = "provenance.json"  # many folders have sums, but only exports have this file too
_HASHED_BYTES = 2**24

Files = dict[str, dict[str, Any]]


def check_ours(folder: Path, names: Collection[str], content: str) -> None:
    """Refuse to replace files of a folder that we did not write.

    Parameters
    ----------
    folder : pathlib.Path
        It need not exist.
    names : collection of str
        Files and folders in it that are to go.
    content : str
        What is to be written, a plural: `heatmaps`, `tables`.

    Raises
    ------
    WriteError
        If the folder holds other content of ours, or a file that is in no record or has changed.
    """
    record = read_record(folder)
    files: Files = record.get("files", {})
    other = record.get("content", content)
    if other != content and any((folder / name).exists() for name in files):
        message = f"this folder holds {other}; {content} would mix with them."
        raise WriteError(message, where=folder, remedy="Name another folder.")
    strangers = [
        f"{path}: {'changed since it was written' if path in files else 'not of an earlier run'}"
        for path in _files(folder, names)
        if path not in files or not _is_as_recorded(folder / path, files[path])
    ]
    if strangers:
        message = f"this folder holds files that are no {content} of an earlier run; nothing was"
        remedy = "Move them away, or name another folder."
        raise WriteError(f"{message} written.", where=folder, remedy=remedy, faults=strangers)


def recorded_files(folder: Path) -> Collection[str]:
    """Name the files that we wrote to a folder, as far as a record says."""
    files: Files = read_record(folder).get("files", {})
    return files.keys()


def write_record(
    staging: Path, names: Collection[str], folder: Path, gone: Collection[str], content: str
) -> None:
    """Record in `staging` some of its entries, and our files that stay in the folder they go to.

    Nothing is written where the content has sums of its own.
    """
    if SUMS in names:
        return
    earlier: Files = read_record(folder).get("files", {})
    stay = {
        path: about
        for path, about in earlier.items()
        if Path(path).parts[0] not in {*gone, *names} and (folder / path).is_file()
    }
    # As `json.dumps` writes it, but a line at a time: of 100,000 readings there are 500,000 files.
    with (staging / RECORD).open("w", encoding="utf-8") as record:
        record.write(f'{{\n "content": {json.dumps(content)},\n "files": {{')
        separator = "\n"
        for path in merge(_files(staging, names), sorted(stay)):
            about = stay[path] if path in stay else _describe(staging / path)
            text = json.dumps(about, indent=1, sort_keys=True).replace("\n", "\n  ")
            record.write(f"{separator}  {json.dumps(path)}: {text}")
            separator = ",\n"
        record.write("\n }\n}\n" if separator == ",\n" else "}\n}\n")


def read_record(folder: Path) -> dict[str, Any]:
    """Read the record of a folder: its content and files; one that is damaged names no file."""
    if (folder / SUMS).is_file() and (folder / _OF_EXPORTS).is_file():
        lines = (folder / SUMS).read_bytes().decode(errors="replace").splitlines()
        sums = {path: {"sha256": sha256} for sha256, _, path in (x.partition("  ") for x in lines)}
        return {"content": "exports", "files": {**sums, SUMS: {}}}
    try:
        record: dict[str, Any] = read_json(folder / RECORD)
    except SchemaError:
        return {}
    files = record.get("files")
    usable = isinstance(files, dict) and all(isinstance(x, dict) for x in files.values())
    return record if usable else {}


def _files(folder: Path, names: Iterable[str]) -> Iterator[str]:
    """Name all files below some entries of a folder, relative to it, in order.

    A link to a folder is a file.
    """
    entries = []
    for name in names:
        path = folder / name
        if path.is_dir() and not path.is_symlink():
            entries.append(f"{name}/")
        elif path.is_symlink() or path.exists():
            entries.append(name)
    yield from _below(folder, entries, "")


def _below(folder: Path, entries: list[str], prefix: str) -> Iterator[str]:
    """Go through entries, of which folders end with a slash: so paths come in order."""
    for entry in sorted(entries):
        if not entry.endswith("/"):
            yield f"{prefix}{entry}"
            continue
        with os.scandir(folder / entry) as scan:
            inside = [item.name + "/" * item.is_dir(follow_symlinks=False) for item in scan]
        yield from _below(folder / entry, inside, f"{prefix}{entry}")


def _describe(path: Path) -> dict[str, Any]:
    size = path.stat().st_size
    if size > _HASHED_BYTES:
        return {"size": size}
    return {"size": size, "sha256": _sha256(path)}


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _is_as_recorded(path: Path, recorded: dict[str, Any]) -> bool:
    """Compare a file, or the one that DVC's link leads to, with its line in a record."""
    if not path.is_file():
        return False
    size, sha256 = recorded.get("size"), recorded.get("sha256")
    if size is not None and path.stat().st_size != size:
        return False
    return sha256 is None or _sha256(path) == sha256
