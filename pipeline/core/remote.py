"""Folders and files of object stores, `s3://bucket/folder`, brought to this machine.

A copy lies in a folder of this machine, under the names of the store; only what has changed comes
again. `sending` writes to stores: while it does, `.uploading.json` stands in the folder, and a
folder that has it, or lacks a file of its record (`ownership`), is refused here. Credentials are
those of the store's own library; nothing here reads or says them.
"""

import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from fcntl import LOCK_EX, flock
from pathlib import Path
from typing import Any

from gazescribe.pipeline.core.console import progress
from gazescribe.pipeline.core.errors import GazeError, SchemaError, WriteError, shorten
from gazescribe.pipeline.core.files import stamp, write_json
from gazescribe.pipeline.core.foreign import parse_json, read_json
from gazescribe.pipeline.core.locks import who
from gazescribe.pipeline.core.ownership import RECORD

UPLOADING = ".uploading.json"
AT_ONCE = 32  # transfers: small files wait for answers, not for the line
LOST = ("aiohttp.", "asyncio.", "botocore.", "concurrent.", "requests.", "ssl.", "urllib3.")
"""Modules whose errors say that a store did not answer."""
_ADDRESS = re.compile(r"([a-z][a-z0-9+.-]*)://(.*)", re.DOTALL)
_NO_RIGHT = (
    "Look at the credentials (variables or profile, as the store's own tools take them), on other"
    " machines at those of their workers."
)
_ANEW = "Run the command again that writes it."

Objects = dict[str, list[Any]]
"""Size and version of each object of a folder, by name; of a file the one name is empty."""


def is_address(text: str) -> bool:
    """Tell whether a text is an address in a store and no path."""
    return bool(_ADDRESS.match(text))


def cache() -> Path:
    """Give the folder of this machine that holds what was brought, named as in the stores."""
    default = Path.home() / ".cache" / "gazescribe" / "stores"
    return Path(os.environ.get("GAZE_CACHE") or default).absolute()


def address_of(path: Path) -> str | None:
    """Give the address whose copy a path is; None for all other paths."""
    if not path.is_relative_to(cache()):
        return None
    protocol, *names = path.relative_to(cache()).parts
    return f"{protocol}://{'/'.join(names)}"


def with_addresses(text: str) -> str:
    """Name addresses in a text, in place of where their copies lie."""
    return re.sub(re.escape(f"{cache()}/") + r"([a-z][a-z0-9+.-]*)/", r"\1://", text)


class Store:
    """A folder or file of a store.

    Attributes
    ----------
    address : str
        As given, without a slash at its end.
    path : str
        What the store's library knows it by.
    local : pathlib.Path
        Where its copy lies on this machine.
    """

    def __init__(self, address: str) -> None:
        match = _ADDRESS.match(address)
        protocol, path = match.groups() if match else ("", address)
        if "@" in path.partition("/")[0]:  # not to be shown
            message = "an address with a name or password in it is not taken."
            raise GazeError(message, remedy=_NO_RIGHT)
        path = path.strip("/")
        if not is_inside(path):
            message = "this is no address of a folder or file, such as s3://bucket/folder."
            raise GazeError(message, where=shorten(address))
        self.address = f"{protocol}://{path}"
        self.local = cache() / protocol / path
        self.files = _file_system(protocol)
        self.path: str = self.files._strip_protocol(self.address)  # noqa: SLF001  fsspec's own word

    def key(self, name: str) -> str:
        """Give what the store's library knows a file of this folder by."""
        return f"{self.path}/{name}" if name else self.path

    def objects(self) -> Objects:
        """List what lies there; nothing where nothing is."""
        with self.explained():
            listing = self.files.find(self.path, detail=True)
        objects = {}
        for path, entry in listing.items():
            # As it is, for it may hold anything: no library is to make a harmless path of it.
            objects[path[len(self.path) + 1 :]] = [entry["size"], _version(entry)]
        if faults := [name for name in objects if name and not is_inside(name)]:
            message = "objects with such names cannot be files."
            raise GazeError(message, where=self.address, faults=faults)
        return objects

    def bring(self, leave_out: Sequence[str] = ()) -> str:
        """Bring it to this machine, unless it is here; give a digest of what it holds.

        `leave_out` are endings of files that do not come.

        Raises
        ------
        GazeError
            If nothing is there, it was not sent whole, the store refuses or is not reached, or the
            disk is too small.
        """
        # It will hold dictations, whoever else uses this machine.
        cache().mkdir(parents=True, exist_ok=True, mode=0o700)
        self._note.parent.mkdir(exist_ok=True)
        with self._note.with_suffix(".lock").open("w") as lock:
            flock(lock, LOCK_EX)  # processes of this machine share the copy
            objects = self.objects()
            if not objects:
                message = "there is no such folder or file in the store."
                raise GazeError(message, where=self.address)
            self._check_whole(objects)
            for name in {*self._read_note().get("objects", {})} - {*objects}:  # gone since
                (self.local / name).unlink(missing_ok=True)
            for name in list(objects):
                if leave_out and name.lower().endswith(tuple(leave_out)):
                    del objects[name]
            self._bring(objects)
            return self.note_copy(objects)

    def bring_version(self, digest: str, leave_out: Sequence[str] = ()) -> None:
        """Bring what another machine was given, too; the store is not asked where it is here.

        Raises as `bring`, and if it has changed since.
        """
        note = self._read_note()
        if note.get("digest") == digest and not self._missing(note["objects"]):
            return
        if self.bring(leave_out) != digest:
            message = "this was replaced in the store while it was read."
            raise GazeError(message, where=self.address, remedy="Run this again.")

    def fetch(self, files: Iterable[Sequence[str]]) -> None:
        """Bring some files of a folder that is too large to bring.

        Each has several names; the first that is there comes, unless it is here.
        """
        self.in_threads(self._get_first, files, "")

    def note_copy(self, objects: Objects) -> str:
        """Note which versions the copy on this machine has; give their digest."""
        digest = hashlib.sha256(json.dumps(sorted(objects.items())).encode()).hexdigest()
        stamps = {name: [*objects[name], stamp(self.local / name)] for name in objects}
        write_json({"digest": digest, "objects": stamps}, self._note)
        return digest

    def in_threads(
        self, act: Callable[[Any], None], files: Iterable[Any], doing: str, at_once: int = AT_ONCE
    ) -> None:
        """Do the same with many files, some at once."""
        waiting = list(files)
        with self.explained(), ThreadPoolExecutor(at_once) as threads:
            for _ in progress(threads.map(act, waiting), doing, total=len(waiting)):
                pass

    def read(self, name: str) -> dict[str, Any]:
        """Read a small JSON file; nothing where there is none, or no JSON."""
        try:
            with self.explained():
                text: str = self.files.cat_file(self.key(name)).decode(errors="replace")
            return dict(parse_json(text, where=f"{self.address}/{name}"))
        except (FileNotFoundError, SchemaError):
            return {}

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Turn what the library of a store raises into an error for people."""
        try:
            yield
        except GazeError:
            raise
        except PermissionError as error:
            message = "the store gives no right to this."
            raise GazeError(message, where=self.address, remedy=_NO_RIGHT) from error
        except Exception as error:
            message, remedy = _explain(error)
            if not message:
                raise
            raise GazeError(message, where=self.address, remedy=remedy) from error

    def _check_whole(self, objects: Objects) -> None:
        if UPLOADING in objects:
            owner = self.read(UPLOADING)
            message = f"this is not whole: {who(owner)} is sending it, or was cut off."
            raise SchemaError(message, where=self.address, remedy=f"Wait for it. {_ANEW}")
        files = self.read(RECORD).get("files", {}) if RECORD in objects else {}
        faults = []
        for name, entry in files.items():
            size = objects[name][0] if name in objects else 0
            if size != entry["size"]:
                faults.append(f"{name}: {size:,} bytes of {entry['size']:,}")
        if faults:
            message = "this is not whole: its record names files that are absent or cut off."
            remedy = f"Copy it to the store again. {_ANEW}"
            raise SchemaError(message, where=self.address, remedy=remedy, faults=faults)

    def _bring(self, objects: Objects) -> None:
        noted_objects = self._read_note().get("objects", {})
        noted_here = {
            name: noted for name, noted in noted_objects.items() if noted[:2] == objects.get(name)
        }
        wanted = sorted({*objects} - {*noted_here} | self._missing(noted_here))
        size = sum(objects[name][0] for name in wanted)
        self.local.parent.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(self.local.parent).free
        if size > free:
            message = f"{size:,} bytes are to come, and {cache()} has room for {free:,}."
            remedy = "Name a folder on a larger disk in the variable GAZE_CACHE."
            raise WriteError(message, where=self.address, remedy=remedy)
        self.in_threads(self._get, wanted, "fetching")

    def _missing(self, noted: Objects) -> set[str]:
        """Name the files of a copy that are gone, or were changed by others."""
        return {name for name, about in noted.items() if stamp(self.local / name) != about[2]}

    def _get(self, name: str) -> None:
        path = self.local / name
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f".{path.name}.fetched")
        try:
            self.files.get_file(self.key(name), str(beside))
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)

    def _get_first(self, names: Sequence[str]) -> None:
        if any((self.local / name).is_file() for name in names):
            return
        for name in filter(is_inside, names):
            with suppress(FileNotFoundError):
                self._get(name)
                return

    @property
    def _note(self) -> Path:
        digest = hashlib.sha256(self.address.encode()).hexdigest()
        return cache() / ".notes" / f"{digest[:24]}.json"

    def _read_note(self) -> dict[str, Any]:
        try:
            return dict(read_json(self._note))
        except SchemaError:
            return {}


def is_inside(name: str) -> bool:
    """Tell whether the name of an object leads to a place below a folder: it may be any text."""
    parts = name.split("/")
    return name.isprintable() and not {"", ".", ".."} & set(parts)


def _version(about: dict[str, Any]) -> str:
    """Give what changes with the content of an object; each store has a word of its own."""
    words = ("ETag", "etag", "md5Hash", "content_md5", "LastModified", "created", "mtime")
    return next((str(about[word]) for word in words if about.get(word)), "")


def _file_system(protocol: str) -> Any:
    if protocol in ("s3", "s3a"):
        import s3fs  # noqa: F401  the extra is named where it is absent

    import fsspec

    try:
        # Listings are asked for anew: other machines write, too.
        return fsspec.filesystem(protocol, use_listings_cache=False)
    except ValueError as error:
        message = f"there is no store {protocol}://; there are s3, gs, az, abfs and others."
        raise GazeError(message) from error
    except ImportError as error:
        raise GazeError(f"{protocol}:// needs a package: {shorten(error)}.") from error


def _explain(error: Exception) -> tuple[str, str | None]:
    """Say what a store's library raised, and what to do; an empty text for what is no fault of it.

    Its own words are shown for those alone that name no secret.
    """
    name = type(error).__name__
    if name in ("NoCredentialsError", "ProfileNotFound", "PartialCredentialsError"):
        return f"there are no credentials for this store ({shorten(error)}).", _NO_RIGHT
    if isinstance(error, FileNotFoundError) and "bucket" in str(error):
        return "there is no such bucket.", "Make it first, or correct its name."
    if isinstance(error, OSError) and error.filename is not None:
        return "", None  # of this machine's disk
    if isinstance(error, FileNotFoundError | FileExistsError):
        return "", None  # for the caller, who knows what it means
    module = f"{type(error).__module__}."
    if isinstance(error, OSError | TimeoutError) or module.startswith(LOST):
        message = f"the store does not answer as it should ({name}: {shorten(error, 300)})."
        return message, "Run this again; what has come is kept."
    return "", None
