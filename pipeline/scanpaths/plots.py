"""The picture of scores: predictions between floors and ceiling, by each measure."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from gazescribe.pipeline.core.figures import CYCLE, DOUBLE_MM, GREY, Plate, panels, printed
from gazescribe.pipeline.scanpaths.comparison import MEASURES

COLUMNS = 5
PANEL_MM = 38.0  # height
WORDS = {
    "predicted": "predicted",
    "other_readers": "other readers",
    "map_sampler": "map sampler",
    "random_walk": "random walk",
}


@printed()
def score_panels(rows: Sequence[dict[str, Any]], label: str, scope: str) -> Plate:
    """Draw the mean and interval of each source, a panel for each measure.

    `rows` are those of the table `scanpath_scores`, of which one label and scope are drawn.
    """
    scores = {
        (row["measure"], row["source"]): row
        for row in rows
        if (row["label"], row["scope"]) == (label, scope)
    }
    names = [name for name in MEASURES if (name, "predicted") in scores and name != "edit_distance"]
    height_mm = PANEL_MM * -(-len(names) // COLUMNS) + 8
    figure, axes_of = panels(len(names), min(COLUMNS, len(names)), DOUBLE_MM, height_mm)
    sources = list(WORDS)[::-1]
    for number, (axes, name) in enumerate(zip(axes_of, names, strict=True)):
        for place, source in enumerate(sources):
            row = scores.get((name, source))
            if row is None:
                continue
            colour = CYCLE[1] if source == "predicted" else GREY
            axes.plot(row["mean"], place, "o", color=colour)
            if not np.isnan(row["low"]):
                axes.hlines(place, row["low"], row["high"], color=colour)
        is_first = number % COLUMNS == 0
        axes.set_yticks(
            range(len(sources)),
            [WORDS[name_of_source] if is_first else "" for name_of_source in sources],
        )
        axes.set(title=name.replace("_", "\n", 1).replace("_", " "), ylim=(-0.5, 3.5))
        axes.margins(x=0.15)
    caption = (
        f"Mean over scan paths ({label}; images: {scope}) with the interval over subjects. Higher"
        " is more alike, but for string tde. Other readers, where images have any: the ceiling."
    )
    return Plate(figure, "Scan paths between floors and ceiling", caption)
