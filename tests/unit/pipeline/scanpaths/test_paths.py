from collections import Counter, defaultdict

import numpy as np
import pytest

from gazescribe.pipeline.maps.label_weights import label_weights
from gazescribe.pipeline.scanpaths.paths import scan_paths
from tests.synthetic import columns_of, fixation, reading

FIXATIONS = columns_of(
    [
        fixation(0, 0.0, 1.0, x_px=10.0, y_px=10.0),
        fixation(1, 1.0, 2.0, x_px=20.0, y_px=10.0),
        fixation(2, 2.0, 3.0, x_px=-0.6, y_px=10.0),  # left of the first pixel
        fixation(3, 3.0, 4.0, x_px=99.4, y_px=79.0),
    ],
    "fixations",
)


def weighed(*rows):
    window, number, weight_s = (np.array(values) for values in zip(*rows, strict=True))
    return {"window": window, "fixation": number, "weight_s": weight_s}


def windows_of(*labels, status="ok"):
    numbers = np.arange(len(labels))
    return {"window": numbers, "labels": list(labels), "status": [status] * len(labels)}


def paths(windows, gaussians, min_share=0.5):
    left_out = defaultdict(Counter)
    found = scan_paths(reading(), FIXATIONS, windows, gaussians, min_share, left_out)
    return {label: columns["fixation"].tolist() for label, columns in found}, left_out


def test_a_fixation_is_of_a_finding_by_the_share_of_its_time():
    windows = windows_of(["Edema"])
    gaussians = weighed((0, 0, 0.4), (0, 1, 0.5), (0, 3, 1.0))
    found, left_out = paths(windows, gaussians)
    assert found == {"": [0, 1, 3], "Edema": [1, 3]}
    assert left_out["fixations"] == {
        "outside the image": 1,
        "mostly outside the windows of the finding": 1,
    }
    assert paths(windows, gaussians, min_share=0)[0]["Edema"] == [0, 1, 3]


def test_windows_of_one_label_are_joined_and_no_second_counts_twice():
    windows = windows_of(["Edema", "Opacity"], [], ["Edema"])
    gaussians = weighed((0, 0, 0.8), (0, 1, 0.3), (1, 3, 1.0), (2, 0, 0.8), (2, 1, 0.3))
    weights = label_weights(FIXATIONS, windows, gaussians)
    assert weights["Edema"] == pytest.approx([1.0, 0.6, np.nan, np.nan], nan_ok=True)
    assert weights["Opacity"] == pytest.approx([0.8, 0.3, np.nan, np.nan], nan_ok=True)
    assert label_weights(FIXATIONS, windows_of(["Edema"], status="empty"), gaussians) == {}


def test_a_finding_without_a_fixation_of_its_own_is_counted():
    windows = windows_of(["Edema"], ["Fracture"])
    found, left_out = paths(windows, weighed((0, 0, 0.1), (1, 2, 1.0)))
    assert found == {"": [0, 1, 3]}
    assert left_out["findings"] == {"no fixation is its own": 2}


def test_points_of_no_length_belong_to_their_window():
    points = columns_of([fixation(n, float(n), float(n)) for n in range(3)], "fixations")
    left_out = defaultdict(Counter)
    gaussians = weighed((0, 1, 0.0))
    windows = windows_of(["Edema"])
    found = dict(scan_paths(reading(), points, windows, gaussians, 0.5, left_out))
    assert found["Edema"]["fixation"].tolist() == [1]
    assert found["Edema"]["place"].tolist() == [0]
