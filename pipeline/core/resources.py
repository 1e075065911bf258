"""Where the data folders lie: the working folder first, then what the wheel carries."""

import socket
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from gazescribe.pipeline.core.errors import GazeError

_PACKAGE = Path(__file__).parents[2]  # gazescribe/; its links to pipeline/ are not resolved
_SHIPPED = _PACKAGE / "_data" if (_PACKAGE / "_data").is_dir() else _PACKAGE.parent
_NAMES = ("rules", "data_manifests", "params.yaml")
_working: ContextVar[Path | None] = ContextVar("_working", default=None)  # of the run, in a task


def resource(name: str) -> Path:
    """Find a file or folder that the project ships: `rules`, `data_manifests`, `params.yaml`.

    In the working folder if it is there, else in the installed package or its source tree. Tasks of
    a cluster look in the working folder of the run that they belong to.

    Raises
    ------
    GazeError
        If it is in neither.
    """
    working = _working.get() or Path.cwd()
    for folder in (working, _SHIPPED):
        if (folder / name).exists():
            return folder / name
    message = f"{name} is neither in {working} nor in the installed package."
    raise GazeError(
        message, remedy="Run this in the folder of a project, or install the package again."
    )


def shipped(name: str) -> Path:
    """Give what the project ships, whatever lies in the working folder."""
    return _SHIPPED / name


@dataclass(frozen=True)
class Project:
    """What a run finds in its working folder, for its tasks on machines that work in another.

    Attributes
    ----------
    folder : pathlib.Path
        Working folder of the run.
    names : tuple of str
        What it has of its own there.
    version : str
        Of the package that runs.
    """

    folder: Path
    names: tuple[str, ...]
    version: str

    @classmethod
    def here(cls) -> "Project":
        """Describe this process."""
        folder = Path.cwd()
        names = tuple(name for name in _NAMES if (folder / name).exists())
        return cls(folder, names, version("gazescribe"))


def run_in_project(task: Any, function: Callable[[Any], Any], project: Project) -> Any:
    """Run a task on another machine as if it worked in the folder of the run.

    Raises
    ------
    GazeError
        If this machine has another version of the package, or does not see the folder.
    """
    where = f"worker on {socket.gethostname()}"
    if (installed := version("gazescribe")) != project.version:
        message = (
            f"gazescribe {installed} is installed here, and {project.version} where the run began."
        )
        raise GazeError(message, where=where, remedy="Install the same version on all machines.")
    unseen = [name for name in project.names if not (project.folder / name).exists()]
    if unseen:
        message = f"{' and '.join(unseen)} of {project.folder} cannot be seen here."
        remedy = "Work in a folder that all machines share, or in one without them."
        raise GazeError(message, where=where, remedy=remedy)
    token = _working.set(project.folder)
    try:
        return function(task)
    finally:
        _working.reset(token)
