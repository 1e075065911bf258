"""One COCO file, as all of an export have it: licence, numbered categories, sorted keys."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

Row = dict[str, Any]


def write_coco(
    path: Path,
    info: Mapping[str, Any],
    categories: Iterable[str],
    images: Iterable[Row],
    annotations: Sequence[Row],
) -> None:
    """Write a file; categories are numbered from 1 in their order."""
    content = {
        "info": info,
        "licenses": [{"id": 1, "name": "LICENSE_NOTICE.md", "url": ""}],
        "categories": [
            {"id": number, "name": name, "supercategory": "finding"}
            for number, name in enumerate(categories, 1)
        ],
        "images": [{**row, "license": 1} for row in images],
        "annotations": annotations,
    }
    path.write_text(json.dumps(content, sort_keys=True) + "\n", encoding="utf-8")
