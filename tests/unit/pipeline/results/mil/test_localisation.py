import numpy as np
import pandas as pd
import pytest

from gazescribe.pipeline.core.class_names import TEN_LABELS
from gazescribe.pipeline.core.resampling import Draws
from gazescribe.pipeline.results.mil.localisation import score_map
from gazescribe.pipeline.results.mil.scores import Localised

DRAWS = Draws(50, 0.95, 0)
TRIED = (0.1, 0.5, 0.9)


def localised(*cases, hit=None):
    """Give cases as (label, IoU of run 0 by threshold, IoU of run 1 by threshold)."""
    iou = np.array([[first, second] for _, first, second in cases], float).swapaxes(0, 1)
    frame = pd.DataFrame(
        {
            "reading_id": [f"R{at}" for at in range(len(cases))],
            "dicom_id": [f"D{at}" for at in range(len(cases))],
            "subject_id": range(len(cases)),
            "label": [label for label, *_ in cases],
        }
    )
    return Localised(frame, iou, np.zeros(iou.shape[:2]) if hit is None else np.array(hit, float))


VALIDATION = localised(
    ("Edema", [0.2, 0.3, 0.1], [0.2, 0.5, 0.9]),  # mean .2 .4 .5
    ("Edema", [0.2, 0.1, 0.1], [0.2, 0.3, 0.1]),  # mean .2 .2 .1; of both: .2 .3 .3
    ("Fracture", [0.4, 0.0, 0.0], [0.4, 0.0, 0.0]),
)
TEST = localised(
    ("Edema", [0.1, 0.2, 0.3], [0.4, 0.5, 0.6]),
    ("Fracture", [0.7, 0.8, 0.9], [0.1, 0.2, 0.3]),
    ("Opacity", [0.3, 0.4, 0.5], [0.5, 0.6, 0.7]),
    ("Edema", [0.0, 0.4, 0.0], [0.0, 0.1, 0.0]),
    hit=[[1, 0, 1, 0], [1, 1, 0, 0]],
)


@pytest.fixture(scope="module")
def scored():
    return score_map(VALIDATION, TEST, TRIED, (3, 4), DRAWS)


def test_thresholds_by_hand(scored):
    """Means over runs choose, the lowest of equals; the other labels choose for who has no case."""
    found = scored.thresholds.set_index("label")
    assert found.loc["Edema", "threshold"] == 0.5
    assert found.loc["Fracture", "threshold"] == 0.1
    # mean of Edema and Fracture: .3 .15 .15
    assert found.loc["Opacity", "threshold"] == 0.1
    assert found.loc["Opacity", "chosen_on"] == "the other labels"
    assert found.loc["Edema", "chosen_on"] == "this label"
    assert found.loc["Edema", "validation_iou"] == pytest.approx(0.3)
    assert np.isnan(found.loc["Opacity", "validation_iou"])
    assert found["n_validation"].sum() == 3
    assert found.loc["Edema", ["n_validation", "n_test"]].tolist() == [2, 2]


def test_test_cases_by_hand(scored):
    edema, opacity, fracture = (TEN_LABELS.index(one) for one in ("Edema", "Opacity", "Fracture"))
    assert scored.iou.seeds == (3, 4)
    np.testing.assert_allclose(scored.iou.by_run[:, edema], [0.3, 0.3])
    np.testing.assert_allclose(scored.iou.by_run[:, fracture], [0.7, 0.1])
    np.testing.assert_allclose(scored.iou.by_run[:, opacity], [0.3, 0.5])
    np.testing.assert_allclose(scored.hit.by_run[:, edema], [0.5, 0.5])
    assert np.isnan(scored.iou.by_run).sum() == 14
    np.testing.assert_allclose(scored.iou.macro().by_run[:, 0], [1.3 / 3, 0.9 / 3])
    np.testing.assert_allclose(scored.cases["iou"], [0.35, 0.4, 0.4, 0.25])


def test_resamples_draw_subjects(scored):
    draws = scored.iou.draws
    assert draws.shape == (50, 2, 10)
    fracture = draws[:, 0, TEN_LABELS.index("Fracture")]
    assert np.isnan(fracture).any()  # a resample without that subject
    np.testing.assert_allclose(fracture[~np.isnan(fracture)], 0.7)
    edema = draws[:, :, TEN_LABELS.index("Edema")]
    np.testing.assert_array_equal(np.isnan(edema[:, 0]), np.isnan(edema[:, 1]))
    known = edema[~np.isnan(edema[:, 0])]
    # cases of .2 and .4 under run 0, of .5 and .1 under run 1, drawn together
    np.testing.assert_allclose(known[:, 1], 0.5 - 2 * (known[:, 0] - 0.2), atol=1e-12)
    assert len(np.unique(known[:, 0].round(9))) > 2


def test_resamples_are_the_same_for_all_maps():
    one = score_map(VALIDATION, TEST, TRIED, (3, 4), DRAWS)
    better = Localised(TEST.cases, TEST.iou + 0.1, TEST.hit)
    other = score_map(VALIDATION, better, TRIED, (3, 4), DRAWS)
    moved = other.iou.draws - one.iou.draws
    assert np.isfinite(moved).any()
    np.testing.assert_allclose(moved[np.isfinite(moved)], 0.1)


def test_no_label_has_a_validation_case_twice_over():
    """One label only: all others take its threshold."""
    found = score_map(localised(("Edema", [0, 0, 1], [0, 0, 1])), TEST, TRIED, (0, 1), DRAWS)
    assert set(found.thresholds["threshold"]) == {0.9}
