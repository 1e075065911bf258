"""Boxes and polygons that a COCO file has of some pictures.

Coordinates are COCO's: pixel 0 reaches from 0 to 1.
Drops: annotations of other categories or pictures, or without a shape; counted by reason.
"""

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gazescribe.models.predicting.pictures import Picture, without_suffix
from gazescribe.pipeline.core.errors import SchemaError, quote
from gazescribe.pipeline.core.foreign import read_json

Row = dict[str, Any]
Mask = NDArray[np.bool_]

KEYS: dict[str, dict[str, tuple[type, ...]]] = {
    "images": {"id": (int, str), "file_name": (str,)},
    "categories": {"id": (int, str), "name": (str,)},
    "annotations": {"image_id": (int, str), "category_id": (int, str)},
}
"""What must be there, and of which type."""
FARTHEST_PX = 2**31  # beyond what any image has, and safe to round to an integer


class Shape(NamedTuple):
    """A box `x, y, width, height`, or the outlines `x, y, x, y …` of a region."""

    box: tuple[float, ...]
    outlines: tuple[tuple[float, ...], ...] = ()


@dataclass(frozen=True)
class Boxes:
    """Shapes by name of the picture, then by label.

    `sizes` are (height, width) that the file says of a picture, None where it does not; `counts`
    are of annotations that are used, and left out by reason, and of images that were not given.
    """

    shapes: Mapping[str, Mapping[str, list[Shape]]]
    sizes: Mapping[str, tuple[int | None, int | None]]
    counts: Row


def read_boxes(path: Path, pictures: Sequence[Picture], labels: Sequence[str]) -> Boxes:
    """Read a COCO file.

    Parameters
    ----------
    pictures : sequence of Picture
        Matched by name, or by listed path (the first where it occurs twice), or else by
        file name without suffix where one picture and one image only have it.
    labels : sequence of str
        Matched by the name of a category, or else by its `supercategory`; neither case nor
        spaces, - and _ matter.

    Raises
    ------
    SchemaError
        If the file is not what it must be, or has a picture twice; all faults at once.
    """
    content = _load(path)
    category_names = {row["id"]: row["name"] for row in content["categories"]}
    category_labels = _category_labels(content["categories"], labels)
    picture_names = _picture_names(content["images"], pictures)
    n_images = Counter(name for name in picture_names.values() if name is not None)
    if twice := [f"{name}: {n} images" for name, n in n_images.items() if n > 1]:
        remedy = "Leave one image of each, or give the others by their own names in a csv."
        raise SchemaError("two images are one picture.", where=path, remedy=remedy, faults=twice)
    shapes: dict[str, dict[str, list[Shape]]] = {}
    left_out: Counter[str] = Counter()
    for row in content["annotations"]:
        name, label = picture_names[row["image_id"]], category_labels[row["category_id"]]
        shape = _shape(row)
        if label is None:
            category = category_names[row["category_id"]]
            left_out[f"its category is none of the labels: {category}"] += 1
        elif name is None:
            left_out["its image is not among the pictures"] += 1
        elif isinstance(shape, str):
            left_out[shape] += 1
        else:
            shapes.setdefault(name, {}).setdefault(label, []).append(shape)
    sizes = {}
    for row in content["images"]:
        if (name := picture_names[row["id"]]) is not None:
            sizes[name] = (row.get("height"), row.get("width"))
    counts = {
        "annotations": len(content["annotations"]) - left_out.total(),
        "annotations_left_out": dict(sorted(left_out.items())),
        "images": len(content["images"]),
        "images_not_given": list(picture_names.values()).count(None),
    }
    return Boxes(shapes, sizes, counts)


def _load(path: Path) -> Row:
    content: Row = read_json(path, top=object)
    if not isinstance(content, dict) or any(not isinstance(content.get(k), list) for k in KEYS):
        message = f"a COCO file has the lists {', '.join(KEYS)}."
        raise SchemaError(message, where=path, remedy="docs/predict.md shows one.")
    faults = [fault for part in KEYS for fault in _row_faults(content[part], part)]
    faults = faults or _id_faults(content)  # ids can be compared once all rows have theirs
    if faults:
        raise SchemaError("this is not what COCO files say.", where=path, faults=faults)
    return content


def _id_faults(content: Row) -> list[str]:
    faults = []
    ids = {part: {row["id"] for row in content[part]} for part in ("images", "categories")}
    for part, distinct in ids.items():
        if len(distinct) < len(content[part]):
            faults.append(f"{part}: {len(content[part]) - len(distinct)} ids occur twice")
    for number, row in enumerate(content["annotations"]):
        for part, key in (("images", "image_id"), ("categories", "category_id")):
            if row[key] not in ids[part]:
                faults.append(f"annotations.{number}: there is no {part} {quote(row[key])}")
    return faults


def _row_faults(rows: list[Any], part: str) -> Iterator[str]:
    for number, row in enumerate(rows):
        if not isinstance(row, dict):
            yield f"{part}.{number}: an object expected, found {quote(row)}"
            continue
        for key, kinds in KEYS[part].items():
            if type(row.get(key)) not in kinds:
                yield f"{part}.{number}.{key}: {quote(row.get(key))}"


def _category_labels(rows: list[Row], labels: Sequence[str]) -> dict[Any, str | None]:
    by_plain = {_plain(label): label for label in labels}
    category_labels = {}
    for row in rows:
        label = by_plain.get(_plain(row["name"]))
        category_labels[row["id"]] = label or by_plain.get(_plain(row.get("supercategory")))
    return category_labels


def _plain(name: Any) -> str:
    return re.sub(r"[\W_]+", " ", str(name)).strip().casefold()


def _picture_names(rows: list[Row], pictures: Sequence[Picture]) -> dict[Any, str | None]:
    """Name the picture of each image, by its id; None where there is none."""
    by_path = {picture.listed_path: picture.name for picture in reversed(pictures)}
    by_path |= {picture.name: picture.name for picture in pictures}
    by_stem: dict[str, set[str]] = {}
    for picture in pictures:
        by_stem.setdefault(_stem(picture.listed_path), set()).add(picture.name)
    n_rows = Counter(_stem(row["file_name"]) for row in rows)
    names: dict[Any, str | None] = {}
    for row in rows:
        stem = _stem(row["file_name"])
        alike = by_stem.get(stem, set())
        only = next(iter(alike)) if len(alike) == n_rows[stem] == 1 else None
        names[row["id"]] = by_path.get(row["file_name"], only)
    return names


def _stem(path: str) -> str:
    return without_suffix(PurePosixPath(path.replace("\\", "/")).name)


def _shape(row: Row) -> Shape | str:
    """Give the outlines of an annotation, else its box, else why there is neither."""
    outlines = row.get("segmentation")
    if isinstance(outlines, dict):
        return "its segmentation is run lengths, which are not read"
    if outlines:
        if isinstance(outlines, list) and all(_is_outline(points) for points in outlines):
            return Shape((), tuple(map(tuple, outlines)))
        return "its segmentation is no list of outlines x, y, x, y …"
    box: Any = row.get("bbox")
    if not _are_numbers(box) or len(box) != 4 or min(box[2:]) <= 0:
        return "its bbox is not x, y, width, height, with both above 0"
    return Shape(tuple(box))


def _are_numbers(values: Any) -> bool:
    """Whether this is a list of finite numbers; true and false are none, NaN fails the bound."""
    return isinstance(values, list) and all(
        type(value) in (int, float) and abs(value) < FARTHEST_PX for value in values
    )


def _is_outline(values: Any) -> bool:
    return _are_numbers(values) and len(values) >= 6 and len(values) % 2 == 0


def mask_of(shapes: Sequence[Shape], size: tuple[int, int]) -> Mask:
    """Pixels of a picture, of (height, width) `size`, whose centre lies in one of the shapes."""
    from skimage.draw import polygon

    mask = np.zeros(size, bool)
    for shape in shapes:
        if shape.box:
            x, y, width, height = shape.box
            rows, columns = _centres(y, height, size[0]), _centres(x, width, size[1])
            mask[rows, columns] = True
        for outline in shape.outlines:
            # COCO's pixel 0 reaches from 0 to 1, skimage's from -0.5 to 0.5.
            points = np.array(outline, float).reshape(-1, 2) - 0.5
            mask[polygon(points[:, 1], points[:, 0], size)] = True
    return mask


def _centres(begin: float, length: float, n: int) -> slice:
    """Pixels i with begin ≤ i + 0.5 < begin + length."""
    first, last = math.ceil(begin - 0.5), math.ceil(begin + length - 0.5)
    return slice(min(max(first, 0), n), min(max(last, 0), n))
