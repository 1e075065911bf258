"""`index.html`: what an export holds and how its maps look, in one file without script or link out.

It shows maps alone, never a radiograph.
"""

import base64
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from gazescribe.pipeline.export.as_hf import preview
from gazescribe.pipeline.export.contents import Contents, Map, MapSet
from gazescribe.pipeline.export.rendering import jinja_environment

PAGE = "index.html"
SHOWN = 24  # maps of each set
MAX_SIDE = 128  # pixels of a preview; of larger maps every second, third … pixel is taken


def shown_maps(map_set: MapSet) -> Iterator[tuple[dict[str, Any], Map]]:
    """Give the maps that the page shows, thinned out, each with the row of its index.

    They are spread evenly over the set, so that they are of many readings.
    """
    n = map_set.index.num_rows
    part = map_set.take(
        np.unique(np.linspace(0, n - 1, min(n, SHOWN)).round().astype(int)).tolist()
    )
    step = -(-max(part.size) // MAX_SIDE)
    for row, heatmap in zip(part.index.to_pylist(), part.maps(), strict=True):
        yield row, heatmap[::step, ::step]


def write_page(folder: Path, contents: Contents, facts: Mapping[str, Any]) -> None:
    """Write the page; `facts` are those of the card: title, sources, files, provenance (`made`)."""
    figures = {map_set.name: _figures(map_set) for map_set in contents.sets}
    page = (
        jinja_environment(autoescape=True)
        .get_template("index.html.j2")
        .render(facts, figures=figures)
    )
    (folder / PAGE).write_text(page, encoding="utf-8")


def _figures(map_set: MapSet) -> list[dict[str, Any]]:
    figures = []
    for row, heatmap in shown_maps(map_set):
        picture = base64.b64encode(preview(heatmap)).decode("ascii")
        height, width = heatmap.shape
        shape = {"picture": picture, "picture_height": height, "picture_width": width}
        figures.append({**row, "name": row["label"] or row["kind"], **shape})
    return figures
