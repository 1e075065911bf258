"""The qualitative figure: radiograph, gaze, our map, MT-UNet's, and our Grad-CAM.

Reads: `examples.npz` of runs, which `gazescribe evaluate` writes: for n test images `dicom_id` and
`diagnosis` (n,), `image` uint8 (n, H, W), and `target`, `saliency`, `gradcam` (n, H, W), 0 to 1.
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

from gazescribe.pipeline.core.errors import SchemaError
from gazescribe.pipeline.core.figures import panels
from gazescribe.pipeline.core.schemas import DIAGNOSES
from gazescribe.pipeline.results.cooperative.measured import Model, reference

FILE = "examples.npz"
KEYS = ("dicom_id", "diagnosis")
TITLES = {"normal": "normal", "chf": "heart failure", "pneumonia": "pneumonia"}
_OTHER = "mt_unet"

Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Column:
    """One column of the figure: which map of which file, and its title."""

    title: str
    map: str | None
    arrays: Arrays


def columns_of(models: Mapping[str, Model]) -> list[Column]:
    """Give the columns that the runs have examples for; none without ours.

    Raises
    ------
    SchemaError
        If a file is no NPZ, lacks an array, or holds arrays that do not fit together.
    """
    ours = reference({name: model for name, model in models.items() if _path(model)})
    if ours is None:
        return []
    own = read_examples(models[ours])
    columns = [Column("radiograph", None, own), Column("gaze", "target", own)]
    columns += [Column("ours", "saliency", own)] if "saliency" in own else []
    if _OTHER in models and _path(models[_OTHER]):
        other = read_examples(models[_OTHER])
        columns += [Column("MT-UNet", "saliency", other)] if "saliency" in other else []
    return columns + ([Column("Grad-CAM, ours", "gradcam", own)] if "gradcam" in own else [])


def _path(model: Model) -> Path | None:
    paths = (run.folder / FILE for run in model.runs)
    return next((path for path in paths if path.is_file()), None)


def read_examples(model: Model) -> Arrays:
    """Read the examples of the first of a model's runs that has any; raises as above."""
    path = _path(model)
    if path is None:
        return {}
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            found = {name: arrays[name] for name in arrays.files}
    except (ValueError, OSError, zipfile.BadZipFile) as error:
        raise SchemaError(f"this is not a whole NPZ of arrays ({error}).", where=path) from error
    absent = [name for name in (*KEYS, "image", "target") if name not in found]
    if absent:
        raise SchemaError(f"it lacks {', '.join(absent)}.", where=path)
    shapes = {name: array.shape for name, array in found.items()}
    n = len(found["dicom_id"])
    if any(shapes[name] != (n,) for name in KEYS) or any(
        shape != shapes["image"] or len(shape) != 3 or shape[0] != n
        for name, shape in shapes.items()
        if name not in KEYS
    ):
        raise SchemaError(f"arrays do not fit together: {shapes}.", where=path)
    return found


def choose(columns: list[Column], n_random: int, seed: int) -> pd.DataFrame:
    """Choose one image a class, and random ones of the others, that all columns have.

    Returns
    -------
    pandas.DataFrame
        dicom_id, diagnosis, kind (class or random).
    """
    tables = [pd.DataFrame({name: one.arrays[name] for name in KEYS}) for one in columns]
    shared = tables[0]
    for table in tables[1:]:
        shared = shared.merge(table, on=list(KEYS))
    shared = shared.drop_duplicates().sort_values("dicom_id", ignore_index=True)
    drawn = shared.iloc[np.random.default_rng(seed).permutation(len(shared))]
    of_class = drawn.drop_duplicates("diagnosis")
    of_class = of_class.sort_values("diagnosis", key=lambda names: names.map(DIAGNOSES.index))
    others = drawn.drop(of_class.index).head(n_random)
    return pd.concat(
        [of_class.assign(kind="class"), others.assign(kind="random")], ignore_index=True
    )


def draw(columns: list[Column], chosen: pd.DataFrame) -> Figure:
    """Draw a row for each image."""
    n = len(columns)
    _, height, width = columns[0].arrays["image"].shape
    figure, grid = panels(len(chosen) * n, n, (1.7, 1.7 * height / width + 0.2))
    for row, case in enumerate(chosen.to_dict("records")):
        beside = grid[row * n : (row + 1) * n]
        for axes, column in zip(beside, columns, strict=True):
            _panel(axes, column, str(case["dicom_id"]))
            axes.set_title(column.title, fontsize=7)
        beside[0].set_title(f"{TITLES[str(case['diagnosis'])]} ({case['kind']})", fontsize=7)
    return figure


def _panel(axes: Axes, column: Column, dicom_id: str) -> None:
    at = int(np.flatnonzero(column.arrays["dicom_id"] == dicom_id)[0])
    axes.imshow(column.arrays["image"][at], cmap="gray", vmin=0, vmax=255)
    if column.map:
        values = column.arrays[column.map][at].astype(np.float32)
        axes.imshow(values, cmap="inferno", vmin=0, vmax=1, alpha=0.25 + 0.5 * values)
    axes.set_axis_off()
