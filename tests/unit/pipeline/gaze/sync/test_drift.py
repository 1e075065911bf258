import numpy as np
import pandas as pd
import pytest

from gazescribe.pipeline.gaze.sync.drift import anatomy_drift, calibration_drift
from tests.unit.pipeline.gaze.sync.dictations import SYNC, covered, planted_looks


def test_calibration_recovers_planted_biases_within_their_intervals():
    rng = np.random.default_rng(5)
    bias = rng.normal(0, (0.3, 1.0), (60, 2))
    inside = covered(calibration_drift(planted_looks(rng, bias), SYNC), bias)
    assert len(inside) == 120
    assert 0.88 <= np.mean(inside) < 1


def test_one_look_has_no_interval():
    looks = pd.DataFrame([{"session": 4, "picture": "p", "x_deg": 0.5, "y_deg": -1.0}])
    assert calibration_drift(looks, SYNC) == {
        4: {
            "n_pictures": 1,
            "n_fixations": 1,
            "x_deg": {"value": 0.5, "low": None, "high": None},
            "y_deg": {"value": -1.0, "low": None, "high": None},
        }
    }


@pytest.mark.parametrize("tied", [True, False])
def test_anatomy_recovers_planted_biases_within_their_intervals(tied):
    rng = np.random.default_rng(6)
    bias = rng.normal((0.0, 2.0), (0.3, 1.0), (30, 2))
    habit = np.array([0.2, -1.5])  # where the reader looks, off the middle of the boxes
    deviations = {k: list(rng.normal(one + habit, 0.9, (30, 2))) for k, one in enumerate(bias)}
    calibrated = calibration_drift(planted_looks(rng, bias[:20], n=8), SYNC) if tied else {}
    found = anatomy_drift(deviations, calibrated, SYNC)
    assert {one["tied_to"] for one in found.values()} == {
        "calibration" if tied else "the mean of sessions"
    }
    inside = covered(found, bias if tied else bias - bias.mean(axis=0))
    assert 0.85 <= np.mean(inside) < 1


def test_sessions_of_few_readings_have_no_drift_by_anatomy():
    assert anatomy_drift({1: [np.zeros(2)] * 4}, {}, SYNC) == {}
