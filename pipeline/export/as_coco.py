"""Regions as COCO: maps cut at a threshold, in the pixels of the original image.

Each connected region of a map is one annotation, with its box and its area. The same regions are
written twice: as exact run-length masks, and as polygons for tools that take nothing else.
"""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gazescribe.pipeline.core.class_names import labels_said
from gazescribe.pipeline.export.coco_ellipses import write_ellipses
from gazescribe.pipeline.export.coco_files import Row, write_coco
from gazescribe.pipeline.export.coco_grounding import write_grounding
from gazescribe.pipeline.export.contents import SPLIT_NAMES, Contents, Map, MapSet
from gazescribe.pipeline.export.table_files import JSON, FileSet, MapParts, write_tables

FORMS = ("masks", "polygons")
TOLERANCE_PX = 0.5  # of the polygons
MIN_POINTS = 3  # a line between two points has no area
UNITS = {
    "area": "px²",
    "bbox": "px: xmin, ymin, width, height",
    "height": "px",
    "segmentation": "px",
    "threshold": "1, of the maximum of the map",
    "width": "px",
}

Size = tuple[int, int]


def write(
    contents: Contents,
    folder: Path,
    map_parts: MapParts,
    parallel: Callable[..., Any],
    *,
    threshold: float,
) -> list[FileSet]:
    """Write tables and annotations; give what was written.

    `parallel` is `map_tasks` with its workers.
    """
    sizes = image_sizes(contents)
    regions_of: dict[str, list[Row]] = {map_set.name: [] for map_set in contents.sets}
    annotated = map_parts(partial(annotate, sizes=sizes, threshold=threshold))
    for part, rows in zip(contents.parts, annotated, strict=True):
        regions_of[part.name] += rows
    written = write_tables(contents, folder, ".csv")
    for map_set in contents.sets:
        name = map_set.name
        (folder / "annotations" / name).mkdir(parents=True)
        for form in FORMS:
            _write_set(contents, map_set, regions_of[name], form, folder, threshold)
            about = f"Regions above {threshold:g} as {form}, by split"
            pattern = f"annotations/{name}/{form}_*.json"
            written.append(FileSet(f"{name}-{form}", pattern, JSON, about))
    images = _images_of_readings(contents)
    if "ellipses" in contents.tables:
        written.append(write_ellipses(contents.tables["ellipses"], images, folder))
    if {"mentions", "sentences"} <= contents.tables.keys():  # sentences come with the text alone
        written.append(write_grounding(contents, images, folder, parallel, threshold))
    return written


def image_sizes(contents: Contents) -> dict[str, Size]:
    """Give (height, width) of the image of each reading that has gaze and a size."""
    return {
        row["reading_id"]: (row["height_px"], row["width_px"])
        for row in contents.tables["readings"].to_pylist()
        if row["has_gaze"] and row["width_px"] and row["height_px"]
    }


def annotate(part: MapSet, sizes: dict[str, Size], threshold: float) -> list[Row]:
    """Find the regions of some maps, in images of these (height, width) by reading.

    Each has `row` of the index, `bbox`, `area`, `masks` (RLE) and `polygons`.
    """
    annotations: list[Row] = []
    for row, heatmap in zip(part.index.to_pylist(), part.maps(), strict=True):
        if row["reading_id"] in sizes:
            native = on_image(heatmap, row, sizes[row["reading_id"]])
            annotations += ({"row": row, **region} for region in regions(native > threshold))
    return annotations


def on_image(heatmap: Map, row: Row, size: Size) -> NDArray[np.float32]:
    """Bring a map, shape (height, width) in model pixels, into the pixels of its image, bilinear.

    The row of the index places it: model_px = (image_px + 0.5) · scale + pad_px − 0.5. `size` is
    (height, width) of the image.
    """
    values = heatmap.astype(np.float32)
    for axis, pad in ((0, row["pad_y_px"]), (1, row["pad_x_px"])):
        model_px = (np.arange(size[axis]) + 0.5) * row["scale"] + pad - 0.5
        model_px = np.clip(model_px, 0, values.shape[axis] - 1)
        low = np.floor(model_px).astype(int)
        share = np.expand_dims((model_px - low).astype(np.float32), 1 - axis)
        high = np.minimum(low + 1, values.shape[axis] - 1)
        values = values.take(low, axis) * (1 - share) + values.take(high, axis) * share
    return values


def regions(mask: NDArray[np.bool_]) -> Iterator[Row]:
    """Give each connected region (corners touch) of a mask, shape (height, width)."""
    from pycocotools.mask import encode
    from skimage.measure import label, regionprops

    for region in regionprops(label(mask, connectivity=2)):
        ymin, xmin, ymax, xmax = (int(side) for side in region.bbox)
        alone = np.zeros(mask.shape, np.uint8, order="F")  # COCO counts column by column
        alone[ymin:ymax, xmin:xmax] = region.image
        run_lengths = encode(alone)
        run_lengths["counts"] = run_lengths["counts"].decode("ascii")  # for JSON
        yield {
            "bbox": [xmin, ymin, xmax - xmin, ymax - ymin],
            "area": int(region.area),
            "masks": run_lengths,
            "polygons": [_outline(region.image_filled, ymin, xmin)],
        }


def _outline(filled: NDArray[np.bool_], ymin: int, xmin: int) -> list[float]:
    """Outline of a region without its holes, as x, y, x, y …; pixel 0 reaches from 0 to 1."""
    from skimage.measure import approximate_polygon, find_contours

    lines = find_contours(np.pad(filled.astype(float), 1), 0.5, fully_connected="high")
    line = max(lines, key=len)
    simple = approximate_polygon(line, TOLERANCE_PX)
    points = (simple if len(simple) > MIN_POINTS else line)[:-1, ::-1] - 0.5 + (xmin, ymin)
    return [round(float(value), 2) for value in points.ravel()]


def _write_set(
    contents: Contents,
    map_set: MapSet,
    annotated: list[Row],
    form: str,
    folder: Path,
    threshold: float,
) -> None:
    """Write the regions of a set, a file for each split."""
    images = _images(contents)
    categories = _categories(map_set)
    for split, name in SPLIT_NAMES.items():
        of_split = {key: row for key, row in images.items() if row["split"] == split}
        if not of_split:
            continue
        annotations: list[Row] = []
        for region in annotated:
            row = region["row"]
            if row["dicom_id"] not in of_split:
                continue
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": of_split[row["dicom_id"]]["id"],
                    "category_id": categories[_category(row)],
                    "segmentation": region[form],
                    "bbox": region["bbox"],
                    "area": region["area"],
                    "iscrowd": 0,
                    "reading_id": row["reading_id"],
                    "kind": row["kind"],
                    "threshold": threshold,
                }
            )
        about = f"{map_set.name}: regions above {threshold:g}"
        info = {"description": about, "units": UNITS, "version": "1"}
        path = folder / "annotations" / map_set.name / f"{form}_{name}.json"
        write_coco(path, info, categories, of_split.values(), annotations)


def _images_of_readings(contents: Contents) -> dict[str, Row]:
    """Give the entry of the image of each reading with gaze."""
    images = _images(contents)
    readings = contents.tables["readings"].select(["reading_id", "dicom_id"]).to_pylist()
    return {
        row["reading_id"]: images[row["dicom_id"]] for row in readings if row["dicom_id"] in images
    }


def _images(contents: Contents) -> dict[str, Row]:
    """One entry an image that somebody read with gaze, numbered by id."""
    sizes = image_sizes(contents)
    readings = contents.tables["readings"].to_pylist()
    read = {row["dicom_id"]: row for row in readings if row["reading_id"] in sizes}
    return {
        dicom_id: {
            "id": number,
            "file_name": f"images/{dicom_id}.png",
            "dicom_id": dicom_id,
            "split": row["split"],
            "height": row["height_px"],
            "width": row["width_px"],
        }
        for number, (dicom_id, row) in enumerate(sorted(read.items()), 1)
    }


def _categories(map_set: MapSet) -> dict[str, int]:
    """Give each category a number: the labels as channels from 1, then whatever else is."""
    labels = labels_said(map_set.index.schema.metadata, map_set.source)
    names = {_category(row) for row in map_set.index.select(["kind", "label"]).to_pylist()}
    ordered = [*labels, *sorted(names.difference(labels))]
    return {name: number for number, name in enumerate(ordered, 1)}


def _category(row: Row) -> str:
    return str(row["label"] or row["kind"])
