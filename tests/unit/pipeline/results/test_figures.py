import pandas as pd
import pytest
from matplotlib.colors import to_rgba_array
from matplotlib.figure import Figure

from gazescribe.pipeline.core.figures import Plate
from gazescribe.pipeline.results.figures import draw_tables, points_by_model, with_level
from gazescribe.pipeline.results.rows import PaperTable

FRAME = pd.DataFrame(
    {
        "metric": ["iou", "iou", "auroc"],
        "model": ["et", "other", "et"],
        "mean": [0.3, 0.2, 0.8],
        "published": [0.25, None, None],
        **{f"{name}_{side}": 0.1 for name in ("t", "subjects") for side in ("low", "high")},
    }
)


@pytest.mark.parametrize(
    ("colours", "expected"),
    [(None, ["#0072B2"]), ({"et": "C1"}, ["C1", "0.3"])],
    ids=["one", "by model"],
)
def test_a_panel_a_metric_and_a_row_a_model(colours, expected):
    titles = {"iou": "IoU", "auroc": "AUROC"}
    plate = points_by_model(FRAME, titles, "Title", "Of nine.", colours)
    first, second = plate.figure.axes
    assert (first.get_title(), second.get_title()) == ("IoU", "AUROC")
    assert [label.get_text() for label in first.get_yticklabels()] == ["ET", "Other"]
    means, published = first.collections[-2:]
    assert means.get_offsets().tolist() == [[0.3, 0], [0.2, 1]]
    assert (
        means.get_facecolors().tolist() == to_rgba_array(expected * (2 // len(expected))).tolist()
    )
    assert published.get_offsets()[0].tolist() == [0.25, 0]
    assert second.collections[-2].get_offsets().tolist() == [[0.8, 0]]
    assert plate.title == "Title"
    assert plate.caption == (
        "Of nine. Points: means; thin lines: bootstrap intervals over subjects; thick lines: t"
        " intervals over seeds. Crosses: published figures."
    )


def test_a_figure_is_drawn_from_its_table_where_that_was_made():
    tables = {"scores": PaperTable("T", FRAME, FRAME), "counts": None}
    seen = []

    def draw(frame):
        seen.append(frame)
        return Plate(Figure(), "", "")

    functions = dict.fromkeys(("scores", "curves", "counts"), draw)
    figures = draw_tables(tables, functions, {"curves": "scores"})
    assert list(figures) == ["scores", "curves", "counts"]
    assert figures["counts"] is None
    assert [frame is FRAME for frame in seen] == [True, True]


def test_the_level_of_intervals_is_said_where_there_are_some():
    plates = {
        "points": Plate(Figure(), "", "Lines: intervals."),
        "maps": Plate(Figure(), "", "Of two models."),
        "curves": None,
    }
    said = with_level(plates, 0.95)
    assert said["points"].caption == "Lines: intervals. Intervals are of 95%."
    assert (said["maps"], said["curves"]) == (plates["maps"], None)
