"""Pictures of test cases that `gazescribe evaluate` left beside the scores: `examples.npz`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from gazescribe.pipeline.core.errors import SchemaError
from gazescribe.pipeline.core.foreign import read_npz
from gazescribe.pipeline.results.runs import ScoredRun

FILE = "examples.npz"

Arrays = dict[str, NDArray[Any]]


def first_examples(runs: Sequence[ScoredRun[Any]]) -> Path | None:
    """Find the file of the first run that has one."""
    paths = (run.folder / FILE for run in runs)
    return next((path for path in paths if path.is_file()), None)


def read_arrays(path: Path, names: Sequence[str]) -> Arrays:
    """Read all arrays of a file; refuse one that is no NPZ, or lacks an array of these names."""
    arrays = read_npz(path)
    absent = [name for name in names if name not in arrays]
    if absent:
        raise SchemaError(f"it lacks {', '.join(absent)}.", where=path)
    return arrays


def are_pictures(array: NDArray[Any]) -> bool:
    """Whether these are some pictures: finite numbers of shape (n, height, width)."""
    is_stack = array.ndim == 3 and array.size > 0 and array.dtype.kind in "buif"
    return is_stack and bool(np.isfinite(array).all())


def refuse_misfit(arrays: Arrays, path: Path, *, fits: bool) -> None:
    """Refuse arrays that do not fit together, with their shapes."""
    if not fits:
        shapes = {name: array.shape for name, array in arrays.items()}
        raise SchemaError(f"arrays do not fit together: {shapes}.", where=path)


def show_radiograph(axes: Axes, image: NDArray[np.uint8]) -> None:
    """Draw a radiograph without a frame."""
    axes.imshow(image, cmap="gray", vmin=0, vmax=255)
    axes.set_axis_off()


def show_map(axes: Axes, values: NDArray[np.float32], opacity: NDArray[Any]) -> None:
    """Draw a map of 0 to 1 over a radiograph."""
    axes.imshow(values, cmap="inferno", vmin=0, vmax=1, alpha=opacity)
