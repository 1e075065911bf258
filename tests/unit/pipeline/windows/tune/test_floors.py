import numpy as np
import pytest

from gazescribe.pipeline.geometry.canvas import join_ellipses
from gazescribe.pipeline.windows.tune.cases import Spoken
from gazescribe.pipeline.windows.tune.floors import (
    DRAWN,
    mask_iou,
    report_weights,
    score_ellipses,
    whole_report,
)
from gazescribe.pipeline.windows.tune.layers import Drawing
from tests.unit.pipeline.windows.tune.tune_cases import IMAGE_SIZE, case

DIRECT = Drawing((64, 64), "direct", "mass")
ONE, OTHER, FAR = (5.0, 5.0, 30.0, 30.0), (10.0, 5.0, 35.0, 30.0), (30.0, 40.0, 45.0, 60.0)
MEAN, READERS, WHO_DREW = range(3)


def reader(box, subject=1, image="image 1"):
    boxes = {} if box is None else {"Edema": [box]}
    return case(boxes=boxes, subject_id=subject, dicom_id=image)


def packed(box):
    return np.packbits(join_ellipses([box], IMAGE_SIZE, DIRECT.size, DIRECT.resize))


def test_whole_report_is_the_same_for_every_sentence():
    one = case((Spoken(0, 1.0, 2.0, ("Edema",)), Spoken(2, 11.0, 12.0, ("Edema",))), report_s=8.0)
    np.testing.assert_allclose(report_weights(one), [[2, 1.5, 2, 0.5]] * 2)
    assert whole_report().stage == "floor"


def test_the_mean_ellipse_comes_from_other_subjects():
    cases = [reader(ONE, 1), reader(OTHER, 2, "image 2"), reader(OTHER, 2, "image 2")]
    scores = score_ellipses("Edema", cases, DIRECT)
    overlap = mask_iou(packed(ONE), packed(OTHER))
    assert 0.4 < overlap < 0.8
    assert scores.subjects.tolist() == [1, 2]
    assert scores.n[:, MEAN].tolist() == [1, 2]
    np.testing.assert_allclose(scores.iou[0, MEAN, :1000], overlap)
    np.testing.assert_allclose(scores.iou[1, MEAN, :1000], 2 * overlap)


def test_one_subject_alone_has_no_mean_ellipse():
    scores = score_ellipses("Edema", [reader(ONE), reader(OTHER)], DIRECT)
    assert scores.n[:, MEAN].tolist() == [2]
    assert not scores.iou[:, MEAN].any()


def test_readers_against_each_other():
    """Three readers of an image, one of whom saw nothing; and an image with one reader."""
    cases = [reader(ONE), reader(OTHER), reader(None), reader(FAR, 1, "image 2")]
    scores = score_ellipses("Edema", cases, DIRECT)
    overlap = mask_iou(packed(ONE), packed(OTHER))
    assert scores.n.tolist() == [[3, 2, 2]]
    np.testing.assert_allclose(scores.iou[0, READERS], 2 * overlap / 2)
    np.testing.assert_allclose(scores.iou[0, WHO_DREW], 2 * overlap)
    assert [rule.stage for rule in DRAWN] == ["floor", "ceiling", "ceiling"]


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        pytest.param([1, 1, 0], [0, 1, 1], 1 / 3, id="part"),
        pytest.param([1, 0, 0], [1, 0, 0], 1, id="same"),
        pytest.param([0, 0, 0], [0, 0, 0], 0, id="empty"),
    ],
)
def test_mask_iou(one, other, expected):
    assert mask_iou(np.packbits(one), np.packbits(other)) == expected
