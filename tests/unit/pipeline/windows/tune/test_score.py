import numpy as np
import pytest

from gazescribe.pipeline.geometry.canvas import Canvas, join_ellipses
from gazescribe.pipeline.geometry.ellipses import ellipse_mask
from gazescribe.pipeline.geometry.iou import ALL_THRESHOLDS
from gazescribe.pipeline.geometry.letterbox import Letterbox
from gazescribe.pipeline.windows.tune.candidates import search_rules
from gazescribe.pipeline.windows.tune.cases import Spoken
from gazescribe.pipeline.windows.tune.layers import N_LEVELS, STEPS, Drawing
from gazescribe.pipeline.windows.tune.score import (
    DRAWN,
    WHOLE_REPORT,
    mask_iou,
    report_weights,
    score_case,
    score_ellipses,
    score_subject,
)
from tests.unit.pipeline.windows.tune.tune_cases import IMAGE_SIZE, case

SIZE = (64, 64)
DIRECT = Drawing(SIZE, "direct", "mass")
BOX = (5.0, 5.0, 40.0, 50.0)
TWO = (Spoken(0, 1.0, 3.0, ("Edema", "Opacity")), Spoken(1, 6.0, 8.0, ("Opacity",)))


def test_scores_equal_a_slow_restatement():
    """Section 3, one rule and label after another; a pixel or two lie on a threshold."""
    boxes = {"Edema": [BOX], "Opacity": [BOX, (0.0, 30.0, 20.0, 60.0)], "Fracture": [BOX]}
    one = case(TWO, boxes=boxes)
    rules = search_rules()
    found = score_case(one, rules, DIRECT)
    assert found.keys() == boxes.keys()
    for number in range(0, len(rules), 9):
        for label in boxes:
            slow = restated(one, rules[number], label)
            np.testing.assert_allclose(found[label][number], slow, atol=2e-3)
            assert np.mean(found[label][number] == slow) > 0.99
    assert found["Opacity"].max() > 0.1


def restated(one, rule, label):
    """IoU at every threshold, of maps drawn by themselves; the last step of the storage is off."""
    joined = np.zeros(SIZE)
    for spoken, weight_s in zip(one.spoken, rule.weigh(one), strict=True):
        if label in spoken.labels and weight_s.any():
            gaze = one.gaussians | {"weight_s": weight_s}
            joined = np.maximum(joined, Canvas(gaze, IMAGE_SIZE, SIZE).label_map([0])[0])
    frame = Letterbox.fit(IMAGE_SIZE, SIZE)
    mask = np.any([ellipse_mask(box, frame) for box in one.boxes[label]], axis=0)
    over = joined - 1 / STEPS > np.array(ALL_THRESHOLDS)[:, None, None]
    return (over & mask).sum(axis=(1, 2)) / (over | mask).sum(axis=(1, 2))


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"spoken": ()}, id="report says nothing"),
        pytest.param({"spoken": (Spoken(0, 1.0, 3.0, ("Fracture",)),)}, id="another label"),
        pytest.param({"onset_s": (), "offset_s": ()}, id="no fixation"),
        pytest.param({"onset_s": (50,), "offset_s": (60,)}, id="no gaze in any window"),
    ],
)
def test_a_miss_scores_zero(changes):
    found = score_case(case(**changes), search_rules(), DIRECT)
    assert found["Edema"].shape == (67, N_LEVELS)
    assert not found["Edema"].any()


def test_a_subject_is_the_sum_of_its_cases():
    cases = [case(), case(boxes={"Edema": [BOX], "Fracture": [BOX]})]
    rules = search_rules()[:3]
    found = score_subject(cases, rules, DIRECT)
    singles = [score_case(one, rules, DIRECT) for one in cases]
    assert {label: n for label, (n, _) in found.items()} == {"Edema": 2, "Fracture": 1}
    np.testing.assert_array_equal(found["Edema"][1], singles[0]["Edema"] + singles[1]["Edema"])


@pytest.mark.parametrize("resize", ["direct", "published"])
def test_mask_joins_ellipses(resize):
    drawing = Drawing(SIZE, resize, "mass")
    one, other = (10.0, 10.0, 20.0, 20.0), (30.0, 40.0, 44.0, 60.0)
    joined = join_ellipses([one, other], IMAGE_SIZE, drawing.size, drawing.resize)
    parts = [join_ellipses([box], IMAGE_SIZE, drawing.size, drawing.resize) for box in (one, other)]
    assert all(part.sum() > 50 for part in parts)
    np.testing.assert_array_equal(joined, parts[0] | parts[1])


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
    assert WHOLE_REPORT.stage == "floor"


def test_the_mean_ellipse_comes_from_other_subjects():
    cases = [reader(ONE, 1), reader(OTHER, 2, "image 2"), reader(OTHER, 2, "image 2")]
    first, second = score_ellipses("Edema", cases, DIRECT)
    overlap = mask_iou(packed(ONE), packed(OTHER))
    assert 0.4 < overlap < 0.8
    for (subject, n, iou), n_cases in ((first, 1), (second, 2)):
        assert (subject, n[MEAN]) == (n_cases, n_cases)
        np.testing.assert_allclose(iou[MEAN, :1000], n_cases * overlap)


def test_the_mean_ellipse_is_a_share_of_the_others():
    """Two of three others drew one place, the third another: thresholds 1/3, 2/3 and more."""
    boxes = [ONE, FAR, ONE, FAR, FAR]
    cases = [reader(box, subject) for subject, box in enumerate(boxes)]
    *_, (subject, _, iou) = score_ellipses("Edema", cases, DIRECT)
    masks = np.array([join_ellipses([box], IMAGE_SIZE, SIZE, "direct") for box in boxes])
    mean = masks[:4].mean(axis=0)
    assert subject == 4
    for level in range(N_LEVELS):
        over = mean / mean.max() - 1 / STEPS > level / 1000
        expected = (over & masks[4]).sum() / (over | masks[4]).sum()
        assert iou[MEAN, level] == pytest.approx(expected, abs=1e-12)


def test_one_subject_alone_has_no_mean_ellipse():
    ((_, n, iou),) = score_ellipses("Edema", [reader(ONE), reader(OTHER)], DIRECT)
    assert n[MEAN] == 2
    assert not iou[MEAN].any()


def test_readers_against_each_other():
    """Three readers of an image, one of whom saw nothing; and an image with one reader."""
    cases = [reader(ONE), reader(OTHER), reader(None), reader(FAR, 1, "image 2")]
    ((_, n, iou),) = score_ellipses("Edema", cases, DIRECT)
    overlap = mask_iou(packed(ONE), packed(OTHER))
    assert n == [3, 2, 2]
    np.testing.assert_allclose(iou[READERS], 2 * overlap / 2)
    np.testing.assert_allclose(iou[WHO_DREW], 2 * overlap)
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
