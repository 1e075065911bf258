"""Figure 4: ellipses beside the maps of all models, for random, best and worst cases.

Reads: `examples.npz` of runs, which `gazescribe evaluate` writes: for n test cases, the same in
every run, `reading_id` and `label` (n,), `image` uint8 and `mask` bool (n, S, S), and for each kind
of map one array (n, h, w) of that name, 0 to 1.
"""

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from gazescribe.pipeline.core.class_names import TEN_LABELS
from gazescribe.pipeline.core.errors import SchemaError
from gazescribe.pipeline.core.figures import panels
from gazescribe.pipeline.geometry.iou import iou_by_threshold
from gazescribe.pipeline.results.mil.models import MAIN, Model

FILE = "examples.npz"
KINDS = ("random", "best", "worst")
_KEYS = ["reading_id", "label"]

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Examples:
    """Maps of one model's first run that has them.

    Attributes
    ----------
    cases : pandas.DataFrame
        reading_id, label, threshold, iou of the map shown; one row for each place in the arrays.
    image, mask, maps : ndarray, shape (n, height, width)
        Radiograph, ellipses, and the map that is reported.
    """

    cases: pd.DataFrame
    image: NDArray[np.uint8]
    mask: Mask
    maps: NDArray[np.float32]


def examples_of(models: Mapping[str, Model]) -> dict[str, Examples]:
    """Read the examples of the paper's models that have any."""
    found = {name: read_examples(models[name]) for name in MAIN if name in models}
    return {name: one for name, one in found.items() if one}


def read_examples(model: Model) -> Examples | None:
    """Read the maps of the first of a model's runs that has any.

    Raises
    ------
    SchemaError
        If the file is no NPZ, lacks an array, or holds arrays that do not fit together.
    """
    paths = [run.folder / FILE for run in model.runs if (run.folder / FILE).is_file()]
    if not paths or not model.best:
        return None
    arrays = _read(paths[0], [*_KEYS, "image", "mask", str(model.map)])
    shapes = {name: array.shape for name, array in arrays.items()}
    lengths = {shape[0] for shape in shapes.values()}
    if len(lengths) > 1 or shapes["image"] != shapes["mask"]:
        raise SchemaError(f"arrays do not fit together: {shapes}.", where=paths[0])
    strange = sorted(set(arrays["label"]) - set(TEN_LABELS))
    if strange:
        what = f"{', '.join(strange)} is none of the ten labels."
        raise SchemaError(what, where=paths[0])
    of_label = model.best.thresholds.set_index("label")["threshold"]
    cases = pd.DataFrame({name: arrays[name] for name in _KEYS})
    cases["threshold"] = of_label[cases["label"]].to_numpy()
    mask, values = arrays["mask"].astype(bool), arrays[str(model.map)].astype(np.float32)
    shown = zip(values, mask, cases["threshold"], strict=True)
    cases["iou"] = [iou_by_threshold(one, on, [threshold])[0] for one, on, threshold in shown]
    return Examples(cases, arrays["image"], mask, values)


def _read(path: Path, names: list[str]) -> dict[str, NDArray[Any]]:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            absent = [name for name in names if name not in arrays]
            if absent:
                raise SchemaError(f"it lacks {', '.join(absent)}.", where=path)
            return {name: arrays[name] for name in names}
    except (ValueError, OSError, zipfile.BadZipFile) as error:
        raise SchemaError(f"this is not a whole NPZ of arrays ({error}).", where=path) from error


def choose(examples: Mapping[str, Examples], n_each: int, seed: int) -> pd.DataFrame:
    """Choose cases that all models have maps of.

    Parameters
    ----------
    examples : mapping of str to Examples
        By model; the last one's IoU says which cases are best and worst.
    n_each : int
        Cases of each kind, at most; none twice.
    seed : int
        Of the random ones.

    Returns
    -------
    pandas.DataFrame
        reading_id, label, kind, and for each model the IoU of its map.
    """
    columns = {name: one.cases.set_index(_KEYS)["iou"] for name, one in examples.items()}
    left = pd.concat(columns, axis=1, join="inner").sort_index()
    judge = list(examples)[-1]
    left = left.iloc[np.random.default_rng(seed).permutation(len(left))]
    chosen = []
    for kind in KINDS:
        own = left
        if kind != "random":
            own = left.sort_values(judge, ascending=kind == "worst", kind="stable")
        own = own.head(n_each)
        left = left.drop(own.index)
        chosen.append(own.assign(kind=kind))
    return pd.concat(chosen).reset_index()


def draw(examples: Mapping[str, Examples], chosen: pd.DataFrame) -> Figure:
    """Draw a row for each case: the radiograph with ellipses, then the map of each model."""
    columns = 1 + len(examples)
    figure, grid = panels(len(chosen) * columns, columns, (1.7, 1.85))
    places = {name: _places(one) for name, one in examples.items()}
    for row, case in enumerate(chosen.to_dict("records")):
        axes = grid[row * columns : (row + 1) * columns]
        key = case["reading_id"], case["label"]
        first = next(iter(examples))
        _radiograph(axes[0], examples[first], places[first][key])
        axes[0].set_title(f"{case['label']} ({case['kind']})", fontsize=6)
        for beside, (name, one) in zip(axes[1:], examples.items(), strict=True):
            _radiograph(beside, one, places[name][key])
            _overlay(beside, one, places[name][key])
            beside.set_title(f"{name}: IoU {case[name]:.2f}", fontsize=6)
    return figure


def _places(one: Examples) -> dict[tuple[str, str], int]:
    keys = one.cases[_KEYS].itertuples(index=False, name=None)
    return {key: at for at, key in enumerate(keys)}


def _radiograph(axes: Axes, one: Examples, at: int) -> None:
    axes.imshow(one.image[at], cmap="gray", vmin=0, vmax=255)
    _outline(axes, one.mask[at], "lime")
    axes.set_axis_off()


def _overlay(axes: Axes, one: Examples, at: int) -> None:
    values = _enlarged(one.maps[at], one.mask[at].shape).clip(0, 1)
    axes.imshow(values, cmap="inferno", vmin=0, vmax=1, alpha=0.6 * values)
    _outline(axes, values > np.float32(one.cases["threshold"][at]), "cyan")


def _enlarged(values: NDArray[np.float32], shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Stretch a map over the image by nearest neighbour, as its IoU is counted."""
    y, x = (np.arange(n) * cells // n for n, cells in zip(shape, values.shape, strict=True))
    return values[np.ix_(y, x)]


def _outline(axes: Axes, mask: Mask, colour: str) -> None:
    """Draw the border of a mask; what leaves the frame is closed at its edge."""
    if mask.any():
        closed = np.pad(mask, 1).astype(float)
        y, x = (np.arange(-1, n + 1) for n in mask.shape)
        axes.contour(x, y, closed, levels=[0.5], colors=colour, linewidths=0.7)
        axes.set_xlim(-0.5, mask.shape[1] - 0.5)
        axes.set_ylim(mask.shape[0] - 0.5, -0.5)
