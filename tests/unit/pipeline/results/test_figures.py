import pandas as pd
import pytest
from matplotlib.colors import to_rgba_array

from gazescribe.pipeline.results.figures import points_by_model

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
    [(None, ["C0"]), ({"et": "C1"}, ["C1", "0.3"])],
    ids=["one", "by model"],
)
def test_a_panel_a_metric_and_a_row_a_model(colours, expected):
    figure = points_by_model(FRAME, {"iou": "IoU", "auroc": "AUROC"}, "caption", colours)
    first, second = figure.axes
    assert (first.get_title(), second.get_title()) == ("IoU", "AUROC")
    assert [label.get_text() for label in first.get_yticklabels()] == ["et", "other"]
    means, published = first.collections[-2:]
    assert means.get_offsets().tolist() == [[0.3, 0], [0.2, 1]]
    assert means.get_facecolors().tolist() == to_rgba_array(expected).tolist()
    assert published.get_offsets()[0].tolist() == [0.25, 0]
    assert second.collections[-2].get_offsets().tolist() == [[0.8, 0]]
    assert figure.get_supxlabel() == "caption"
