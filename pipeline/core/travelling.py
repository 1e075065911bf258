"""Tasks for workers on machines that reach the stores, but not this machine's disk.

A path below a copy of a store travels as its address, and each machine brings its own copy, once.
What a task writes for the folder that is made here comes back with its result. So a cluster needs
no shared disk where commands are given addresses.
"""

import io
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from gazescribe.pipeline.core.errors import GazeError
from gazescribe.pipeline.core.extras import lacking_extra
from gazescribe.pipeline.core.remote import Store, with_addresses

Files = dict[str, bytes]


@dataclass(frozen=True)
class Copy:
    """A folder or file of a store as this run reads it.

    Without a digest it is too large to be brought, and tasks fetch what they need.
    """

    store: Store
    digest: str | None
    leave_out: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Stores:
    """What the command that runs now reads from stores, and the copy of what it writes."""

    inputs: Sequence[Copy]
    out: Path | None


_now: ContextVar[_Stores | None] = ContextVar("_now", default=None)
_made: ContextVar[Path | None] = ContextVar("_made", default=None)  # of a task, on its machine
_brought: dict[str, str] = {}  # digest of each copy that this process of a worker has


@contextmanager
def using(inputs: Sequence[Copy], out: Path | None) -> Iterator[None]:
    """Let paths below these copies travel as addresses while the block runs."""
    token = _now.set(_Stores(inputs, out))
    try:
        yield
    finally:
        _now.reset(token)


class Journey:
    """A function and its tasks on their way to other machines, and the results on their way back.

    Parameters
    ----------
    function : callable
        As `map_tasks` takes it.
    stores : _Stores
        Of the command that runs now.
    """

    def __init__(self, function: Callable[[Any], Any], stores: _Stores) -> None:
        self._stores = stores
        self._staging: Path | None = None
        self.function = self.pack(function)

    @classmethod
    def of(cls, function: Callable[[Any], Any]) -> "Journey | None":
        """Give the journey of a function; None where the command uses no store."""
        stores = _now.get()
        return cls(function, stores) if stores else None

    def pack(self, value: object) -> bytes:
        """Turn a function or task into bytes, in which paths below copies are addresses."""
        import cloudpickle

        class Packer(cloudpickle.Pickler):  # type: ignore[misc]  # no types
            def reducer_override(packer, value: object) -> Any:  # noqa: N805  self is the journey
                if isinstance(value, Path) and (place := self._place(value)) is not None:
                    return place
                return super().reducer_override(value)

        buffer = io.BytesIO()
        Packer(buffer).dump(value)
        return buffer.getvalue()

    def _place(self, path: Path) -> tuple[Callable[..., Path], tuple[Any, ...]] | None:
        """Say how another machine finds a path; None for one that all machines see."""
        out = self._stores.out
        for staging in (out.with_name(f".{out.name}.partial"), out / ".partial") if out else ():
            if path.is_relative_to(staging):
                self._staging = staging
                folders = [str(x.relative_to(staging)) for x in staging.rglob("*/")]
                return _made_here, (str(path.relative_to(staging)), folders)
        for copy in self._stores.inputs:
            if path.is_relative_to(copy.store.local):
                name = str(path.relative_to(copy.store.local))
                return _brought_here, (copy.store.address, copy.digest, copy.leave_out, name)
        return None

    def unpack(self, answer: tuple[Any, Files]) -> Any:
        """Write the files that a task made, and give its result."""
        result, files = answer
        # Notes that say what is finished are hidden, and come after it.
        for name in sorted(files, key=lambda name: (Path(name).name.startswith("."), name)):
            assert self._staging is not None  # noqa: S101  no file is made for another folder
            path = self._staging / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(files[name])
        return result


def run_packed(task: bytes, function: bytes) -> tuple[Any, Files]:
    """Run a packed task on this machine; give its result and the files that it made."""
    import cloudpickle

    with TemporaryDirectory(prefix="gazescribe-", suffix=".partial") as name:
        folder = Path(name) / ".made.partial"  # by this name it is known as no place for good
        folder.mkdir()
        token = _made.set(folder)
        try:
            result = cloudpickle.loads(function)(cloudpickle.loads(task))
        except GazeError as error:
            _say_addresses(error)
            raise
        except ModuleNotFoundError as error:
            raise _of_this_machine(error) from error
        finally:
            _made.reset(token)
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        return result, {str(path.relative_to(folder)): path.read_bytes() for path in files}


def _made_here(name: str, folders: Sequence[str]) -> Path:
    folder_of_task = _made.get()
    assert folder_of_task is not None  # noqa: S101  only `run_packed` unpacks
    for folder in folders:
        (folder_of_task / folder).mkdir(parents=True, exist_ok=True)
    return folder_of_task / name


def _brought_here(address: str, digest: str | None, leave_out: tuple[str, ...], name: str) -> Path:
    store = Store(address)
    if digest is not None and _brought.get(address) != digest:
        store.bring_version(digest, leave_out)
        _brought[address] = digest
    return store.local / name


def _say_addresses(error: GazeError) -> None:
    """Name addresses for paths of this machine: the error is shown on another."""
    error.where = error.where and with_addresses(error.where)
    error.faults = tuple(map(with_addresses, error.faults))


def _of_this_machine(error: ModuleNotFoundError) -> Exception:
    lack = lacking_extra(error)
    if lack is None:
        return error
    return GazeError(lack.what, where=f"worker on {socket.gethostname()}", remedy=lack.remedy)
