import numpy as np
import pytest

from gazescribe.pipeline.commands.params import load_params
from gazescribe.pipeline.core.errors import ParamsError
from gazescribe.pipeline.core.yaml_files import override
from gazescribe.pipeline.gaze.detection import detect, velocity_limit
from gazescribe.pipeline.gaze.samples import Samples
from gazescribe.pipeline.gaze.settings import Detection

SETTINGS = load_params().fixations
METHODS = pytest.mark.parametrize("method", ["idt", "ivt", "i2mc"])


def gaze(places, per_place=30, rate_hz=100.0, **changes):
    """Rest at each place in turn, with a jump between them."""
    position_deg = np.repeat(np.array(places, dtype=float), per_place, axis=0)
    n = len(position_deg)
    given = {
        "time_s": np.arange(n) / rate_hz,
        "position_deg": position_deg,
        "valid": np.ones(n, dtype=bool),
        "view": np.zeros(n, dtype=np.intp),
    }
    return Samples(**(given | changes))


def test_the_parameters_are_those_of_the_sources():
    assert (
        Detection(
            method="idt",
            smooth_s=0.02,
            min_duration_s=0.1,
            dispersion_deg=1.0,
            velocity_deg_s=30.0,
            velocity_window_s=0.02,
            noise_factor=6.0,
            interpolate_s=0.1,
            cutoff_sd=2.0,
            merge_deg=0.7,
            merge_s=0.03,
            seed=0,
        )
        == SETTINGS
    )
    with pytest.raises(ParamsError, match=r"dispersion_deg.*found 0"):
        override(SETTINGS, dispersion_deg=0.0)


@METHODS
def test_rests_are_found(method):
    found = detect(gaze([(0, 0), (5, 0), (5, 5)]), override(SETTINGS, method=method))
    assert len(found) == 3
    assert found[0].tolist() == [0, 29 if method == "idt" else 28]
    assert found[2, 1] == (88 if method == "i2mc" else 89)  # it leaves out the last sample


@pytest.mark.parametrize("method", ["idt", "ivt"])
@pytest.mark.parametrize("broken", ["blink", "gap", "view"])
def test_nothing_reaches_over_a_break(method, broken):
    given = gaze([(0, 0)], 60)
    if broken == "blink":
        given.valid[30] = False
    elif broken == "gap":
        given.time_s[30:] += 0.03
    else:
        given.view[30:] = 1
    expected = [[0, 29], [31 if broken == "blink" else 30, 59]]
    assert detect(given, override(SETTINGS, method=method)).tolist() == expected


@pytest.mark.parametrize("method", ["idt", "ivt"])
def test_what_lies_under_invalid_samples_does_not_matter(method):
    given = gaze([(0, 0)], 60)
    given.valid[20:30] = False
    given.position_deg[20:30] = np.nan
    assert detect(given, override(SETTINGS, method=method)).tolist() == [[0, 19], [30, 59]]


@pytest.mark.parametrize("method", ["idt", "ivt"])
@pytest.mark.parametrize(("n", "n_found"), [(9, 0), (10, 1)])
def test_each_sample_stands_for_one_step(method, n, n_found):
    assert len(detect(gaze([(0, 0)], n), override(SETTINGS, method=method))) == n_found


@METHODS
@pytest.mark.parametrize("n", [0, 1])
def test_hardly_any_samples(method, n):
    assert detect(gaze([(0, 0)], n), override(SETTINGS, method=method)).shape == (0, 2)


def test_a_repeated_time_is_no_infinite_velocity():
    given = gaze([(0, 0)], 40)
    given.time_s[20:22] = given.time_s[19]
    given.time_s[22:] -= 0.02
    assert detect(given, override(SETTINGS, method="ivt")).tolist() == [[0, 39]]


def test_smoothing_takes_away_the_noise_of_single_samples():
    rng = np.random.default_rng(0)
    still = gaze([(0, 0)], 1000, 1000.0)
    noisy = Samples(
        still.time_s, still.position_deg + rng.normal(0, 0.2, (1000, 2)), still.valid, still.view
    )
    assert detect(noisy, SETTINGS).tolist() == [[0, 999]]
    assert len(detect(noisy, override(SETTINGS, smooth_s=0.0))) == 0


def test_the_threshold_of_velocity_rises_with_its_noise():
    rng = np.random.default_rng(0)
    noisy = gaze([(0, 0), (15, 0)], 100)
    noisy.position_deg[:] += rng.normal(0, 1.0, noisy.position_deg.shape)
    raised = override(SETTINGS, method="ivt")
    shares = []
    for settings in (raised, override(raised, noise_factor=0.0)):
        found = detect(noisy, settings)
        shares.append((found[:, 1] - found[:, 0] + 1).sum() / len(noisy.time_s))
    assert shares[0] > 0.95
    assert shares[1] < 0.2


def test_it_never_falls_below_the_threshold_that_is_set():
    assert velocity_limit(np.zeros((0, 2)), SETTINGS).tolist() == [30, 30]
    assert velocity_limit(np.zeros((9, 2)), SETTINGS).tolist() == [30, 30]
    assert velocity_limit(np.array([[10.0, 1], [-10, -1]] * 9), SETTINGS).tolist() == [60, 30]
