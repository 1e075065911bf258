import pytest

from gazescribe.models.mil.settings import MilDataset
from gazescribe.models.mil.supervision import check_supervision, lacking, sources_of


def folders(supervision):
    return [(one.kind, one.dataset, one.folders(drawn=False)) for one in sources_of(supervision)]


def test_words_stand_for_the_papers_data_sets():
    assert folders("none") == []
    assert folders("gaze") == [("gaze", "reflacx", ["reflacx", "label_maps", "associated"])]
    assert folders("ellipse") == [("ellipse", "reflacx", ["reflacx", "ellipse_maps"])]
    assert folders("report") == [("report", "reflacx", ["reflacx", "report_maps"])]
    assert folders("egd") == [("gaze", "egd", ["egd", "egd_maps", "egd_associated"])]
    degraded = ["reflacx", "degraded_maps", "degraded_associated"]
    assert folders("degraded") == [("gaze", "reflacx", degraded)]


def test_data_sets_by_name_come_in_their_order():
    named = {"gaze": ("mylab", "reflacx"), "ellipse": ("theirs",)}
    own = [f"datasets.mylab.{part}" for part in ("tables", "label_maps", "associated")]
    assert folders(named) == [
        ("gaze", "mylab", own),
        *folders("gaze"),
        ("ellipse", "theirs", ["datasets.theirs.tables", "datasets.theirs.ellipse_maps"]),
    ]
    assert folders({"gaze": ("reflacx",)}) == folders("gaze")


@pytest.mark.parametrize(
    ("supervision", "message"),
    [
        pytest.param("gase", "none, ellipse, gaze, .*, or {gaze: ", id="word"),
        pytest.param({}, "at least one data set expected", id="none"),
        pytest.param({"report": ("reflacx",)}, "gaze, ellipse expected, not report", id="kind"),
        pytest.param({"gaze": ("a", "b"), "ellipse": ("a",)}, "^a can supervise once$", id="twice"),
    ],
)
def test_what_cannot_be_said(supervision, message):
    with pytest.raises(ValueError, match=message):
        check_supervision(supervision)


@pytest.mark.parametrize(
    ("kind", "dataset", "lack"),
    [
        ("gaze", "mylab", None),
        ("ellipse", "mylab", "inputs.datasets.mylab has no ellipse_maps"),
        ("gaze", "bare", "inputs.datasets.bare has no label_maps, associated"),
        ("gaze", "egd", None),
        ("ellipse", "egd", "egd has no maps of ellipse"),
        ("gaze", "mimic", "mimic has no maps of gaze"),
        ("gaze", "mylap", "reflacx, egd, mylab, bare expected; the nearest is mylab, found mylap"),
    ],
)
def test_what_a_data_set_lacks(kind, dataset, lack):
    own = {"mylab": MilDataset("t", "a", "m"), "bare": MilDataset("t")}
    assert lacking(own, kind, dataset) == lack
