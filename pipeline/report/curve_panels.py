"""Panels of curves as SVG: where lines, ticks, and the names at the ends of lines stand."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

WIDTH_PX, HEIGHT_PX = 420.0, 240.0
LEFT_PX, RIGHT_PX, TOP_PX, BOTTOM_PX = 46.0, 152.0, 10.0, 34.0  # margins around the curves
NAME_PX = 12.0  # from one name at the end of a line to the next
TIGHT_PX = 9.0  # names nearer than this would overprint: then the table alone tells lines apart
COLOURS = 8  # of the style sheet, told apart with any colour vision
MARKS = {  # around (0, 0)
    "circle": "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0z",
    "square": "M-3.5-3.5h7v7h-7z",
    "triangle": "M0-4.6L4.4 3.2H-4.4z",
    "diamond": "M0-5L5 0L0 5L-5 0z",
    "cross": "M-1.5-4.5h3v3h3v3h-3v3h-3v-3h-3v-3h3z",
}

Points = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Look:
    """How the lines of a model look, like those of no other of 40."""

    colour: str  # class
    mark: str  # path around (0, 0)


@dataclass(frozen=True)
class Line:
    """One run's curve; `note` says how far a run is that is not finished, and has no `file`."""

    model: str
    name: str  # of the run, for people
    split: str
    look: Look
    path: str
    end_px: tuple[float, float]
    last: float
    note: str = ""
    file: str = ""  # relative to the folder of the run
    key: str = ""  # where the last value stands


@dataclass(frozen=True)
class LineName:
    """The name of a model beside the ends of its lines."""

    model: str
    text: str
    look: Look
    y_px: float
    from_px: tuple[float, float]  # end of the line that it names


@dataclass(frozen=True)
class CurvePanel:
    """One quantity over epochs; ticks are (text, pixel)."""

    title: str
    lines: list[Line]
    names: list[LineName]
    x_ticks: list[tuple[str, float]]
    y_ticks: list[tuple[str, float]]
    width_px: float = WIDTH_PX
    height_px: float = HEIGHT_PX
    left_px: float = LEFT_PX
    end_px: float = WIDTH_PX - RIGHT_PX  # of the curves


@dataclass(frozen=True)
class Scale:
    """From epochs and values to pixels of a panel."""

    x: tuple[float, float]
    y: tuple[float, float]

    def place(self, point: tuple[float, float]) -> tuple[float, float]:
        """Place a point."""
        across = (point[0] - self.x[0]) / (self.x[1] - self.x[0])
        up = (point[1] - self.y[0]) / (self.y[1] - self.y[0])
        x_px = LEFT_PX + across * (WIDTH_PX - LEFT_PX - RIGHT_PX)
        return round(x_px, 1), round(HEIGHT_PX - BOTTOM_PX - up * plot_height_px(), 1)

    def path(self, points: Points) -> str:
        """Draw a line through points."""
        return "M" + "L".join(f"{x_px} {y_px}" for x_px, y_px in map(self.place, points))

    def ticks(self) -> tuple[list[tuple[str, float]], list[tuple[str, float]]]:
        """Place ticks along both axes; those of epochs are whole."""
        x = [(f"{v:g}", self.place((v, self.y[0]))[0]) for v in ticks(*self.x) if v == int(v)]
        return x, [(f"{v:g}", self.place((self.x[0], v))[1]) for v in ticks(*self.y)]


def plot_height_px() -> float:
    """Give the height in which curves are drawn."""
    return HEIGHT_PX - TOP_PX - BOTTOM_PX


def scale_of(lines: Iterable[Points]) -> Scale:
    """Choose the ranges in which all points of some lines lie."""
    points = [point for line in lines for point in line]
    return Scale(_span(point[0] for point in points), _span(point[1] for point in points))


def look_of(place: int) -> Look:
    """Give the look of the model at a place: the next one has another colour and another mark."""
    marks = [*MARKS.values()]
    return Look(f"c{place % COLOURS}", marks[place % len(marks)])


def name_lines(lines: Sequence[Line], names: Mapping[str, str]) -> list[LineName]:
    """Write each model once beside the ends of its lines, no name over another.

    Where training and validation are drawn, it is at the end of validation. None where there are
    more models than names fit.
    """
    ends: dict[str, tuple[float, float]] = {}
    for line in sorted(lines, key=lambda line: line.split == "train"):
        ends.setdefault(line.model, line.end_px)
    pitch_px = min(NAME_PX, plot_height_px() / max(len(ends), 1))
    if pitch_px < TIGHT_PX:
        return []
    models = sorted(ends, key=lambda model: (ends[model][1], model))
    y_px = spread([ends[model][1] for model in models], pitch_px)
    looks = {line.model: line.look for line in lines}
    rows = zip(models, y_px, strict=True)
    return [LineName(model, names[model], looks[model], y, ends[model]) for model, y in rows]


def spread(wanted_px: Sequence[float], pitch_px: float) -> list[float]:
    """Move sorted heights apart until all are `pitch_px` from each other, inside the panel."""
    lowest = HEIGHT_PX - BOTTOM_PX
    placed: list[float] = []
    for height in wanted_px:
        placed.append(max(height, placed[-1] + pitch_px) if placed else height)
    for number in reversed(range(len(placed))):
        placed[number] = min(placed[number], lowest - pitch_px * (len(placed) - 1 - number))
    return [round(height, 1) for height in placed]


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
