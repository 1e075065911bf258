"""Where the data folders lie: the working folder first, then what the wheel carries."""

from pathlib import Path

from gazescribe.pipeline.core.errors import GazeError

_PACKAGE = Path(__file__).parents[2]  # gazescribe/; its links to pipeline/ are not resolved
_SHIPPED = _PACKAGE / "_data" if (_PACKAGE / "_data").is_dir() else _PACKAGE.parent


def resource(name: str) -> Path:
    """Find a file or folder that the project ships: `rules`, `data_manifests`, `params.yaml`.

    In the working folder if it is there, else in the installed package or its source tree.

    Raises
    ------
    GazeError
        If it is in neither.
    """
    for folder in (Path.cwd(), _SHIPPED):
        if (folder / name).exists():
            return folder / name
    message = f"{name} is neither in {Path.cwd()} nor in the installed package."
    raise GazeError(
        message, remedy="Run this in the folder of a project, or install the package again."
    )


def shipped(name: str) -> Path:
    """Give what the project ships, whatever lies in the working folder."""
    return _SHIPPED / name
