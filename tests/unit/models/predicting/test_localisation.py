import numpy as np
import pytest

from gazescribe.models.predicting.localisation import fit, limits_of, sum_up
from gazescribe.pipeline.geometry.iou import PUBLISHED_THRESHOLDS

VALUES = np.array([[0.1, 0.2, 0.9, 0.8], [0.1, 0.1, 0.6, 0.3]], np.float32)
MASK = np.array([[0, 0, 1, 1], [0, 0, 0, 1]], bool)
LIMITS = (0.0, 0.25, 0.5, 0.95)


def test_fit_by_hand():
    # Above 0: all 8, of which 3 are in the mask. Above 0.25: 4 with all 3. Above 0.5: 3 with 2.
    assert fit(VALUES, MASK, 0.5, LIMITS) == {
        "threshold": 0.5,
        "iou": 2 / 4,
        "best_threshold": 0.25,
        "best_iou": 3 / 4,
        "hit": True,
        "area_px": 3,
        "curve": [3 / 8, 3 / 4, 2 / 4, 0],
    }


def test_without_threshold():
    found = fit(VALUES, ~MASK, None, LIMITS)
    assert (found["iou"], found["hit"]) == (None, False)


def test_limits_hold_the_thresholds_in_use_once():
    found = limits_of({"Edema": 0.15, "Opacity": 0.123, "Fracture": 0.3 + 1e-12})
    assert set(found) - {*PUBLISHED_THRESHOLDS} == {0.123, 0.3 + 1e-12}
    assert len(found) == len(PUBLISHED_THRESHOLDS) + 1
    assert list(found) == sorted(found)


def test_sums():
    one = {"label": "Edema", **fit(VALUES, MASK, 0.5, LIMITS)}
    other = {"label": "Edema", **fit(VALUES, ~MASK, 0.5, LIMITS)}
    third = {"label": "Opacity", **fit(VALUES, MASK, 0.25, LIMITS)}
    # ~MASK holds 5: of the 8 all 5, of the 4 one, of the 3 one.
    curve = [(3 / 8 + 5 / 8) / 2, (3 / 4 + 1 / 8) / 2, (2 / 4 + 1 / 7) / 2, 0]
    found = sum_up([one, third, other], ["Edema", "Opacity", "Fracture"], LIMITS)
    assert set(found["labels"]) == {"Edema", "Opacity"}
    edema = found["labels"]["Edema"]
    assert (edema["n"], edema["threshold"], edema["pointing"]) == (2, 0.5, 0.5)
    assert edema["curve"] == pytest.approx(curve)
    assert edema["iou"] == pytest.approx(curve[2])
    assert (edema["best_threshold"], edema["best_iou"]) == (0.0, pytest.approx(0.5))
    assert found["mean"] == {
        "iou": pytest.approx((curve[2] + 3 / 4) / 2),
        "best_iou": pytest.approx((0.5 + 3 / 4) / 2),
        "pointing": 0.75,
    }


def test_nothing_to_sum():
    nothing = {"iou": None, "best_iou": None, "pointing": None}
    assert sum_up([], ["Edema"], LIMITS) == {"labels": {}, "mean": nothing}
    untold = {"label": "Edema", **fit(VALUES, MASK, None, LIMITS)}
    found = sum_up([untold], ["Edema"], LIMITS)
    assert found["labels"]["Edema"]["iou"] is None
    assert found["mean"] == {"iou": None, "best_iou": 0.75, "pointing": 1.0}
