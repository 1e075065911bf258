"""Files and folders sent to object stores, whole or not at all as far as a reader can tell.

A store has no rename. So `.uploading.json` names this process in a folder from the first change to
the last, readers refuse a folder that has it (`remote`), and the record of the folder, which names
all its files, comes after them. No object goes that no record names as ours.
"""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from gazescribe.pipeline.core.errors import GazeError, WriteError
from gazescribe.pipeline.core.files import entries
from gazescribe.pipeline.core.locks import is_alive, this_process, who
from gazescribe.pipeline.core.ownership import RECORD, SUMS, read_record
from gazescribe.pipeline.core.remote import UPLOADING, Objects, Store, cache

MARKS = (RECORD, SUMS)  # each names all files of its folder
ABOUT = (*MARKS, "provenance.json")  # what says which objects are ours
LARGE_BYTES = 2**23
LARGE_AT_ONCE = 2  # the store's library holds some hundred megabytes of each


def make_room(store: Store) -> None:
    """Prepare the folder on this machine in which is made what is sent later.

    Raises
    ------
    WriteError
        If the store holds objects there that we did not write.
    """
    _check_ours(store, store.objects())
    if store.local.is_dir():
        shutil.rmtree(store.local)
    store.local.unlink(missing_ok=True)
    store.local.parent.mkdir(parents=True, exist_ok=True)


def send(store: Store) -> None:
    """Send what was made on this machine: a file in one step, a folder's mark as the last.

    Raises
    ------
    GazeError
        If another run sends to the same folder, it holds objects that we did not write, or the
        store refuses or is lost. What was made stays on this machine.
    """
    try:
        if store.local.is_file():
            _put(store, "")
        else:
            _send_folder(store)
    except GazeError as error:
        kept_place = f"What was made is kept in {cache()}."
        remedy = " ".join(filter(None, (error.remedy, kept_place)))
        raise WriteError(
            error.what, where=error.where, remedy=remedy, faults=error.faults
        ) from error
    store.note_copy(store.objects())


def _send_folder(store: Store) -> None:
    names = sorted(_files(store.local))
    content = read_record(store.local).get("content")
    marks = [name for name in MARKS if name in names]
    with _claimed(store, names, content) as objects:
        for mark in MARKS:
            if mark in objects:
                _remove(store, mark)
        files = [name for name in names if name not in marks]
        large = [name for name in files if (store.local / name).stat().st_size > LARGE_BYTES]
        small = sorted({*files} - {*large})
        store.in_threads(partial(_put, store), small, "sending")
        store.in_threads(partial(_put, store), large, "sending", LARGE_AT_ONCE)
        obsolete = {*objects} - {*names, *MARKS, UPLOADING}
        store.in_threads(partial(_remove, store), sorted(obsolete), "removing")
        _check_sizes(store, files)
        for mark in marks:
            _put(store, mark)


def _files(folder: Path) -> Iterator[str]:
    """Name the files of a folder, and its record; not what a run leaves while it writes."""
    for name in {*entries(folder), RECORD}:
        path = folder / name
        if path.is_dir():
            yield from (str(x.relative_to(folder)) for x in path.rglob("*") if x.is_file())
        elif path.is_file():
            yield name


@contextmanager
def _claimed(store: Store, names: list[str], content: str | None) -> Iterator[Objects]:
    """Say in the folder that this process sends to it; it stays said where it is cut off."""
    objects = store.objects()
    _check_ours(store, objects, content)
    # What is there is ours, which no record says any more while the new content comes.
    claim = json.dumps({**this_process(), "files": sorted({*names, *objects})}).encode()
    try:
        with store.explained():
            store.files.pipe_file(store.key(UPLOADING), claim, mode="create")
    except FileExistsError:
        owner = store.read(UPLOADING)
        if is_alive(owner) and not _is_this_process(owner):
            message = f"another run is sending here: {who(owner)}."
            remedy = f"Wait for it; if it has ended there, remove all of {store.address}."
            raise WriteError(message, where=store.address, remedy=remedy) from None
        with store.explained():
            store.files.pipe_file(store.key(UPLOADING), claim)
    yield objects
    _remove(store, UPLOADING)


def _is_this_process(owner: dict[str, Any]) -> bool:
    """Tell whether this process was cut off as it sent here before."""
    process = this_process()
    return all(owner.get(name) == process[name] for name in ("pid", "started", "host"))


def _check_ours(store: Store, objects: Objects, content: str | None = None) -> None:
    """Refuse to replace objects of a folder that no record of ours names; a file is replaced.

    `content` is what is sent, a plural; a folder of other content of ours is refused too.
    """
    if not {*objects} - {""}:
        return
    record = _record(store, objects)
    if content and record.get("content", content) != content:
        message = f"this folder holds {record['content']}; {content} would mix with them."
        raise WriteError(message, where=store.address, remedy="Name another folder.")
    sent = store.read(UPLOADING).get("files", []) if UPLOADING in objects else []
    strangers = {*objects} - {*record.get("files", {}), *sent, *MARKS, UPLOADING}
    if strangers:
        message = "this folder holds objects that no earlier run sent; nothing was sent."
        remedy = "Move them away, or name another folder."
        raise WriteError(message, where=store.address, remedy=remedy, faults=sorted(strangers))


def _record(store: Store, objects: Objects) -> dict[str, Any]:
    """Read the record of a folder of the store."""
    with TemporaryDirectory() as folder:
        for name in {*ABOUT} & {*objects}:
            with store.explained():
                store.files.get_file(store.key(name), str(Path(folder) / name))
        return read_record(Path(folder))


def _check_sizes(store: Store, names: list[str]) -> None:
    objects = store.objects()
    faults = [
        name for name in names if objects.get(name, [0])[0] != (store.local / name).stat().st_size
    ]
    if faults:
        message = "the store does not hold what was sent to it."
        raise WriteError(message, where=store.address, remedy="Run this again.", faults=faults)


def _put(store: Store, name: str) -> None:
    with store.explained():
        store.files.put_file(str(store.local / name), store.key(name))


def _remove(store: Store, name: str) -> None:
    with store.explained():
        store.files.rm_file(store.key(name))
