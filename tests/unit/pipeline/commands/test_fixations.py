"""The line about fixations; how they are found is in `gaze/test_fixations.py`."""

import pytest

from gazescribe.pipeline.commands.fixations import summary_line

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
