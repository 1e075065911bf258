"""Training curves as inline SVG: a panel for each quantity, a line for each run."""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from gazescribe.pipeline.report.numbers import pointer
from gazescribe.pipeline.report.sheets import read_csv
from gazescribe.pipeline.report.unfinished import Unfinished, drawn_beside

WIDTH_PX, HEIGHT_PX = 320.0, 190.0
LEFT_PX, RIGHT_PX, TOP_PX, BOTTOM_PX = 46.0, 10.0, 10.0, 26.0  # margins around the curves
COLOURS = 8  # of the style sheet; a ninth model begins again with the first, drawn wider
AXIS = ("epoch", "step")
_SPLIT = re.compile(r"^(?P<split>train|validate|validation|val|test)[_/ ](?P<title>.+)$")

Points = list[tuple[float, float]]


@dataclass(frozen=True)
class Line:
    """One run's curve, and how it looks: colour by model, broken for training.

    `note` says how far a run is that is not finished; such a run has no `file`.
    """

    run: str
    split: str
    colour: str
    path: str
    last: float
    note: str = ""
    file: str = ""  # relative to the folder of the run
    key: str = ""  # where the last value stands


@dataclass(frozen=True)
class CurvePanel:
    """One quantity over epochs; ticks are (text, pixel)."""

    title: str
    lines: list[Line]
    x_ticks: list[tuple[str, float]]
    y_ticks: list[tuple[str, float]]
    width_px: float = WIDTH_PX
    height_px: float = HEIGHT_PX


@dataclass(frozen=True)
class Curves:
    """The panels of one system, and its models with the classes of their lines.

    `notes` say by name how far the runs are that are not finished.
    """

    system: str
    models: list[tuple[str, str]]
    panels: list[CurvePanel]
    notes: dict[str, str] = field(default_factory=dict)


def read_curves(
    system: str,
    folder: Path | None,
    begun: Mapping[tuple[str, str], Unfinished] | None = None,
    relative: str = "",
) -> Curves:
    """Read `*/epochs.csv` of a folder that `train` wrote: one folder a run, `<model>-seed<seed>`.

    `relative` is the folder's path as lines cite it.
    `begun` are runs that are not finished; a running one takes the place of a finished one.
    Panels are in the order of the columns; quantities that never change are left out.
    """
    paths = [] if folder is None else sorted(folder.glob("[!.]*/epochs.csv"))
    logs = {path.parent.name: read_csv(path) for path in paths}
    beside = drawn_beside(logs, begun or {}, system)
    logs = dict(sorted({**logs, **{name: run.rows for name, run in beside.items()}}.items()))
    notes = {name: run.note for name, run in beside.items()}
    models = list(dict.fromkeys(model_of(run) for run in logs))
    colour = {model: look_of(place) for place, model in enumerate(models)}
    columns = dict.fromkeys(name for rows in logs.values() for row in rows[:1] for name in row)
    quantities: dict[str, dict[tuple[str, str], Points]] = {}
    cited: dict[tuple[str, str, str], str] = {}
    for column in columns:
        if column in AXIS:
            continue
        match = _SPLIT.match(column)
        split, title = (match["split"], match["title"]) if match else ("", column)
        for run, rows in logs.items():
            points = points_of(rows, column)
            if len(points) > 1:
                quantities.setdefault(title, {})[run, split] = points
                if run not in beside:
                    cited[title, run, split] = pointer(_last_row(rows, column), column)
    files = {run: f"{relative}/{run}/epochs.csv" for run in logs}
    panels = [
        _panel(title, lines, colour, notes, files, cited)
        for title, lines in quantities.items()
        if len({value for points in lines.values() for _, value in points}) > 1
    ]
    return Curves(system, list(colour.items()), panels, notes)


def look_of(place: int) -> str:
    """Give the classes of a model's lines, which no other of 16 models has."""
    return f"c{place % COLOURS}{' wide' if place // COLOURS % 2 else ''}"


def model_of(run: str) -> str:
    """Name the model of a run: `et-seed0` is of `et`."""
    return run.rpartition("-seed")[0] or run


def points_of(rows: Sequence[Mapping[str, str]], column: str) -> Points:
    """Give (epoch, value) of the rows that have a number in a column."""
    points = []
    for number, row in enumerate(rows):
        try:
            point = float(row.get("epoch") or number), float(row.get(column) or "nan")
        except ValueError:
            continue
        if all(map(math.isfinite, point)):
            points.append(point)
    return points


def _last_row(rows: Sequence[Mapping[str, str]], column: str) -> int:
    """Find the last row that has a number in a column."""
    return max(place for place, row in enumerate(rows) if points_of([row], column))


def _panel(
    title: str,
    lines: Mapping[tuple[str, str], Points],
    colour: Mapping[str, str],
    notes: Mapping[str, str],
    files: Mapping[str, str],
    cited: Mapping[tuple[str, str, str], str],
) -> CurvePanel:
    x = _span(point[0] for points in lines.values() for point in points)
    y = _span(point[1] for points in lines.values() for point in points)

    def place(point: tuple[float, float]) -> tuple[float, float]:
        across = (point[0] - x[0]) / (x[1] - x[0]) * (WIDTH_PX - LEFT_PX - RIGHT_PX)
        up = (point[1] - y[0]) / (y[1] - y[0]) * (HEIGHT_PX - TOP_PX - BOTTOM_PX)
        return round(LEFT_PX + across, 1), round(HEIGHT_PX - BOTTOM_PX - up, 1)

    drawn = []
    for (run, split), points in lines.items():
        path = "M" + "L".join(f"{x_px} {y_px}" for x_px, y_px in map(place, points))
        note = notes.get(run, "")
        key = cited.get((title, run, split), "")
        file = files[run] if key else ""
        drawn.append(Line(run, split, colour[model_of(run)], path, points[-1][1], note, file, key))
    # Epochs are whole: a tick at 2.5 would say nothing.
    x_ticks = [(f"{v:g}", place((v, y[0]))[0]) for v in ticks(*x) if v == int(v)]
    y_ticks = [(f"{v:g}", place((x[0], v))[1]) for v in ticks(*y)]
    return CurvePanel(title.replace("_", " "), drawn, x_ticks, y_ticks)


def _span(numbers: Iterable[float]) -> tuple[float, float]:
    """Give the least and the largest value, apart where they are the same."""
    values = list(numbers)
    low, high = min(values), max(values)
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def ticks(low: float, high: float, about: int = 4) -> list[float]:
    """Choose round numbers from `low` to `high`: steps of 1, 2 or 5 times a power of ten."""
    rough = (high - low) / about
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough)
    first = math.ceil(low / step - 1e-9)  # an end that is a tick stays one despite rounding
    return [round(n * step, 12) for n in range(first, math.floor(high / step + 1e-9) + 1)]
