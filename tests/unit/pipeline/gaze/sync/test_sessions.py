from collections import Counter

import numpy as np
import pytest

from gazescribe.pipeline.core.errors import ManifestError
from gazescribe.pipeline.gaze.sync.drift import calibration_drift
from gazescribe.pipeline.gaze.sync.sessions import read_sessions
from tests.unit.pipeline.gaze.sync.dictations import BIAS_PX, SYNC, egd_tree
from tests.unit.pipeline.ingest.egd.egd_tree import dicom_id


def test_calibration_rows_give_the_sessions_bias(tmp_path):
    root = egd_tree(tmp_path / "egd").finish()
    found = read_sessions(root, [dicom_id(k) for k in range(12)], 5.0)
    assert Counter(found.of_reading.values()) == {1: 6, 2: 6}
    assert found.left_out == {"calibration fixations far from the disc": 2}
    drift = calibration_drift(found.looks, SYNC)
    assert [drift[session]["n_fixations"] for session in (1, 2)] == [4, 4]
    per_deg = 1920 / 597.7 * 711.2 * np.tan(np.radians(1))
    assert drift[2]["x_deg"]["value"] == pytest.approx(BIAS_PX[0] / per_deg, abs=1e-3)
    assert drift[2]["y_deg"]["value"] == pytest.approx(BIAS_PX[1] / per_deg, abs=3e-3)
    assert abs(drift[1]["y_deg"]["value"]) < 1e-3


def test_a_reading_in_two_sessions_has_none(tmp_path):
    tree = egd_tree(tmp_path / "egd")
    tree.fixation(dicom_id(0), 9, 0.5, 0.5, 0.5, SESSION_ID=2)
    found = read_sessions(tree.finish(), [*(dicom_id(k) for k in range(12)), "other"], 5.0)
    assert dicom_id(0) not in found.of_reading
    assert found.left_out["readings in two sessions"] == 1
    assert found.left_out["readings without a session"] == 1


def spoil_column(root):
    path = root / "fixations.csv"
    path.write_text(path.read_text().replace("SESSION_ID", "SESSION", 1))


def spoil_cell(root):
    path = root / "fixations.csv"
    path.write_text(path.read_text().replace("\n1,", "\none,", 1))


@pytest.mark.parametrize(
    ("spoil", "ids", "said"),
    [
        pytest.param(spoil_column, [dicom_id(1)], "SESSION_ID", id="no-column"),
        pytest.param(spoil_cell, [dicom_id(1)], "'one'", id="no-number"),
        pytest.param(lambda root: None, ["other"], "none of the readings", id="other-tree"),
        pytest.param(
            lambda root: (root / "fixations.csv").unlink(), ["x"], "no such file", id="no-file"
        ),
    ],
)
def test_a_raw_tree_that_does_not_serve_is_said(tmp_path, spoil, ids, said):
    root = egd_tree(tmp_path / "egd").finish()
    spoil(root)
    with pytest.raises(ManifestError, match=said):
        read_sessions(root, ids, 5.0)
