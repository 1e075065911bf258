"""Where the data folders lie: the working folder first, then what the wheel carries."""

from pathlib import Path

from pipeline.errors import GazeError

_SOURCE_TREE = Path(__file__).parent.parent
_PACKAGED = Path(__file__).parent / "_data"


def resource(name: str) -> Path:
    """Find `rules`, `data_manifests` or `params.yaml`.

    Parameters
    ----------
    name : str
        A file or folder that the project ships.

    Returns
    -------
    pathlib.Path
        In the working folder if it is there, else in the source tree or the installed package.

    Raises
    ------
    GazeError
        If it is in none of them.
    """
    for folder in (Path.cwd(), _SOURCE_TREE, _PACKAGED):
        if (folder / name).exists():
            return folder / name
    raise GazeError(f"{name} is neither in {Path.cwd()} nor in the installed package.")
