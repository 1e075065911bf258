import pytest

from gazescribe.pipeline.windows.tune.plots import iou_by_delay, iou_by_label
from gazescribe.pipeline.windows.tune.results import by_label, ranking
from tests.unit.pipeline.windows.tune.test_results import scored


@pytest.fixture(scope="module")
def results():
    return scored("1.5s_startofsentence_lastmention")


def test_a_panel_for_each_end_rule_and_a_line_for_each_start(results):
    figure = iou_by_delay(ranking(results, 0.95), "iou_cross_validated")
    assert [axes.get_title() for axes in figure.axes] == [
        "until startofsentence",
        "until endofsentence",
        "until firstmention",
        "until lastmention",
    ]
    lines = {line.get_label(): line for line in figure.axes[3].lines}
    assert {"startofsentence", "mention", "endofsentence", "single", "all"} <= lines.keys()
    x, y = lines["startofsentence"].get_data()
    assert len(x) == 14
    assert x[y.argmax()] == 1.5


def test_a_panel_for_each_label(results):
    figure = iou_by_label(by_label(results))
    assert [axes.get_title() for axes in figure.axes] == ["Edema (n = 6)", "Fracture (n = 6)"]
    x, y = figure.axes[0].lines[0].get_data()
    assert x[y.argmax()] == 1.5
