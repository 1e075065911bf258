"""What the gallery of a run's page knows of every reading, with an inspector or without.

Reads: readings, fixations, words, ellipses and attributes of a data set, its windows and Gaussians.
Gives: rows that the script filters and sorts, each with small maps of its gaze as text.
Params: `heatmaps.amplitude` and `heatmaps.min_certainty`, as for the inspectors.
Drops: nothing; what is not known of a reading is null.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from string import ascii_letters, digits
from typing import Any

import numpy as np
import pyarrow as pa

from gazescribe.pipeline.core.tables import read_if_present, read_readings, read_table
from gazescribe.pipeline.core.values import SPLITS
from gazescribe.pipeline.geometry.canvas import Box, Canvas, FloatMap, Size, join_ellipses
from gazescribe.pipeline.geometry.iou import iou_by_threshold
from gazescribe.pipeline.ingest.quality import gaze_quality
from gazescribe.pipeline.maps.planning import PlannedMap, plan, plan_ellipses
from gazescribe.pipeline.report.parts import Row
from gazescribe.pipeline.report.pictures import colours, fit_size
from gazescribe.pipeline.report.reading import DataSource

READINGS_A_TASK = 256
GRID_PX = 128  # long side of the maps whose IoU is taken
TINY = 16  # cells along the long side of the maps that the gallery draws
CUT = 0.15  # of a map's maximum (Lanfredi et al. 2023, Section 2.4: `mil.map_threshold`)
MIN_GAP_S = 0.1  # shorter ones are saccades (`ingest.quality.min_gap_s`)
MUCH = 0.1  # share of gaze that is off the image, or lost, from which on it is remarked
SHADES = ascii_letters + digits + "+/"  # 64 levels of a tiny map, a letter each

COLUMNS = (
    *("reading_id", "dataset", "split", "phase", "dicom_id"),
    *("quality", "n_fixations", "share_lost", "share_off_image", "labels", "shape", "maps"),
)
"""Of a row. `quality` holds places in `QUALITY`. `labels` are [channel, number of its map or null,
whether the reader drew it, IoU or null]. Of `maps`, which have `shape`, the first is of all gaze;
it is empty where there is none."""

QUALITY = (
    "no gaze",
    "size of the image not known",
    "nothing dictated",
    "words without times",
    "a window without gaze",
    f"from {MUCH:.0%} of fixations off the image",
    f"from {MUCH:.0%} of the time lost",
    "quality issue, says the reader",
)
NEEDED = ("reading_id", "split", "phase", "dicom_id", "width_px", "height_px", "has_gaze", "text")


@dataclass(frozen=True)
class GalleryTask:
    """Some readings of one data set, next to each other in its tables, for one worker."""

    source: DataSource
    ids: list[str]


def gallery_tasks(source: DataSource, ids: Sequence[str]) -> list[GalleryTask]:
    """Cut the readings of a data set into tasks."""
    begins = range(0, len(ids), READINGS_A_TASK)
    return [GalleryTask(source, list(ids[n : n + READINGS_A_TASK])) for n in begins]


def gallery_data(rows: Sequence[Row], channels: Sequence[str]) -> Row:
    """Give what the script of the gallery reads."""
    splits = {row["split"] for row in rows}
    return {
        "columns": COLUMNS,
        "rows": [[row[name] for name in COLUMNS] for row in rows],
        "channels": channels,
        "datasets": list(dict.fromkeys(row["dataset"] for row in rows)),
        "splits": [split for split in SPLITS if split in splits],
        "tiny": TINY,
        "cut": CUT,
        "quality": QUALITY,
        "shades": SHADES,
        "colours": colours()[np.linspace(0, 255, len(SHADES)).round().astype(int)].tolist(),
    }


def gallery_rows(task: GalleryTask) -> list[Row]:
    """Gather what is known of each reading of a task."""
    source, ids = task.source, task.ids
    filters = [("reading_id", "in", ids)]
    readings = read_table(source.tables, "readings", list(NEEDED), filters).to_pylist()
    fixations = read_readings(source.tables, "fixations", ids, optional=True)
    words = read_if_present(source.tables, "words", columns=["reading_id"], filters=filters)
    timed = set(words["reading_id"].to_pylist())
    boxes = _drawn(source, read_if_present(source.tables, "ellipses", filters=filters))
    poor = _poor(read_if_present(source.tables, "attributes", filters=filters))
    maps, empty, gaussians = _maps_of(source, ids)
    rows = []
    for reading in readings:
        reading_id = reading["reading_id"]
        remarks = [
            not reading["has_gaze"],
            reading["width_px"] is None or reading["height_px"] is None,
            not reading["text"],
            bool(reading["text"]) and reading_id not in timed,
            reading_id in empty,
        ]
        row = {name: reading[name] for name in ("reading_id", "split", "phase", "dicom_id")}
        row |= _gaze(fixations[reading_id], reading)
        shares = row["share_off_image"], row["share_lost"]
        remarks += [share is not None and share >= MUCH for share in shares]
        remarks.append(reading_id in poor)
        row["dataset"] = source.dataset
        row["quality"] = [place for place, is_so in enumerate(remarks) if is_so]
        row |= _labels(source, reading, maps[reading_id], boxes[reading_id], gaussians)
        rows.append(row)
    return rows


def _gaze(fixations: Mapping[str, Any], reading: Row) -> Row:
    if not len(fixations["onset_s"]):
        return {"n_fixations": 0, "share_lost": None, "share_off_image": None}
    size_px = reading["width_px"], reading["height_px"]
    measured = gaze_quality(fixations, size_px, MIN_GAP_S)
    off = measured.share_off_image
    return {
        "n_fixations": measured.n_fixations,
        "share_lost": round(measured.share_lost, 3),
        "share_off_image": None if off is None else round(off, 3),
    }


def _drawn(source: DataSource, ellipses: pa.Table) -> dict[str, dict[str, list[Box]]]:
    """Give by reading and channel the readers' ellipses that are certain enough for masks."""
    planned, _ = plan_ellipses(ellipses, source.look.column_map, source.look.min_certainty)
    boxes: dict[str, dict[str, list[Box]]] = defaultdict(dict)
    for mask in planned:
        boxes[mask.reading_id][mask.label] = mask.boxes
    return boxes


def _poor(attributes: pa.Table) -> set[str]:
    """Find the readings whose reader ticked REFLACX's `Quality issue`."""
    return {
        row["reading_id"]
        for row in attributes.to_pylist()
        if (row["name"], row["value"]) == ("Quality issue", "true")
    }


def _maps_of(
    source: DataSource, ids: Sequence[str]
) -> tuple[dict[str, list[PlannedMap]], set[str], Mapping[str, Mapping[str, Any]]]:
    """Plan the maps of each reading, all gaze first; name those with an empty window."""
    maps: dict[str, list[PlannedMap]] = defaultdict(list)
    if source.associated is None:
        return maps, set(), {}
    filters = [("reading_id", "in", list(ids))]
    windows = read_if_present(source.associated, "windows", filters=filters)
    for planned in chain(plan(windows, "saliency")[0], plan(windows, "label")[0]):
        maps[planned.reading_id].append(planned)
    states = zip(windows["reading_id"].to_pylist(), windows["status"].to_pylist(), strict=True)
    empty = {reading_id for reading_id, status in states if status != "ok"}
    gaussians = read_readings(source.associated, "gaussians", ids, optional=True)
    return maps, empty, gaussians


def _labels(
    source: DataSource,
    reading: Row,
    maps: Sequence[PlannedMap],
    boxes: Mapping[str, list[Box]],
    gaussians: Mapping[str, Mapping[str, Any]],
) -> Row:
    """Give the labels that were said or drawn, their IoU, and the small maps."""
    tiny, number, iou, shape = [""], {}, {}, None
    if maps:
        image_size = reading["height_px"], reading["width_px"]
        size = fit_size(image_size, GRID_PX)
        shape = fit_size(size, TINY)
        drawn = _draw(source, maps, gaussians[reading["reading_id"]], image_size, size)
        for planned, heatmap, text in drawn:
            if not planned.label:
                tiny[0] = text
                continue
            if text not in tiny:  # labels said in the same sentences share their map
                tiny.append(text)
            number[planned.label] = tiny.index(text)
            if planned.label in boxes:
                mask = join_ellipses(boxes[planned.label], image_size, size, "direct")
                iou[planned.label] = round(float(iou_by_threshold(heatmap, mask, [CUT])[0]), 3)
    labels = [
        [channel, number.get(label), int(label in boxes), iou.get(label)]
        for channel, label in enumerate(source.look.label_map.channels)
        if label in number or label in boxes
    ]
    return {"labels": labels, "shape": shape, "maps": tiny}


def _draw(
    source: DataSource,
    maps: Sequence[PlannedMap],
    gaussians: Mapping[str, Any],
    image_size: Size,
    size: Size,
) -> Iterator[tuple[PlannedMap, FloatMap, str]]:
    canvas = Canvas(dict(gaussians), image_size, size, amplitude=source.look.amplitude)
    for planned in maps:
        heatmap, _ = canvas.label_map(planned.windows)
        yield planned, heatmap, spelt(heatmap)


def spelt(heatmap: FloatMap) -> str:
    """Write a map of maximum 1 as text: a letter a cell, row by row, of the cells' mean.

    The long side has `TINY` cells; the brightest cell has the last letter.
    """
    cells = heatmap
    for axis, n in enumerate(fit_size(heatmap.shape, TINY)):
        edges = np.linspace(0, heatmap.shape[axis], n + 1).round().astype(int)
        sums = np.add.reduceat(cells, edges[:-1], axis)
        cells = sums / np.expand_dims(np.diff(edges), 1 - axis)
    levels = (cells / max(float(cells.max()), 1e-9) * (len(SHADES) - 1)).round().astype(int)
    return "".join(SHADES[level] for level in levels.ravel())
