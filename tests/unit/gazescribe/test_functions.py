import numpy as np
import pandas as pd
import pytest

import gazescribe as gs
from gazescribe.pipeline.commands.params import load_params
from gazescribe.pipeline.gaze.detection import detect
from gazescribe.pipeline.gaze.samples import Samples

TIME_S = np.arange(200) / 100


def samples():
    """A second at one place, then a second ten degrees to the right, at 50 pixels a degree."""
    noise = np.random.default_rng(0).normal(scale=2, size=(2, 200))
    return {"time_s": TIME_S, "x_px": np.repeat([200.0, 700.0], 100) + noise[0], "y_px": noise[1]}


@pytest.mark.parametrize("method", ["idt", "ivt"])
def test_fixations_are_those_of_the_command(method):
    given = samples()
    position_deg = np.stack([given["x_px"] / 50, given["y_px"] / 40], axis=1)
    gaze = Samples(TIME_S, position_deg, np.ones(200, bool), np.zeros(200, np.intp))
    settings = load_params().fixations.model_copy(update={"method": method})
    spans = detect(gaze, settings)
    found = gs.detect_fixations(pd.DataFrame(given), (50, 40), method=method)
    assert len(found) == len(spans) >= 2
    np.testing.assert_array_equal(found["onset_s"], TIME_S[spans[:, 0]])
    np.testing.assert_allclose(found["x_px"].iloc[[0, -1]], [200, 700], atol=1)


def test_samples_that_are_not_valid_are_left_out():
    given = samples()
    given["x_px"][50:60] = np.nan
    valid = np.ones(200, bool)
    valid[150:] = False
    found = gs.detect_fixations({**given, "valid": valid}, 50)
    assert len(found) == 3
    assert found["offset_s"].max() <= 1.5


def test_no_samples_have_no_fixations():
    found = gs.detect_fixations(pd.DataFrame(columns=["time_s", "x_px", "y_px"]), 50)
    assert found.columns.tolist() == ["fixation", "onset_s", "offset_s", "x_px", "y_px"]
    assert found.empty


@pytest.mark.parametrize(
    ("changes", "arguments", "message"),
    [
        ({"x_px": None}, {}, "samples lack the columns x_px"),
        ({"x_px": np.zeros(3)}, {}, r"differ in shape: \(200,\), \(3,\), \(200,\)"),
        ({"time_s": TIME_S[::-1]}, {}, "not in the order of time: row 1"),
        ({}, {"px_per_deg": 0}, "px_per_deg is 0; one number or two, above 0"),
        ({}, {"px_per_deg": (50, np.nan)}, "one number or two, above 0"),
        ({}, {"px_per_deg": (50, 50, 50)}, "one number or two, above 0"),
        ({}, {"methode": "ivt"}, "methode is unknown; the nearest is method"),
        ({}, {"min_duration_s": -1}, "min_duration_s: Input should be greater than 0"),
    ],
)
def test_samples_and_settings_are_checked(changes, arguments, message):
    given = {name: value for name, value in (samples() | changes).items() if value is not None}
    with pytest.raises(gs.GazeError, match=message):
        gs.detect_fixations(given, **{"px_per_deg": 50, **arguments})


def test_names_of_tables_are_checked(tmp_path):
    with pytest.raises(gs.GazeError, match="'fixation'; the nearest is fixations"):
        gs.read_table(tmp_path, "fixation")
    with pytest.raises(gs.GazeError, match="no table is named '!'; there are readings, "):
        gs.read_table(tmp_path, "!")
    with pytest.raises(gs.GazeError, match="there is no table fixations"):
        gs.read_table(str(tmp_path), "fixations")


def test_one_text_is_refused():
    with pytest.raises(gs.GazeError, match=r"give \[text\]"):
        gs.label("Mild edema.")


def test_texts_are_labelled_as_by_the_labeler():
    texts = ["Mild edema. No effusion.", "", "The heart is enlarged."]
    assert gs.label(iter(texts)) == gs.Labeler.from_rules().label(texts)
