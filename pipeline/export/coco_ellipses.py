"""The readers' own ellipses as COCO, one file a split: box, polygon, area and certainty."""

import math
from pathlib import Path

import pyarrow as pa

from gazescribe.pipeline.export.coco_files import Row, write_coco
from gazescribe.pipeline.export.contents import SPLIT_NAMES
from gazescribe.pipeline.export.table_files import JSON, FileSet

CORNERS = 64  # of the polygon round an ellipse: 0.16 % less than its area
UNITS = {"area": "px²", "bbox": "px: xmin, ymin, width, height", "segmentation": "px"}


def write_ellipses(ellipses: pa.Table, images: dict[str, Row], folder: Path) -> FileSet:
    """Write the ellipses, a file for each split; give what was written.

    `images` has the entry of each reading's image, as COCO lists it, with `split`. Pixel 0 reaches
    from 0 to 1 as in all of COCO, so that all is half a pixel further than in `ellipses.csv`.
    """
    rows = [row for row in ellipses.to_pylist() if row["reading_id"] in images]
    labels = sorted({row["label"] for row in rows})
    target = folder / "annotations" / "ellipses"
    target.mkdir(parents=True)
    for split, name in SPLIT_NAMES.items():
        listed = {row["id"]: row for row in images.values() if row["split"] == split}
        if not listed:
            continue
        of_split = [row for row in rows if images[row["reading_id"]]["id"] in listed]
        annotations = [
            {
                "id": number,
                "image_id": images[row["reading_id"]]["id"],
                "category_id": labels.index(row["label"]) + 1,
                **_outline(row),
                "iscrowd": 0,
                "reading_id": row["reading_id"],
                "ellipse": row["ellipse"],
                "certainty": row["certainty"],
            }
            for number, row in enumerate(of_split, 1)
        ]
        info = {"description": "Ellipses that the readers drew", "units": UNITS}
        shown = [row for _, row in sorted(listed.items())]
        write_coco(target / f"ellipses_{name}.json", info, labels, shown, annotations)
    pattern = "annotations/ellipses/ellipses_*.json"
    return FileSet("ellipses-coco", pattern, JSON, "Ellipses that the readers drew, by split")


def _outline(row: Row) -> Row:
    """Give box, area and polygon of an ellipse by the ends of its axes."""
    xmin, ymin = row["xmin_px"] + 0.5, row["ymin_px"] + 0.5
    width, height = row["xmax_px"] - row["xmin_px"], row["ymax_px"] - row["ymin_px"]
    polygon = []
    for corner in range(CORNERS):
        angle = 2 * math.pi * corner / CORNERS
        polygon.append(round(xmin + width / 2 * (1 + math.cos(angle)), 2))
        polygon.append(round(ymin + height / 2 * (1 + math.sin(angle)), 2))
    return {
        "bbox": [xmin, ymin, width, height],
        "area": round(math.pi * width * height / 4, 2),
        "segmentation": [polygon],
    }
