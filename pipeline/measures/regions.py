"""Regions of an image that measures are taken of: the image, anatomy, ellipses, one's own.

Own regions come in a CSV file: `region`, the four sides of a box, and `reading_id` or `dicom_id`;
with a column `shape`, `ellipse` takes the ellipse in the box. Rows of one name are one region.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gazescribe.pipeline.core.errors import AlignmentError, SchemaError, quote
from gazescribe.pipeline.core.foreign_tables import csv_rows
from gazescribe.pipeline.geometry.sizes import MAX_SIDE

KINDS = ("image", "anatomy", "ellipse", "own")
SIDES = ("xmin_px", "ymin_px", "xmax_px", "ymax_px")
SHAPES = ("box", "ellipse")
IDS = ("reading_id", "dicom_id")
GRID = 128  # points a side, by which areas are taken

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Shape:
    """A box (xmin, ymin, xmax, ymax in image pixels), or the ellipse in it."""

    sides: tuple[float, ...]
    is_ellipse: bool = False

    def holds(self, places_px: Floats) -> Mask:
        """Tell which of the places, shape (n, 2), are inside; on the edge is inside of a box."""
        xmin, ymin, xmax, ymax = self.sides
        if not self.is_ellipse:
            x_px, y_px = places_px.T
            in_box: Mask = (x_px >= xmin) & (x_px <= xmax) & (y_px >= ymin) & (y_px <= ymax)
            return in_box
        radii = np.array([xmax - xmin, ymax - ymin]) / 2
        if not (radii > 0).all():
            return np.zeros(len(places_px), bool)
        away = (places_px - np.array([xmin + xmax, ymin + ymax]) / 2) / radii
        inside: Mask = (away**2).sum(axis=1) < 1
        return inside


@dataclass(frozen=True)
class Region:
    """A named part of an image: all that one of its shapes holds."""

    kind: str  # one of `KINDS`
    name: str
    shapes: tuple[Shape, ...]

    def holds(self, places_px: Floats) -> Mask:
        """Tell which of the places, shape (n, 2), are inside."""
        inside = np.zeros(len(places_px), bool)
        for shape in self.shapes:
            inside |= shape.holds(places_px)
        return inside


def whole_image(width_px: int, height_px: int) -> Region:
    """Give the region of all pixels, from the edge of the first to that of the last."""
    return Region("image", "image", (Shape((-0.5, -0.5, width_px - 0.5, height_px - 0.5)),))


def grid_points(width_px: int, height_px: int) -> Floats:
    """Give points that stand for equal parts of an image, shape (GRID², 2)."""
    shares = (np.arange(GRID) + 0.5) / GRID
    x, y = np.meshgrid(shares * width_px - 0.5, shares * height_px - 0.5)
    return np.column_stack([x.ravel(), y.ravel()])


def boxes(rows: Mapping[str, Any]) -> list[Region]:
    """Make the regions of a reading's rows in the table `regions`, given by column."""
    sides = zip(*(rows[side] for side in SIDES), strict=True)
    return [
        Region("anatomy", str(name), (Shape(tuple(map(float, four))),))
        for name, four in zip(rows["region"], sides, strict=True)
    ]


def ellipses(
    rows: Mapping[str, Any], column_map: Mapping[str, tuple[str, ...]], min_certainty: int
) -> list[Region]:
    """Make a region of all that a reader drew of a label; from rows in `ellipses`, by column.

    A label of the data set that reaches no channel keeps its own name.
    """
    shapes: dict[str, list[Shape]] = defaultdict(list)
    sides = zip(*(rows[side] for side in SIDES), strict=True)
    for label, certainty, four in zip(rows["label"], rows["certainty"], sides, strict=True):
        for name in column_map.get(label) or (label,) if certainty >= min_certainty else ():
            shapes[name].append(Shape(tuple(map(float, four)), is_ellipse=True))
    return [Region("ellipse", name, tuple(parts)) for name, parts in sorted(shapes.items())]


@dataclass(frozen=True)
class OwnRegions:
    """Regions from a file, by reading or by image."""

    by: str  # reading_id or dicom_id
    regions: dict[str, list[Region]]

    def of(self, reading: Mapping[str, Any]) -> list[Region]:
        """Give those of a reading, a row of `readings`."""
        return self.regions.get(reading[self.by], [])


def read_own_regions(path: Path, readings: Sequence[Mapping[str, Any]]) -> OwnRegions:
    """Read regions from a CSV file, for readings that are there.

    Raises
    ------
    SchemaError, AlignmentError
        If it lacks columns, a row is none, or none of its ids is of `readings`; all faults of the
        file at once.
    """
    numbered = csv_rows(path)
    _, head = next(numbered, (0, []))
    by = next((name for name in IDS if name in head), "")
    absent = [name for name in ("region", *SIDES) if name not in head]
    if absent or not by:
        lacks = ", ".join(absent + ([] if by else ["reading_id or dicom_id"]))
        remedy = "It needs region, xmin_px, ymin_px, xmax_px, ymax_px and an id."
        raise SchemaError(f"this lacks the columns {lacks}.", where=path, remedy=remedy)
    faults: list[str] = []
    shapes: dict[tuple[str, str], list[Shape]] = defaultdict(list)
    for line, cells in numbered:
        if len(cells) != len(head):
            faults.append(f"line {line} has {len(cells)} cells, not {len(head)}")
            continue
        row = dict(zip(head, map(str.strip, cells), strict=True))
        if fault := _fault(row, by):
            faults.append(f"line {line}: {fault}")
            continue
        four = tuple(float(row[side]) for side in SIDES)
        is_ellipse = row.get("shape") == "ellipse"
        shapes[row[by], row["region"]].append(Shape(four, is_ellipse))
    if faults:
        raise SchemaError(f"{len(faults)} rows are no regions.", where=path, faults=faults)
    names = {reading[by] for reading in readings}
    if not any(name in names for name, _ in shapes):
        first = quote(next(iter(shapes), ("none",))[0])
        message = f"no {by} of this file is in TABLES; its first is {first}."
        raise AlignmentError(message, where=path, remedy=f"Give the {by} of the tables.")
    regions: dict[str, list[Region]] = defaultdict(list)
    for (name, region), parts in sorted(shapes.items()):
        regions[name].append(Region("own", region, tuple(parts)))
    return OwnRegions(by, dict(regions))


def _fault(row: Mapping[str, str], by: str) -> str:
    """Say what is wrong with a row; nothing where it is right."""
    for name in (by, "region"):
        if not row[name]:
            return f"{name} is empty"
    if row.get("shape", "") not in ("", *SHAPES):
        return f"shape {quote(row['shape'])} is neither box nor ellipse"
    sides = []
    for side in SIDES:
        try:
            sides.append(float(row[side]))
        except ValueError:
            return f"{side} {quote(row[side])} is no number"
    if not all(isfinite(side) and abs(side) <= MAX_SIDE for side in sides):
        return f"its sides are not within {MAX_SIDE:,} pixels"
    if sides[0] > sides[2] or sides[1] > sides[3]:
        return "xmin_px or ymin_px is above xmax_px or ymax_px"
    return ""
