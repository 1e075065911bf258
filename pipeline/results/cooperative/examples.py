"""The qualitative figure: radiograph, gaze, our map, MT-UNet's, and our Grad-CAM.

Reads: `examples.npz` of runs, which `gazescribe evaluate` writes: for n test images `dicom_id` and
`diagnosis` (n,), `image` uint8 (n, H, W), and `target`, `saliency`, `gradcam` (n, H, W), 0 to 1.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from gazescribe.pipeline.core.errors import SchemaError, quote
from gazescribe.pipeline.core.figures import DOUBLE_MM, Plate, colour_bar, panels, printed
from gazescribe.pipeline.results.cooperative.measured import CooperativeModel, Models, reference
from gazescribe.pipeline.results.examples import (
    Arrays,
    are_pictures,
    first_examples,
    height_of,
    name_row,
    read_arrays,
    refuse_misfit,
    show_map,
    show_radiograph,
)

KEYS = ("dicom_id", "diagnosis")
TITLES = {"chf": "heart failure", "": "no diagnosis"}
SEEN = (
    "A row is a test image: one of each diagnosis, and random ones. From the left: the radiograph,"
    " the map of the reader's gaze, the maps that networks predict, and the Grad-CAM of our"
    " diagnosis, each map of its own maximum; where a map is low the radiograph shows."
)
_OTHER = "mt_unet"


@dataclass(frozen=True)
class PictureColumn:
    """One column of the figure."""

    title: str
    map: str | None  # name of an array; None for the radiograph alone
    arrays: Arrays  # of the file


def columns_of(models: Models) -> list[PictureColumn]:
    """Give the columns that the runs have examples for; none without ours."""
    pictured = {name: model for name, model in models.items() if first_examples(model.runs)}
    name = reference(pictured)
    if name is None:
        return []
    ours = read_examples(pictured[name])
    columns = [
        PictureColumn("radiograph", None, ours),
        PictureColumn("gaze", "target", ours),
        PictureColumn("ours", "saliency", ours),
    ]
    if _OTHER in pictured:
        columns.append(PictureColumn("MT-UNet", "saliency", read_examples(pictured[_OTHER])))
    columns.append(PictureColumn("Grad-CAM, ours", "gradcam", ours))
    return [column for column in columns if column.map is None or column.map in column.arrays]


def read_examples(model: CooperativeModel) -> Arrays:
    """Read the examples of the first of a model's runs that has any; refuse arrays that misfit."""
    path = first_examples(model.runs)
    if path is None:
        return {}
    arrays = read_arrays(path, [*KEYS, "image", "target"])
    shape = arrays["image"].shape
    fits = True
    for name, array in arrays.items():
        is_key = name in KEYS
        fits = fits and array.shape == (shape[:1] if is_key else shape)
        fits = fits and (array.dtype.kind == "U" if is_key else are_pictures(array))
    refuse_misfit(arrays, path, fits=fits)
    classes = model.runs[0].scores.classes
    if strange := sorted({*arrays["diagnosis"].tolist()} - {*classes, ""}):
        message = f"{quote(strange[0])} is none of the diagnoses {', '.join(classes)}."
        raise SchemaError(message, where=path)
    return arrays


def choose(
    columns: list[PictureColumn], classes: Sequence[str], n_random: int, seed: int
) -> pd.DataFrame:
    """Choose one image a class, and random ones of the others, that all columns have.

    Columns are dicom_id, diagnosis and kind (class or random).
    """
    tables = [pd.DataFrame({name: column.arrays[name] for name in KEYS}) for column in columns]
    shared = tables[0]
    for table in tables[1:]:
        shared = shared.merge(table, on=list(KEYS))
    shared = shared.drop_duplicates().sort_values("dicom_id", ignore_index=True)
    drawn = shared.iloc[np.random.default_rng(seed).permutation(len(shared))]
    first = drawn.drop_duplicates("diagnosis")
    further = drawn.drop(first.index).head(n_random)
    order = [*classes, ""].index
    first = first.sort_values("diagnosis", key=lambda names: names.map(order))
    return pd.concat([first.assign(kind="class"), further.assign(kind="random")], ignore_index=True)


@printed()
def draw(columns: list[PictureColumn], chosen: pd.DataFrame) -> Plate:
    """Draw a row for each image."""
    n = len(columns)
    _, height, width = columns[0].arrays["image"].shape
    height_mm = height_of(len(chosen), n, height / width, 1.5, 6)
    figure, grid = panels(len(chosen) * n, n, DOUBLE_MM, height_mm)
    for row, case in enumerate(chosen.to_dict("records")):
        beside = grid[row * n : (row + 1) * n]
        for axes, column in zip(beside, columns, strict=True):
            _panel(axes, column, str(case["dicom_id"]))
            if row == 0:
                axes.set_title(column.title)
        diagnosis = TITLES.get(str(case["diagnosis"]), str(case["diagnosis"]))
        name_row(beside[0], diagnosis, "random" if case["kind"] == "random" else "")
    colour_bar(figure, figure.axes, "share of the maximum")
    return Plate(figure, "Saliency of test images", SEEN)


def _panel(axes: Axes, column: PictureColumn, dicom_id: str) -> None:
    arrays = column.arrays
    position = int(np.flatnonzero(arrays["dicom_id"] == dicom_id)[0])
    show_radiograph(axes, arrays["image"][position])
    if column.map:
        show_map(axes, arrays[column.map][position].astype(np.float32))
