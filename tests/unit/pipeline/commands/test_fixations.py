"""The line about fixations; how they are found is in `gaze/test_fixations.py`."""

import pytest

from gazescribe.pipeline.commands.fixations import noise_warning, summary_line

COUNTS = {
    "method": "idt",
    "fixations": 1200,
    "readings_with_gaze": 1,
    "samples": 9000,
    "without_gaze": {"no samples": 3},
}
AGREEMENT = {
    "readings": 1,
    "count_ratio": 1.5,
    "time_iou": 0.75,
    "share_matched": 0.5,
    "distance_deg": 0.25,
}


@pytest.mark.parametrize(
    ("changes", "end"),
    [
        pytest.param({}, "; without gaze: no samples 3", id="counts"),
        pytest.param({"without_gaze": {}}, "; no reading without gaze", id="all-with-gaze"),
        pytest.param(
            {"agreement": AGREEMENT},
            "; against theirs in 1 reading: 1.50 times as many, time IoU 0.75, 50% matched,"
            " centres 0.25° apart",
            id="compared",
        ),
        pytest.param(
            {"agreement": {**AGREEMENT, "distance_deg": None}},
            "; no fixation to compare in 1 reading",
            id="nothing-to-compare",
        ),
    ],
)
def test_the_line_says_counts_and_agreement(changes, end):
    line = summary_line(COUNTS | changes)
    assert line.startswith("idt: 1,200 fixations of 1 reading from 9,000 samples; ")
    assert line.endswith(end)


NOISE = {"median_deg": 0.63, "limit_deg": 0.39, "readings": 27, "readings_beyond": 27}


@pytest.mark.parametrize("method", ["idt", "ivt"])
def test_noise_beyond_what_the_method_bears_is_told_with_a_way_out(method):
    text = noise_warning({"method": method, "noise": NOISE})
    assert f"27 of 27 readings are noisier than {method} bears" in text
    assert "median 0.63°, of at most 0.39°" in text
    assert "--method i2mc" in text


def test_no_method_bears_all_noise():
    assert "recorder's own" in noise_warning({"method": "i2mc", "noise": NOISE})


def test_nothing_is_said_of_quiet_samples():
    assert noise_warning({"method": "idt", "noise": {**NOISE, "readings_beyond": 0}}) == ""
