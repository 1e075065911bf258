"""Pictures to judge by eye: radiograph, heatmap, fixations and the readers' ellipses.

Reads: tables, the folder that `associate` wrote, and the radiographs.
Writes: `OUT/<reading>-<label>` as PNG, PDF and SVG; `captions.json`.
Params: `associate` and `heatmaps` as they made the windows; `figures`.
Drops: readings whose radiograph is absent; counted.
"""

import textwrap
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from gazescribe.pipeline.core.errors import GazeError, nearest
from gazescribe.pipeline.core.tables import has_table, read_readings, read_table
from gazescribe.pipeline.core.values import WINDOWS_OF
from gazescribe.pipeline.dictation.label_maps import load_column_map, load_label_map
from gazescribe.pipeline.geometry.canvas import FloatMap
from gazescribe.pipeline.images.reading import read_sized
from gazescribe.pipeline.maps.render import draw_windows
from gazescribe.pipeline.maps.settings import Heatmaps

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SEEN = (
    "The radiograph, and over it the gaze while the label was spoken of, coloured by its share of"
    " the map's maximum. Circles: fixations, their area the duration. Cyan: ellipses that the"
    " reader drew of this label, where there are any."
)
"""What stands under each picture."""

ALL_GAZE = "all gaze"  # in the place of a label
LETTERS = 46  # of a line of the title
SCREEN_DPI = 200  # a notebook shows a picture that is as wide as a column in 690 pixels
Row = dict[str, Any]


def choose_maps(windows: pa.Table, reading_ids: tuple[str, ...], count: int) -> list[list[Row]]:
    """Group windows into maps, at most `count`: the labels in turn, each with other readings.

    Only these readings are shown, all of them where none is named. A map is the list of its
    windows, with the label in their key `label`. Where no label has gaze, as in recordings without
    words, the maps are of all gaze.

    Raises
    ------
    GazeError
        If a reading is asked for that has no windows.
    """
    unknown = sorted(set(reading_ids) - set(windows["reading_id"].to_pylist()))
    if unknown:
        ids = pc.unique(windows["reading_id"]).to_pylist()
        faults = [f"{reading_id!r}{nearest(reading_id, ids)}" for reading_id in unknown]
        raise GazeError(f"these readings have no windows ({len(ids)} have).", faults=faults)
    maps: dict[tuple[str, str], list[Row]] = {}
    whole: dict[tuple[str, str], list[Row]] = {}
    for row in windows.to_pylist():
        if row["status"] != "ok" or (reading_ids and row["reading_id"] not in reading_ids):
            continue
        if row["kind"] in WINDOWS_OF["label"]:
            for label in row["labels"]:
                maps.setdefault((row["reading_id"], label), []).append({**row, "label": label})
        elif row["kind"] in WINDOWS_OF["saliency"]:
            whole[row["reading_id"], ALL_GAZE] = [{**row, "label": ALL_GAZE}]
    by_label: dict[str, list[list[Row]]] = {}
    for (_, label), rows in sorted((maps or whole).items()):
        by_label.setdefault(label, []).append(rows)
    # The first map of every label, then the second: few pictures still show all labels.
    turns = zip_longest(*(by_label[label] for label in sorted(by_label)))
    return [rows for turn in turns for rows in turn if rows][:count]


def paint(
    image: NDArray[np.uint8],
    heatmap: FloatMap,
    fixations: dict[str, Any],
    ellipses: list[Row],
    title: str,
) -> "Figure":
    """Draw one picture: a radiograph (uint8), over it its map (float32, same shape, maximum 1).

    `fixations` are `x_px, y_px, weight_s` of the Gaussians, `ellipses` rows of that table.
    """
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D
    from matplotlib.patches import Ellipse
    from matplotlib.patheffects import Normal, Stroke

    from gazescribe.pipeline.core import figures

    height, width = image.shape
    lines = [part for line in title.splitlines() for part in textwrap.wrap(line, LETTERS)]
    height_mm = figures.SINGLE_MM * 0.83 * height / width + 4 * len(lines) + 7
    rim = [Stroke(linewidth=2.2, foreground="black"), Normal()]  # shows lines on light ground, too
    with figures.printed():
        figure = Figure(
            (figures.SINGLE_MM / 25.4, height_mm / 25.4), dpi=SCREEN_DPI, layout="constrained"
        )
        axes = figure.add_subplot()
        axes.imshow(image, cmap="gray", vmin=0, vmax=255)
        # Transparent where there is no gaze: the radiograph shows; the root lifts weak gaze.
        axes.imshow(heatmap, cmap=figures.HEAT, alpha=0.7 * np.sqrt(heatmap), vmin=0, vmax=1)
        area = 6 + 120 * fixations["weight_s"]
        axes.scatter(
            fixations["x_px"],
            fixations["y_px"],
            area,
            facecolors="none",
            edgecolors="w",
            linewidths=0.8,
        )
        for row in ellipses:
            centre = ((row["xmin_px"] + row["xmax_px"]) / 2, (row["ymin_px"] + row["ymax_px"]) / 2)
            size = (row["xmax_px"] - row["xmin_px"], row["ymax_px"] - row["ymin_px"])
            drawn = Ellipse(centre, *size, fill=False, color="cyan", linewidth=1.2)
            drawn.set_path_effects(rim)
            axes.add_patch(drawn)
        axes.set(xlim=(-0.5, width - 0.5), ylim=(height - 0.5, -0.5))
        axes.set_axis_off()
        axes.set_title(figures.plain("\n".join(lines)))
        circle = Line2D([], [], color="0.2", marker="o", fillstyle="none", linestyle="none")
        names = ["fixation (area: duration)"]
        artists = [circle]
        if ellipses:
            artists.append(Line2D([], [], color="cyan", linewidth=1.2, path_effects=rim))
            names.append("reader's ellipse")
        figures.legend_below(figure, artists, names)
        figures.colour_bar(figure, [axes], "gaze, share of the map's maximum")
    return figure


def draw_overlay(
    tables: Path, associated: Path, reading: Row, rows: list[Row], path: Path, params: Heatmaps
) -> "Figure":
    """Draw the map of one label over its radiograph, with the fixations and the reader's ellipses.

    `rows` are the windows of the map as `choose_maps` gives them, `path` is the radiograph.

    Raises
    ------
    GazeError
        If the radiograph has another aspect than the reading says.
    """
    label = rows[0]["label"]
    heatmap = draw_windows(associated, rows, None, params)
    image = read_sized(path, (heatmap.shape[0], heatmap.shape[1]))
    fixations = window_fixations(associated, rows)
    ellipses = label_ellipses(tables, reading, label, params.min_certainty)
    title = f"{label}, {reading['reading_id']}"
    if label != ALL_GAZE:
        title += f"\n“{window_text(reading, rows)}”"
    return paint(image, heatmap, fixations, ellipses, title)


def window_fixations(associated: Path, rows: list[Row]) -> dict[str, Any]:
    """Read the columns of `gaussians` for windows of one reading."""
    reading_id = rows[0]["reading_id"]
    gaussians = read_readings(associated, "gaussians", [reading_id])[reading_id]
    in_windows = np.isin(gaussians["window"], [row["window"] for row in rows])
    return {name: values[in_windows] for name, values in gaussians.items()}


def label_ellipses(tables: Path, reading: Row, label: str, min_certainty: int) -> list[Row]:
    """Read the ellipses of a reading that reach a label with this certainty or more."""
    if not has_table(tables, "ellipses"):
        return []
    column_map = load_column_map(reading["dataset"], load_label_map().channels)
    table = read_table(tables, "ellipses", filters=[("reading_id", "==", reading["reading_id"])])
    return [
        row
        for row in table.to_pylist()
        if label in column_map.get(row["label"], ()) and row["certainty"] >= min_certainty
    ]


def window_text(reading: Row, rows: list[Row]) -> str:
    """Give what was said in some windows of a reading."""
    return " … ".join(reading["text"][row["char_start"] : row["char_end"]] for row in rows)
