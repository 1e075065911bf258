"""Turn a radiologist's gaze and dictation into label-specific heatmaps.

The names in `__all__` are the public interface; `docs/python.md` is a short tour. Each is loaded
when it is first used, so that the import itself takes milliseconds.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # for editors and type checkers; at run time `__getattr__` finds them
    from gazescribe._functions import detect_fixations, label, read_table
    from gazescribe._run_folder import RunFolder, open  # noqa: A004  # gs.open, as gzip.open
    from gazescribe.models.predicting import predict
    from gazescribe.pipeline.core.errors import GazeError
    from gazescribe.pipeline.core.shards import open_shards
    from gazescribe.pipeline.dictation.labeler.labeler import Labeler
    from gazescribe.pipeline.dictation.labeler.termset import termset
    from gazescribe.pipeline.geometry.canvas import render

    __version__: str

__all__ = [
    "GazeError",
    "Labeler",
    "RunFolder",
    "__version__",
    "detect_fixations",
    "label",
    "open",
    "open_shards",
    "predict",
    "read_table",
    "render",
    "termset",
]

_MODULES = {
    "GazeError": "pipeline.core.errors",
    "Labeler": "pipeline.dictation.labeler.labeler",
    "RunFolder": "_run_folder",
    "detect_fixations": "_functions",
    "label": "_functions",
    "open": "_run_folder",
    "open_shards": "pipeline.core.shards",
    "predict": "models.predicting",
    "read_table": "_functions",
    "render": "pipeline.geometry.canvas",
    "termset": "pipeline.dictation.labeler.termset",
}
"""Where each public name is defined, below this package."""


def __getattr__(name: str) -> Any:
    if name == "__version__":
        value = _version()
    elif name in _MODULES:
        value = getattr(_module_of(name), name)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value  # found here from now on
    return value


def _module_of(name: str) -> Any:
    try:
        return importlib.import_module(f"{__name__}.{_MODULES[name]}")
    except ModuleNotFoundError as error:
        from gazescribe.pipeline.core.extras import lacking_extra

        lack = lacking_extra(error)
        if lack is None:
            raise
        raise lack from error


def __dir__() -> list[str]:
    return sorted(__all__)


def _version() -> str:
    from importlib import metadata  # takes longer than all else here

    try:
        return metadata.version(__name__)
    except metadata.PackageNotFoundError:  # a copy of the tree, not installed
        return "0+unknown"
