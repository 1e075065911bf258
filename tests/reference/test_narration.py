"""Association that learns, on real narration: `benchmarks/narration.py` keeps what the docs say."""

import csv
import runpy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gazescribe.pipeline.commands.params import load_params

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "narration.py"


@pytest.fixture(scope="module")
def benchmark():
    return runpy.run_path(str(BENCHMARK))


@pytest.fixture(scope="module")
def narrations(benchmark, shared):
    return benchmark["read_narrations"](shared / "real" / "vidln")


@pytest.fixture(scope="module")
def settings():
    return load_params().learned


@pytest.fixture(scope="module")
def learned(benchmark, narrations, settings):
    weights, _ = benchmark["learned"](narrations, "video", settings)
    return weights


def test_the_published_windows_hold_their_published_points(narrations, shared):
    """Both ends count, and an open window has no end, as in the published code."""
    n_nouns = 0
    for narration in narrations:
        folder = shared / "real" / "vidln" / "reflacx_shape" / narration.reading_id
        with (folder / "gold_windows.csv").open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        for row, noun in zip(rows, narration.nouns, strict=True):
            times_s = narration.points_s
            inside = (times_s >= noun.start_s - 1e-6) & (times_s <= noun.next_s + 1e-6)
            assert np.count_nonzero(inside) == int(row["n_points_google_extended"]), noun
            n_nouns += 1
    assert n_nouns == 129


def test_what_the_docs_conclude(benchmark, narrations, learned):
    """Learned and 1.5 s before find the place, other nouns do not; learned is not ahead."""
    places = rule(benchmark, narrations, lambda noun: (noun.start_s, noun.next_s))
    before = rule(benchmark, narrations, lambda noun: (noun.start_s - 1.5, noun.end_s))
    scores = {
        name: benchmark["judge"](narrations, weights, places, benchmark["SEVERAL"], **how)
        for name, weights, how in (
            ("published", places, {}),
            ("before", before, {}),
            ("learned", learned, {}),
            ("floor", places, {"strangers": True}),
        )
    }
    assert len(scores["learned"].half) == 29
    half = {name: np.nanmean(one.half) for name, one in scores.items()}
    assert half["floor"] + 0.1 < half["published"] < half["learned"]
    assert half["before"] - 0.05 < half["learned"] < half["before"]


def rule(benchmark, narrations, bounds):
    overlap_s = benchmark["overlap_s"]
    return [overlap_s(one, [bounds(noun) for noun in one.nouns]) for one in narrations]


def test_other_narrations_of_the_video_teach_nothing(benchmark, narrations, settings):
    """Else a noun would be explained by the pointing of its others, which then judges it."""
    quick = settings.model_copy(update={"iterations": 3})
    weights, _ = benchmark["learned"](narrations, "video", quick)
    first = narrations[0]
    elsewhere = [
        replace(one, x=1 - one.x) if one.video == first.video and one is not first else one
        for one in narrations
    ]
    moved, _ = benchmark["learned"](elsewhere, "video", quick)
    np.testing.assert_array_equal(weights[0], moved[0])
    assert any(not np.array_equal(*pair) for pair in zip(weights, moved, strict=True))
