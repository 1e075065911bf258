import numpy as np
import pytest

from gazescribe.pipeline.core.resampling import Draws
from gazescribe.pipeline.results.mil.fractions import equal_share, fraction_table, share_curves
from gazescribe.pipeline.results.published import PublishedMil, load_published
from tests.scores import model

PUBLISHED = load_published("mil", PublishedMil)
DRAWS = Draws(200, 0.95, 0)


def ellipses(share, *iou, rule="subjects"):
    name = f"ellipse_{share}_{rule}"
    settings = {"supervision": "ellipse", "annotated_share": share, "share_rule": rule}
    return {name: model(name, [[value] for value in iou], **settings)}


def planted(et=0.26, seeds=(0.0, 0.01, -0.01)):
    """A curve through .2, .24 at a tenth, .30 at a half, .34."""
    spread = np.array(seeds)
    main = {"unannotated": 0.2, "ellipse": 0.34, "et": et}
    models = {name: model(name, (value + spread)[:, None]) for name, value in main.items()}
    return models | ellipses(0.1, *(0.24 + spread)) | ellipses(0.5, *(0.3 + spread))


def test_the_curve():
    (curve,) = share_curves(planted())
    assert curve.rule == "subjects"
    assert curve.shares.tolist() == [0, 0.1, 0.5, 1]
    assert [one.mean()[0] for one in curve.measures] == pytest.approx([0.2, 0.24, 0.3, 0.34])


def test_the_share_by_hand():
    """From .24 at 0.1 to .30 at 0.5, .26 lies at a third of the way."""
    (curve,) = share_curves(planted())
    found = equal_share(curve, DRAWS)
    assert found["share"] == pytest.approx(0.1 + 0.4 / 3)
    assert found["one_in"] == pytest.approx(1 / (0.1 + 0.4 / 3))
    assert (found["beyond"], found["draws"]) == ("", 200)
    assert 0.05 < found["low"] < found["share"] < found["high"] < 0.5


def test_resamples_that_move_all_models_alike_leave_the_share():
    """The planted resamples of subjects do; only seeds then make an interval."""
    (curve,) = share_curves(planted(seeds=(0.0, 0.0)))
    found = equal_share(curve, DRAWS)
    assert (found["low"], found["high"]) == pytest.approx((found["share"],) * 2)


@pytest.mark.parametrize(
    ("et", "beyond", "edges", "counted"),
    [
        pytest.param(0.1, "below", (0, 0), "draws_below", id="worse than no ellipse"),
        pytest.param(0.5, "above", (1, 1), "draws_above", id="better than all ellipses"),
    ],
)
def test_beyond_the_curve(et, beyond, edges, counted):
    (curve,) = share_curves(planted(et=et))
    found = equal_share(curve, DRAWS)
    assert found["beyond"] == beyond
    assert np.isnan([found["share"], found["one_in"]]).all()
    assert (found["low"], found["high"]) == edges
    assert found[counted] == 200


def test_two_ways_to_choose_images_are_two_curves():
    found = share_curves(planted() | ellipses(0.15, 0.25, 0.25, 0.25, rule="published"))
    assert {one.rule: one.shares.tolist() for one in found} == {
        "published": [0, 0.15, 1],
        "subjects": [0, 0.1, 0.5, 1],
    }


def test_what_makes_no_curve():
    without_et = planted()
    del without_et["et"]
    assert share_curves(without_et) == []
    assert share_curves({"et": model("et", [[0.2]]), "ellipse": model("ellipse", [[0.3]])}) == []


def test_table():
    found = share_curves(planted() | ellipses(0.15, 0.25, 0.25, 0.25, rule="published"))
    equal = [equal_share(one, DRAWS) for one in found]
    table = fraction_table(found, equal, PUBLISHED, 0.95)
    frame = table.frame
    assert frame["share"].tolist() == [0, 0.15, 1, 0, 0.1, 0.5, 1]
    assert frame["images"].tolist() == [100, 15, 100, 100, 10, 50, 100]
    np.testing.assert_array_equal(
        frame["published"], [0.201, 0.257, 0.335, 0.201, np.nan, np.nan, 0.335]
    )
    assert "(rule: subjects): 0.233, one in 4.3; 95% interval" in table.notes[1]
    assert "Published: 0.15 (around one in seven)." in table.notes[1]


def test_a_share_beyond_is_said_in_words():
    found = share_curves(planted(et=0.1))
    equal = [equal_share(one, DRAWS) for one in found]
    (note, _) = fraction_table(found, equal, PUBLISHED, 0.95).notes
    assert "(rule: subjects): less than the smallest share; 95% interval 0.000 to 0.000" in note
    assert "200 of 200 resamples beyond the curve" in note


def test_no_curve_no_table():
    assert fraction_table([], [], PUBLISHED, 0.95) is None
