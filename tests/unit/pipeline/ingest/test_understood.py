"""Measures by hand, and how they are said."""

import math

import numpy as np
import pytest

from gazescribe.pipeline.ingest.transcripts import Word
from gazescribe.pipeline.ingest.understood import (
    measure_fixations,
    measure_samples,
    measure_words,
    say,
    sum_up,
)


def fixations(**changes):
    return {
        "onset_s": np.array([1.0, 1.5, 2.6]),
        "offset_s": np.array([1.4, 2.5, 2.7]),
        "x_px": np.array([9.5, 49.5, 149.5]),
        "y_px": np.array([9.5, 9.5, 9.5]),
        "px_per_deg_x": np.array([10.0, 10.0, 11.0]),
        "px_per_deg_y": np.array([12.0, 12.0, 12.0]),
        **changes,
    }


def samples(n=600, **changes):
    rng = np.random.default_rng(0)
    return {
        "time_s": np.arange(n) / 60,
        "x_px": 50 + rng.normal(0, 3.0, n),
        "y_px": 40 + rng.normal(0, 3.0, n),
        "valid": np.arange(n) % 4 != 0,
        **changes,
    }


def test_fixations_by_hand():
    measures = measure_fixations(fixations(), (100, 80))
    assert measures["n"] == 3
    assert measures["span_s"] == pytest.approx(1.7)
    assert measures["median_s"] == pytest.approx(0.4)
    assert measures["share_of_time"] == pytest.approx(1.5 / 1.7)
    assert measures["per_s"] == pytest.approx(3 / 1.7)
    assert (measures["px_per_deg_x"], measures["px_per_deg_y"]) == (10, 12)
    assert measures["image_width_deg"] == 10
    assert measures["share_on_image"] == pytest.approx(2 / 3)
    assert (measures["x_extent_px"], measures["y_extent_px"]) == (140, 0)
    assert measures["y_low"] == pytest.approx(10 / 80)


def test_time_that_fixations_share_counts_once():
    both = fixations(onset_s=np.array([0.0, 0.5, 2.0]), offset_s=np.array([1.0, 1.5, 3.0]))
    assert measure_fixations(both, (100, 80))["share_of_time"] == pytest.approx(2.5 / 3)


def test_what_is_unknown_without_the_size_of_the_image():
    measures = measure_fixations(fixations(), (None, None))
    assert math.isnan(measures["image_width_deg"])
    assert math.isnan(measures["share_on_image"])
    assert measures["x_extent_px"] == 140


def test_samples_by_hand():
    measures = measure_samples(samples(), (100, 80), (10.0, 10.0))
    assert measures["sampling_hz"] == pytest.approx(60)
    assert measures["share_valid"] == 0.75
    assert measures["noise_px"] == pytest.approx(6.0, rel=0.1)
    assert measures["image_width_deg"] == 10


@pytest.mark.parametrize("n", [0, 1])
def test_hardly_any_samples(n):
    measures = measure_samples(samples(n), (100, 80), (math.nan, math.nan))
    assert measures["n"] == n
    assert math.isnan(measures["sampling_hz"])


def test_words_by_hand():
    words = [Word("small left", 0.0, 1.0), Word("12", 1.0, 1.5), Word("mm.", 1.5, 2.0)]
    measures = measure_words(words, 1)
    assert (measures["n"], measures["n_sentences"]) == (4, 1)
    assert measures["per_s"] == 2
    assert measures["share_numbers"] == 0.25
    assert math.isnan(measure_words([Word("so", 1.0, 1.0)], 1)["per_s"])


def columns(rows):
    named = [{"reading_id": f"R{number}", **row} for number, row in enumerate(rows)]
    return {name: [row[name] for row in named] for name in named[0]}


def test_noise_in_degrees_is_by_the_fixations_of_the_reading():
    unknown = (math.nan, math.nan)
    understood = sum_up(
        {
            "fixations": columns([measure_fixations(fixations(), (100, 80))]),
            "samples": columns([measure_samples(samples(), (100, 80), unknown)] * 2),
        }
    )
    noise_deg = understood["samples"]["noise_deg"]["p50"]  # of the first alone
    assert noise_deg == pytest.approx(6.0 / math.sqrt(120), rel=0.1)
    assert understood["samples"]["readings"] == 2


def test_it_is_said_in_lines():
    words = [Word("no", 0.0, 0.5), Word("mass.", 0.5, 1.0)]
    understood = sum_up(
        {
            "fixations": columns([measure_fixations(fixations(), (100, 80))]),
            "samples": columns([measure_samples(samples(), (100, 80), (10.0, 12.0))]),
            "words": columns([measure_words(words, 1)]),
        }
    )
    lines = list(say(understood))
    assert lines[0] == "understood (median of readings):"
    assert lines[1] == "  degrees    10 pixels each across, 12 down, the image is 10° wide"
    assert lines[2].startswith("  gaze       67% on the image, x ")
    assert lines[3] == "  fixations  3 a reading, 88% of the time, median 0.4 s"
    assert lines[4].startswith("  samples    600 a reading, 60 Hz, 75% valid, noise 0.5")
    assert lines[5] == "  dictation  sentences 1 and words 2 a reading, 2 words a second"


def test_nothing_is_said_of_nothing():
    assert list(say(sum_up({}))) == []


def test_samples_alone_say_degrees_and_places():
    rows = columns([measure_samples(samples(), (100, 80), (10.0, 12.0))])
    lines = list(say(sum_up({"samples": rows})))
    assert [line.split()[0] for line in lines[1:]] == ["degrees", "gaze", "samples"]
