"""Figure 4: ellipses beside the maps of all models, for random cases and for extremes of labels.

Reads: `examples.npz` of runs, which `gazescribe evaluate` writes: for n test cases, the same in
every run, `reading_id` and `label` (n,), `image` uint8 and `mask` bool (n, S, S), and for each kind
of map one array (n, h, w) of that name, 0 to 1.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patheffects import Normal, Stroke
from numpy.typing import NDArray

from gazescribe.pipeline.core.errors import SchemaError
from gazescribe.pipeline.core.figures import (
    DOUBLE_MM,
    Plate,
    colour_bar,
    legend_below,
    panels,
    printed,
)
from gazescribe.pipeline.geometry.iou import iou_by_threshold
from gazescribe.pipeline.results.examples import (
    are_pictures,
    first_examples,
    height_of,
    name_row,
    read_arrays,
    refuse_misfit,
    show_map,
    show_radiograph,
)
from gazescribe.pipeline.results.mil.models import MAIN, MilModel
from gazescribe.pipeline.results.names import model_name

_KEYS = ["reading_id", "label"]
DRAWN: tuple[str, Any] = ("white", "-")
ABOVE: tuple[str, Any] = ("cyan", "--")
"""Colour and dashes of readers' ellipses, and of what lies above a map's threshold."""

RIM = [Stroke(linewidth=1.9, foreground="black"), Normal()]  # shows lines on light ground, too
SEEN = (
    "First of each case: the radiograph with the ellipses that a reader drew (white); beside it the"
    " map of each model over it, and what lies above the label's threshold (cyan, dashed), whose"
    " IoU with the ellipses stands above."
)

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Examples:
    """Maps of one model's first run that has them."""

    # reading_id, label, threshold, iou of the map shown; one row for each place in the arrays
    cases: pd.DataFrame
    image: NDArray[np.uint8]  # radiographs, (n, height, width)
    mask: Mask  # ellipses, (n, height, width)
    maps: NDArray[np.float32]  # the map that is reported, (n, height, width) of its own

    def positions(self) -> dict[tuple[str, str], int]:
        """Place in the arrays of each reading and label."""
        keys = self.cases[_KEYS].itertuples(index=False, name=None)
        return {key: position for position, key in enumerate(keys)}


def main_examples(models: Mapping[str, MilModel]) -> dict[str, Examples]:
    """Read the examples of the paper's models that have any."""
    read = {name: read_examples(models[name]) for name in MAIN if name in models}
    return {name: examples for name, examples in read.items() if examples}


def read_examples(model: MilModel) -> Examples | None:
    """Read the maps of the first of a model's runs that has any; refuse arrays that misfit."""
    path = first_examples(model.runs)
    if path is None or not model.best:
        return None
    names = [*_KEYS, "image", "mask", str(model.map)]
    content = read_arrays(path, names)
    arrays = {name: content[name] for name in names}
    n = arrays["image"].shape[:1]
    fits = arrays["image"].shape == arrays["mask"].shape
    for name, array in arrays.items():
        if name in _KEYS:
            fits = fits and array.shape == n and array.dtype.kind == "U"
        else:
            fits = fits and array.shape[:1] == n and are_pictures(array)
    refuse_misfit(arrays, path, fits=fits)
    strange = sorted(set(arrays["label"].tolist()) - set(model.scores.labels))
    if strange:
        message = f"{', '.join(strange)} is none of the labels {', '.join(model.scores.labels)}."
        raise SchemaError(message, where=path)
    cases = pd.DataFrame({name: arrays[name] for name in _KEYS})
    if cases.duplicated().any():
        raise SchemaError("a reading and label occur twice in it.", where=path)
    thresholds = model.best.thresholds.set_index("label")["threshold"]
    cases["threshold"] = thresholds[cases["label"]].to_numpy()
    mask, maps = arrays["mask"].astype(bool), arrays[str(model.map)].astype(np.float32)
    cases["iou"] = [
        iou_by_threshold(values, inside, [threshold])[0]
        for values, inside, threshold in zip(maps, mask, cases["threshold"], strict=True)
    ]
    return Examples(cases, arrays["image"], mask, maps)


def figure_4(models: Mapping[str, MilModel], n: int, seed: int) -> dict[str, Plate | None]:
    """Draw n random cases, and the best and worst of each label; None where no run has examples."""
    pictured = main_examples(models)
    labels = next(iter(models.values())).scores.labels
    drawn: dict[str, Plate | None] = {"figure_4": None, "figure_4_by_label": None}
    if rows := choose_random(pictured, n, seed) if pictured else []:
        title = "Maps of random test cases"
        drawn["figure_4"] = draw(
            pictured, rows, title, f"Test cases drawn at random (seed {seed})."
        )
    if rows := choose_extremes(pictured, labels, seed) if pictured else []:
        title = "Maps of the best and worst test case of each label"
        judge = model_name([*pictured][-1])
        caption = f"Of each label the test cases with the highest and lowest IoU of {judge}."
        drawn["figure_4_by_label"] = draw(pictured, rows, title, caption)
    return drawn


def choose_random(examples: Mapping[str, Examples], n: int, seed: int) -> list[pd.DataFrame]:
    """Choose at most n cases that all models have maps of, each in a row of its own.

    Columns are reading_id, label, kind, n_cases (in words), and for each model the IoU of its map.
    """
    chosen = _shuffled(examples, seed).head(n).assign(kind="radiograph", n_cases="")
    return [chosen.iloc[[row]] for row in range(len(chosen))]


def choose_extremes(
    examples: Mapping[str, Examples], labels: Sequence[str], seed: int
) -> list[pd.DataFrame]:
    """Choose the best and the worst case of each label, by the last model's IoU; a row a label.

    Over all labels together, the best would all be of labels that are large, such as Cardiomegaly,
    and the worst of those that are small. A label with one case has that one; columns are as above.
    """
    cases = _shuffled(examples, seed)
    judge = list(examples)[-1]
    chosen = []
    for label in labels:
        ranked = cases[cases["label"] == label].sort_values(judge, ascending=False, kind="stable")
        if len(ranked) > 1:
            number = f"{len(ranked)} cases"
            chosen.append(ranked.iloc[[0, -1]].assign(kind=["best", "worst"], n_cases=number))
        elif len(ranked):
            chosen.append(ranked.assign(kind="only one", n_cases="1 case"))
    return chosen


def _shuffled(examples: Mapping[str, Examples], seed: int) -> pd.DataFrame:
    """Cases that all models have maps of, so that a draw decides among equals."""
    columns = {name: maps.cases.set_index(_KEYS)["iou"] for name, maps in examples.items()}
    cases = pd.concat(columns, axis=1, join="inner").sort_index().reset_index()
    return cases.iloc[np.random.default_rng(seed).permutation(len(cases))]


@printed()
def draw(
    examples: Mapping[str, Examples], chosen: Sequence[pd.DataFrame], title: str, caption: str
) -> Plate:
    """Draw rows of cases: of each the radiograph with ellipses, then the map of each model."""
    of_case = 1 + len(examples)
    columns = of_case * max(len(cases) for cases in chosen)
    height, width = next(iter(examples.values())).image.shape[1:]
    height_mm = height_of(len(chosen), columns, height / width, 6.5, 14)
    figure, grid = panels(len(chosen) * columns, columns, DOUBLE_MM, height_mm)
    positions = {name: maps.positions() for name, maps in examples.items()}
    first = next(iter(examples))
    for row, cases in enumerate(chosen):
        axes = grid[row * columns : (row + 1) * columns]
        for number, case in enumerate(cases.to_dict("records")):
            radiograph, *beside = axes[number * of_case : (number + 1) * of_case]
            key = case["reading_id"], case["label"]
            _radiograph(radiograph, examples[first], positions[first][key])
            if number == 0:
                name_row(radiograph, case["label"], case["n_cases"])
            if row == 0 or case["kind"] != "radiograph":
                radiograph.set_title(case["kind"])
            for panel, (name, maps) in zip(beside, examples.items(), strict=True):
                _radiograph(panel, maps, positions[name][key])
                _overlay(panel, maps, positions[name][key])
                above = f"{model_name(name)}\n" if row == 0 else ""
                panel.set_title(f"{above}IoU {case[name]:.2f}")
        for unused in axes[len(cases) * of_case :]:
            unused.remove()
    colour_bar(figure, figure.axes, "value of the map")
    legend_below(figure, [_line(*DRAWN), _line(*ABOVE)], ["reader's ellipses", "map > threshold"])
    return Plate(figure, title, f"{caption} {SEEN}")


def _line(colour: str, dashes: Any) -> Line2D:
    return Line2D([], [], color=colour, linestyle=dashes, linewidth=0.9, path_effects=RIM)


def _radiograph(axes: Axes, examples: Examples, position: int) -> None:
    show_radiograph(axes, examples.image[position])
    _outline(axes, examples.mask[position], *DRAWN)


def _overlay(axes: Axes, examples: Examples, position: int) -> None:
    values, shape = examples.maps[position], examples.mask[position].shape
    # stretched over the image by nearest neighbour, as its IoU is counted
    y, x = (np.arange(n) * cells // n for n, cells in zip(shape, values.shape, strict=True))
    stretched = values[np.ix_(y, x)].clip(0, 1)
    show_map(axes, stretched)
    _outline(axes, stretched > np.float32(examples.cases["threshold"][position]), *ABOVE)


def _outline(axes: Axes, mask: Mask, colour: str, dashes: str) -> None:
    """Draw the border of a mask; a border that leaves the frame is closed at its edge."""
    if mask.any():
        closed = np.pad(mask, 1).astype(float)
        y, x = (np.arange(-1, n + 1) for n in mask.shape)
        lines = axes.contour(
            x, y, closed, levels=[0.5], colors=colour, linewidths=0.9, linestyles=dashes
        )
        lines.set_path_effects(RIM)
        axes.set_xlim(-0.5, mask.shape[1] - 0.5)
        axes.set_ylim(mask.shape[0] - 0.5, -0.5)
