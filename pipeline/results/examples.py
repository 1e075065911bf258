"""Pictures of test cases that `gazescribe evaluate` left beside the scores: `examples.npz`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from gazescribe.pipeline.core.errors import SchemaError
from gazescribe.pipeline.core.figures import DOUBLE_MM, HEAT, PAGE_MM, SMALL_POINTS, wrapped
from gazescribe.pipeline.core.foreign import read_npz
from gazescribe.pipeline.results.runs import ScoredRun

FILE = "examples.npz"
OPACITY = 0.7  # of a map where it is 1
NAME_LETTERS = 16  # of a line of the name of a row
BESIDE_MM = 26.0  # names of rows, and the colour bar

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
    axes.set(xticks=[], yticks=[])
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)


def show_map(axes: Axes, values: NDArray[np.float32]) -> None:
    """Draw a map of 0 to 1 over a radiograph, which shows where the map is low."""
    axes.imshow(values, cmap=HEAT, vmin=0, vmax=1, alpha=OPACITY * values)


def name_row(axes: Axes, name: str, below: str = "") -> None:
    """Name a row of panels, upright beside its first one."""
    lines = [wrapped(name, NAME_LETTERS), below]
    axes.set_ylabel("\n".join(line for line in lines if line), fontsize=SMALL_POINTS)


def height_of(rows: int, columns: int, aspect: float, above_mm: float, around_mm: float) -> float:
    """Give the height of rows of panels over both columns of a page, one page at most.

    `above_mm` is above each row, `around_mm` above and below all.
    """
    panel_mm = (DOUBLE_MM - BESIDE_MM) / columns
    return min(rows * (panel_mm * aspect + above_mm) + around_mm, PAGE_MM)
