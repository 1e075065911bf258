"""Training curves of a system: a panel for each quantity, a line for each run, and a table of all.

The table is the legend: it has the look of each model's lines and the last value of each line.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from gazescribe.pipeline.report.curve_panels import (
    CurvePanel,
    Line,
    Look,
    Points,
    look_of,
    name_lines,
    scale_of,
)
from gazescribe.pipeline.report.numbers import NONE, Cited, number, pointer, told
from gazescribe.pipeline.report.sheets import Sheet, read_csv
from gazescribe.pipeline.report.unfinished import Unfinished, drawn_beside
from gazescribe.pipeline.results.names import model_name

AXIS = ("epoch", "step")
SPLITS = {"train": "training", "test": "test"}  # as people call them; all others are validation
TITLES = {"auroc": "AUROC", "iou": "IoU", "cc": "CC", "kl": "KL", "lr": "learning rate"}
_SPLIT = re.compile(r"^(?P<split>train|validate|validation|val|test)[_/ ](?P<title>.+)$")

Rows = Sequence[Mapping[str, str]]


@dataclass(frozen=True)
class Curves:
    """The panels of one system, and the table that names their lines.

    `notes` say by name how far the runs are that are not finished.
    """

    system: str
    panels: list[CurvePanel]
    legend: Sheet
    notes: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Runs:
    """The runs of a system by name, and what is said of each."""

    logs: dict[str, Rows]
    looks: dict[str, Look]  # of models
    notes: dict[str, str]  # of runs that are not finished
    files: dict[str, str]  # of those that are, relative to the folder of the project


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
    finished: dict[str, Rows] = {path.parent.name: read_csv(path) for path in paths}
    beside = drawn_beside(finished, begun or {}, system)
    logs = dict(sorted({**finished, **{name: run.rows for name, run in beside.items()}}.items()))
    models = dict.fromkeys(model_of(run) for run in logs)
    runs = Runs(
        logs,
        {model: look_of(place) for place, model in enumerate(models)},
        {name: run.note for name, run in beside.items()},
        {run: f"{relative}/{run}/epochs.csv" for run in logs if run not in beside},
    )
    panels = list(filter(None, (_panel(title, columns, runs) for title, columns in _titled(logs))))
    return Curves(system, panels, _legend(system, panels, runs), runs.notes)


def _titled(logs: Mapping[str, Rows]) -> list[tuple[str, list[tuple[str, str]]]]:
    """Give the quantities of some logs, each with its columns and their splits."""
    titled: dict[str, list[tuple[str, str]]] = {}
    for column in dict.fromkeys(name for rows in logs.values() for row in rows[:1] for name in row):
        match = _SPLIT.match(column)
        split, title = (match["split"], match["title"]) if match else ("", column)
        if column not in AXIS:
            titled.setdefault(title, []).append((column, split))
    return list(titled.items())


def model_of(run: str) -> str:
    """Name the model of a run: `et-seed0` is of `et`."""
    return run.rpartition("-seed")[0] or run


def name_of(run: str) -> str:
    """Name a run as people read it: `et-seed0` is ET, seed 0."""
    model, _, seed = run.rpartition("-seed")
    return f"{model_name(model)}, seed {seed}" if model else run


def points_of(rows: Rows, column: str) -> list[tuple[float, float]]:
    """Give (epoch, value) of the rows that have a number in a column."""
    points = []
    for place, row in enumerate(rows):
        try:
            point = float(row.get("epoch") or place), float(row.get(column) or "nan")
        except ValueError:
            continue
        if all(map(math.isfinite, point)):
            points.append(point)
    return points


def _last_row(rows: Rows, column: str) -> int:
    """Find the last row that has a number in a column."""
    return max(place for place, row in enumerate(rows) if points_of([row], column))


def _panel(title: str, columns: Sequence[tuple[str, str]], runs: Runs) -> CurvePanel | None:
    """Draw one quantity; None where it never changes."""
    points: dict[tuple[str, str, str], Points] = {}
    for column, split in columns:
        for run, rows in runs.logs.items():
            points_of_curve = points_of(rows, column)
            if len(points_of_curve) > 1:
                points[run, column, split] = points_of_curve
    if len({value for line in points.values() for _, value in line}) < 2:
        return None
    scale = scale_of(points.values())
    lines = [
        Line(
            model=model_of(run),
            name=name_of(run),
            split=split,
            look=runs.looks[model_of(run)],
            path=scale.path(line),
            end_px=scale.place(line[-1]),
            last=line[-1][1],
            note=runs.notes.get(run, ""),
            file=runs.files.get(run, ""),
            key=pointer(_last_row(runs.logs[run], column), column) if run in runs.files else "",
        )
        for (run, column, split), line in points.items()
    ]
    names = name_lines(lines, {line.model: model_name(line.model) for line in lines})
    return CurvePanel(TITLES.get(title, title.replace("_", " ")), lines, names, *scale.ticks())


def _legend(system: str, panels: Sequence[CurvePanel], runs: Runs) -> Sheet:
    """Put the last value of each line into a table, a row a run."""
    columns = list(
        dict.fromkeys((panel.title, line.split) for panel in panels for line in panel.lines)
    )
    values = {
        (line.name, panel.title, line.split): _last(line)
        for panel in panels
        for line in panel.lines
    }
    rows = []
    for run in runs.logs:
        name = name_of(run)
        cells = [values.get((name, *column), NONE) for column in columns]
        if any(cell != NONE for cell in cells):
            head = _swatch(model_of(run), name, runs.looks[model_of(run)])
            rows.append([head, *cells])
    headings = [
        f"{title}, {SPLITS.get(split, 'validation')}" if split else title
        for title, split in columns
    ]
    title = f"{system}: value of each run in its last epoch"
    return Sheet(title, ["model", *headings], [False, *(True for _ in columns)], rows)


def _last(line: Line) -> str:
    if not line.file:
        return number(line.last)
    return Cited(number(line.last), line.file, [line.key])


def _swatch(model: str, name: str, look: Look) -> str:
    drawn = (
        '<span class="run" data-model="{model}"><svg class="swatch" viewBox="0 0 34 12"'
        ' aria-hidden="true"><path class="line {colour}" d="M0 6H34"/>'
        '<path class="mark {colour}" d="{mark}" transform="translate(17 6)"/></svg>{name}</span>'
    )
    return told(drawn, model=model, colour=look.colour, mark=look.mark, name=name)
