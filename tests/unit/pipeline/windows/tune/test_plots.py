import pytest

from gazescribe.pipeline.windows.tune.plots import iou_by_delay, iou_by_label
from gazescribe.pipeline.windows.tune.results import by_label, ranking
from tests.printed import faults_in_print
from tests.unit.pipeline.windows.tune.test_results import scored


@pytest.fixture(scope="module")
def results():
    return scored("1.5s_startofsentence_lastmention")


def test_a_panel_for_each_end_rule_and_a_line_for_each_start(results, monkeypatch):
    plate = iou_by_delay(ranking(results, 0.95), "iou_cross_validated")
    figure = plate.figure
    assert [axes.get_title() for axes in figure.axes] == [
        "until start of sentence",
        "until end of sentence",
        "until first mention",
        "until last mention",
    ]
    lines = {line.get_label(): line for line in figure.axes[3].lines}
    assert {"from mention", "from end of sentence", "from single", "from all"} <= lines.keys()
    x, y = lines["from start of sentence"].get_data()
    assert len(x) == 14
    assert x[y.argmax()] == 1.5
    assert "(cross-validated)" in plate.caption
    assert not faults_in_print(figure, monkeypatch)


def test_a_panel_for_each_label(results, monkeypatch):
    figure = iou_by_label(by_label(results)).figure
    assert [axes.get_title() for axes in figure.axes] == ["Edema\nn = 6", "Fracture\nn = 6"]
    x, y = figure.axes[0].lines[0].get_data()
    assert x[y.argmax()] == 1.5
    assert not faults_in_print(figure, monkeypatch)
