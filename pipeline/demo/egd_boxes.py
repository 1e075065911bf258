"""EGD's bounding_boxes.csv: 17 structures of the anatomy, as a detector would have found them.

Source: spec EGD 4.
"""

from collections.abc import Sequence

import numpy as np

from gazescribe.pipeline.demo.cases import Case

Box = tuple[float, float, float, float]

BOX_COLUMNS = ("dicom_id", "bbox_name", "x1", "x2", "y1", "y2")


MISSING_BOXES = 7 / 1083  # a case
SPREAD = 0.004  # of an edge, as a share of the image


def box_rows(cases: Sequence[Case], seed: int) -> list[tuple[str, str, float, float, float, float]]:
    """Give the rows of `BOX_COLUMNS`, sorted by image and name; a few structures are missing."""
    rng = np.random.default_rng([seed, 27])
    rows = []
    for case in sorted(cases, key=lambda case: case.dicom_id):
        size = np.array([case.width_px, case.height_px] * 2)
        for name, box in sorted(_structures(case).items()):
            corners = (np.array(box) + rng.normal(0, SPREAD, 4)) * size
            x1, y1, x2, y2 = np.round(np.clip(corners, 0, size - 1)).tolist()
            rows.append((case.dicom_id, name, min(x1, x2), max(x1, x2), min(y1, y2), max(y1, y2)))
    missing = rng.permutation(len(rows))[: max(1, round(MISSING_BOXES * len(cases)))]
    return [row for number, row in enumerate(rows) if number not in set(missing.tolist())]


def _structures(case: Case) -> dict[str, Box]:
    """Give the boxes of the 17 structures, in fractions of the image."""
    anatomy = case.anatomy
    boxes: dict[str, Box] = {
        "cardiac silhouette": anatomy.heart,
        "upper mediastinum": anatomy.mediastinum,
        "trachea": _part(anatomy.mediastinum, (0.35, -0.05, 0.65, 0.55)),
    }
    for side, lung in (("right", anatomy.right_lung), ("left", anatomy.left_lung)):
        boxes[f"{side} lung"] = lung
        for name, (lateral, top, medial, bottom) in _LUNG_PARTS.items():
            mirrored = (lateral, top, medial, bottom)
            if side == "left":
                mirrored = (1 - medial, top, 1 - lateral, bottom)
            boxes[f"{side} {name}"] = _part(lung, mirrored)
    return boxes


_LUNG_PARTS: dict[str, Box] = {  # from the chest wall (0) to the middle (1), apex to base
    "clavicle": (-0.25, 0.0, 0.95, 0.16),
    "costophrenic angle": (0.0, 0.84, 0.3, 1.0),
    "hilar structures": (0.68, 0.36, 1.0, 0.62),
    "lower lung zone": (0.0, 0.62, 1.0, 1.0),
    "mid lung zone": (0.0, 0.36, 1.0, 0.62),
    "upper lung zone": (0.0, 0.0, 1.0, 0.36),
}


def _part(box: Box, share: Box) -> Box:
    width, height = box[2] - box[0], box[3] - box[1]
    return (
        box[0] + share[0] * width,
        box[1] + share[1] * height,
        box[0] + share[2] * width,
        box[1] + share[3] * height,
    )
