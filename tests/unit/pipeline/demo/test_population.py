import re
from collections import Counter, defaultdict
from itertools import chain

import numpy as np
import pytest

from gazescribe.pipeline.core.errors import ParamsError
from gazescribe.pipeline.demo.cases import (
    HABITATS,
)
from gazescribe.pipeline.demo.population import draw_cases, images_by_phase

DICOM_ID = re.compile(r"00000000(-[0-9a-f]{8}){4}")


@pytest.fixture(scope="module")
def population():
    return draw_cases(1000, 3, small=False)


def reflacx(population):
    return list(chain.from_iterable(population.phases.values()))


@pytest.mark.parametrize(
    ("readings", "images"),
    [
        pytest.param(11, {1: 1, 2: 1, 3: 1}, id="fewest"),
        pytest.param(60, {1: 1, 2: 1, 3: 50}, id="default"),
        pytest.param(3052, {1: 59, 2: 50, 3: 2507}, id="the release"),
        pytest.param(9000, {1: 59, 2: 50, 3: 8455}, id="trial numbers have two digits"),
    ],
)
def test_phases_have_the_releases_proportions(readings, images):
    assert images_by_phase(readings) == images
    assert 5 * (images[1] + images[2]) + images[3] == readings


def test_too_few_readings_are_refused_with_the_reason():
    with pytest.raises(ParamsError, match=r"10 REFLACX readings .* at least 11: phases 1 and 2"):
        draw_cases(10, 0, small=True)


def test_ids_cannot_be_real_ones(population):
    cases = population.cases
    assert len(cases) == sum(map(len, (reflacx(population), population.egd, population.extra)))
    assert all(DICOM_ID.fullmatch(case.dicom_id) and len(case.dicom_id) == 44 for case in cases)
    numbers = [(case.subject_id, case.study_id) for case in cases]
    assert all(99_000_000 <= number <= 99_999_999 for pair in numbers for number in pair)
    assert len({case.dicom_id for case in cases}) == len({case.study_id for case in cases})
    assert len({case.study_id for case in cases}) == len(cases)
    assert all(case.folder.startswith(f"files/p99/p{case.subject_id}/s") for case in cases)


def test_the_split_goes_by_subject_and_subjects_are_shared(population):
    splits = defaultdict(set)
    where = defaultdict(set)
    for name, cases in (
        ("reflacx", reflacx(population)),
        ("egd", population.egd),
        ("mimic", population.extra),
    ):
        for case in cases:
            splits[case.subject_id].add(case.split)
            where[case.subject_id].add(name)
    assert all(len(names) == 1 for names in splits.values())
    assert {frozenset(names) for names in where.values()} >= {
        frozenset(("reflacx", "egd")),
        frozenset(("reflacx", "mimic")),
        frozenset(("egd", "mimic")),
    }
    shares = Counter(case.split for case in reflacx(population))
    assert shares["test"] / len(reflacx(population)) == pytest.approx(0.2, abs=0.04)
    assert set(shares) == {"train", "validate", "test"}


def test_every_split_is_there_at_the_default_size():
    small = draw_cases(60, 1, small=True)
    for cases in (reflacx(small), small.egd, small.extra):
        assert {case.split for case in cases} == {"train", "validate", "test"}


def test_labels_have_the_published_shares(population):
    images = reflacx(population)
    for finding, habitat in HABITATS.items():
        found = sum(any(one.finding == finding for one in case.lesions) for case in images)
        assert found == pytest.approx(max(1, habitat.share * len(images)), abs=1), finding
    normal = sum(not any(one.finding != "support devices" for one in c.lesions) for c in images)
    assert 0.1 < normal / len(images) < 0.35


def test_egd_is_balanced_and_shows_its_diagnosis(population):
    counts = Counter(case.diagnosis for case in population.egd)
    assert set(counts) == {"normal", "chf", "pneumonia"}
    assert max(counts.values()) - min(counts.values()) <= 1
    shown = defaultdict(Counter)
    for case in population.egd:
        shown[case.diagnosis].update({lesion.finding for lesion in case.lesions})
    assert not shown["normal"]
    hearts = "enlarged cardiac silhouette"
    assert shown["chf"][hearts] > 0.7 * counts["chf"]
    assert not shown["pneumonia"][hearts]
    assert shown["pneumonia"]["consolidation"] > 0.6 * counts["pneumonia"]
    assert all(case.view == "PA" for case in population.egd)
    widths = {
        d: np.mean(
            [c.anatomy.heart[2] - c.anatomy.heart[0] for c in population.egd if c.diagnosis == d]
        )
        for d in counts
    }
    assert widths["chf"] > widths["normal"] + 0.05


def test_small_is_a_sixth():
    native, small = (draw_cases(20, 2, small=small).cases for small in (False, True))
    assert {(2544, 3056), (3056, 2544)} <= {(c.width_px, c.height_px) for c in native}
    assert {(424, 509), (509, 424)} <= {(c.width_px, c.height_px) for c in small}
    assert [c.width_px for c in small] == [round(c.width_px / 6) for c in native]


def test_the_same_seed_gives_the_same_people():
    first, same, other = (list(draw_cases(30, seed, small=True).cases) for seed in (7, 7, 8))
    assert first == same
    assert first != other
