"""Boxes and polygons that a COCO file has of some pictures.

Coordinates are COCO's: pixel 0 reaches from 0 to 1.
Drops: annotations of other categories or pictures, or without a shape; counted by reason.
"""

import json
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
from gazescribe.pipeline.core.errors import SchemaError

Row = dict[str, Any]
Mask = NDArray[np.bool_]

KEYS: dict[str, dict[str, tuple[type, ...]]] = {
    "images": {"id": (int, str), "file_name": (str,)},
    "categories": {"id": (int, str), "name": (str,)},
    "annotations": {"image_id": (int, str), "category_id": (int, str)},
}
"""What must be there, and of which type."""
FARTHEST_PX = 2**31


class Shape(NamedTuple):
    """A box `x, y, width, height`, or the outlines `x, y, x, y …` of a region."""

    box: tuple[float, ...]
    outlines: tuple[tuple[float, ...], ...] = ()


@dataclass(frozen=True)
class Boxes:
    """Shapes by picture and label.

    Attributes
    ----------
    shapes : mapping of str to mapping of str to list of Shape
        By name of the picture, then by label.
    sizes : mapping of str to tuple
        (height, width) that the file says of a picture; None where it does not.
    counts : dict
        Annotations that are used, and left out by reason; images that were not given.
    """

    shapes: Mapping[str, Mapping[str, list[Shape]]]
    sizes: Mapping[str, tuple[int | None, int | None]]
    counts: Row


def read_boxes(path: Path, pictures: Sequence[Picture], labels: Sequence[str]) -> Boxes:
    """Read a COCO file.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    pictures : sequence of Picture
        Matched by name, or the path as it is said (the first where it occurs twice), or else by
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
    of_category = _category_labels(content["categories"], labels)
    category = {row["id"]: row["name"] for row in content["categories"]}
    by_image = _pictures_by_image(content["images"], pictures)
    claimed = Counter(name for name in by_image.values() if name is not None)
    if twice := [f"{name}: {n} images" for name, n in claimed.items() if n > 1]:
        remedy = "Leave one image of each, or give the others by their own names in a csv."
        raise SchemaError("two images are one picture.", where=path, remedy=remedy, faults=twice)
    shapes: dict[str, dict[str, list[Shape]]] = {}
    left_out: Counter[str] = Counter()
    n_used = 0
    for row in content["annotations"]:
        name, label = by_image[row["image_id"]], of_category[row["category_id"]]
        shape = _shape(row)
        if label is None:
            left_out[f"its category is none of the labels: {category[row['category_id']]}"] += 1
        elif name is None:
            left_out["its image is not among the pictures"] += 1
        elif isinstance(shape, str):
            left_out[shape] += 1
        else:
            shapes.setdefault(name, {}).setdefault(label, []).append(shape)
            n_used += 1
    absent = [row["file_name"] for row in content["images"] if by_image[row["id"]] is None]
    counts = {
        "annotations": n_used,
        "annotations_left_out": dict(sorted(left_out.items())),
        "images": len(content["images"]),
        "images_not_given": len(absent),
    }
    sizes = {
        name: (row.get("height"), row.get("width"))
        for row in content["images"]
        if (name := by_image[row["id"]]) is not None
    }
    return Boxes(shapes, sizes, counts)


def _load(path: Path) -> Row:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as fault:
        raise SchemaError(f"this is not JSON ({fault}).", where=path) from fault
    if not isinstance(content, dict) or any(not isinstance(content.get(k), list) for k in KEYS):
        what = f"a COCO file has the lists {', '.join(KEYS)}."
        raise SchemaError(what, where=path, remedy="docs/predict.md shows one.")
    faults = [fault for part in KEYS for fault in _row_faults(content[part], part)]
    if not faults:
        ids = {part: {row["id"] for row in content[part]} for part in ("images", "categories")}
        faults = [
            f"{part}: {len(content[part]) - len(ids[part])} ids occur twice"
            for part in ids
            if len(ids[part]) < len(content[part])
        ]
        faults += [
            f"annotations.{at}: there is no {part} {row[key]!r}"
            for at, row in enumerate(content["annotations"])
            for part, key in (("images", "image_id"), ("categories", "category_id"))
            if row[key] not in ids[part]
        ]
    if faults:
        raise SchemaError("this is not what COCO files say.", where=path, faults=faults)
    return content


def _row_faults(rows: list[Any], part: str) -> Iterator[str]:
    for at, row in enumerate(rows):
        if not isinstance(row, dict):
            yield f"{part}.{at}: an object expected, found {row!r}"
            continue
        for key, kinds in KEYS[part].items():
            if type(row.get(key)) not in kinds:
                yield f"{part}.{at}.{key}: {row.get(key)!r}"


def _category_labels(rows: list[Row], labels: Sequence[str]) -> dict[Any, str | None]:
    known = {_plain(label): label for label in labels}
    return {
        row["id"]: known.get(_plain(row["name"])) or known.get(_plain(row.get("supercategory")))
        for row in rows
    }


def _plain(name: Any) -> str:
    return re.sub(r"[\W_]+", " ", str(name)).strip().casefold()


def _pictures_by_image(rows: list[Row], pictures: Sequence[Picture]) -> dict[Any, str | None]:
    said = {picture.said: picture.name for picture in reversed(pictures)}
    said |= {picture.name: picture.name for picture in pictures}
    stems: dict[str, set[str]] = {}
    for picture in pictures:
        stems.setdefault(_stem(picture.said), set()).add(picture.name)
    n_rows = Counter(_stem(row["file_name"]) for row in rows)
    found: dict[Any, str | None] = {}
    for row in rows:
        stem = _stem(row["file_name"])
        alike = stems.get(stem, set())
        only = next(iter(alike)) if len(alike) == n_rows[stem] == 1 else None
        found[row["id"]] = said.get(row["file_name"], only)
    return found


def _stem(path: str) -> str:
    return without_suffix(PurePosixPath(path.replace("\\", "/")).name)


def _shape(row: Row) -> Shape | str:
    """Give the outlines of an annotation, else its box, else why there is neither."""
    outlines = row.get("segmentation")
    if isinstance(outlines, dict):
        return "its segmentation is run lengths, which are not read"
    if outlines:
        if isinstance(outlines, list) and all(_numbers(one, even=True) for one in outlines):
            return Shape((), tuple(tuple(one) for one in outlines))
        return "its segmentation is no list of outlines x, y, x, y …"
    box: Any = row.get("bbox")
    if not _numbers(box) or len(box) != 4 or min(box[2:]) <= 0:
        return "its bbox is not x, y, width, height, with both above 0"
    return Shape(tuple(box))


def _numbers(values: Any, *, even: bool = False) -> bool:
    return (
        isinstance(values, list)
        and all(type(one) in (int, float) and abs(one) < FARTHEST_PX for one in values)
        and (not even or (len(values) >= 6 and len(values) % 2 == 0))
    )


def mask_of(shapes: Sequence[Shape], size: tuple[int, int]) -> Mask:
    """Pixels whose centre lies in one of the shapes.

    Parameters
    ----------
    shapes : sequence of Shape
        Of one label of a picture.
    size : tuple of int
        (height, width) of the picture in pixels.
    """
    from skimage.draw import polygon

    mask = np.zeros(size, bool)
    for shape in shapes:
        if shape.box:
            x, y, width, height = shape.box
            rows, columns = _centres(y, height, size[0]), _centres(x, width, size[1])
            mask[rows, columns] = True
        for outline in shape.outlines:
            points = np.array(outline, float).reshape(-1, 2) - 0.5
            mask[polygon(points[:, 1], points[:, 0], size)] = True
    return mask


def _centres(begin: float, length: float, n: int) -> slice:
    """Pixels i with begin ≤ i + 0.5 < begin + length."""
    first, last = (int(np.clip(math.ceil(at - 0.5), 0, n)) for at in (begin, begin + length))
    return slice(first, last)
