"""I2MC against its package, called as its authors' example calls it, and the noise of velocity.

The package runs here on the same even samples in pixels of its own example's screen.
"""

import I2MC
import numpy as np
import pytest
from pymovements.events.detection.microsaccades import compute_threshold

from gazescribe.pipeline.commands.params import load_params
from gazescribe.pipeline.core.yaml_files import override
from gazescribe.pipeline.gaze.detection import detect, velocity_limit
from gazescribe.pipeline.gaze.samples import Samples
from tests.reference.test_detection_plain import planted

SETTINGS = load_params().fixations
PX_PER_DEG = 30 / 0.7


@pytest.mark.parametrize(
    ("rate_hz", "authors"),
    [
        (300, {}),
        (120, {"downsamples": [2, 3, 5], "chebyOrder": 7}),
        (60, {"downsamples": [2, 5], "downsampFilter": False}),
    ],
)
@pytest.mark.filterwarnings("ignore:(Mean of empty|invalid value):RuntimeWarning")
def test_it_finds_what_the_package_finds(rate_hz, authors):
    _, gaze = planted(2, rate_hz)
    n = 7 * rate_hz
    valid = gaze.valid[:n]
    assert not valid.all()
    position_px = gaze.position_deg[:n] * PX_PER_DEG
    position_px[~valid] = -1920
    table = {
        "time": np.arange(n) * 1e3 / rate_hz,
        "L_X": position_px[:, 0],
        "L_Y": position_px[:, 1],
    }
    options = {"xres": 1920.0, "yres": 1080.0, "missingx": -1920, "missingy": -1920}
    options |= {"freq": float(rate_hz), "minFixDur": 99.9, **authors}
    np.random.seed(0)  # noqa: NPY002, the generator of the package
    expected, _, _ = I2MC.I2MC(table, options, logging=False)
    even = Samples(np.arange(n) / rate_hz, gaze.position_deg[:n], valid, gaze.view[:n])
    found = detect(even, override(SETTINGS, method="i2mc"))
    assert len(found) > 10
    assert found[:, 0].tolist() == expected["start"].tolist()
    assert found[:, 1].tolist() == expected["end"].tolist()


def test_the_noise_of_velocity_is_engberts_and_kliegls():
    velocity = np.random.default_rng(0).standard_t(2, (2001, 2)) * [8.0, 20.0]
    expected = 6 * np.asarray(compute_threshold(velocity, method="engbert2003"))
    assert (expected > 30).all()
    assert velocity_limit(velocity, SETTINGS) == pytest.approx(expected, rel=1e-12)
