from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gazescribe.pipeline.commands.params import load_params
from gazescribe.pipeline.core.errors import ManifestError
from gazescribe.pipeline.ingest.splits import (
    EGD_SHARES,
    Draw,
    check_disjoint,
    plan_splits,
    plan_tuning,
    split_by_patient,
)

SETTINGS = load_params().ingest
SUBJECTS = range(99000000, 99004000)
DRAWN = [99000011, 99000015, 99000023, 99000038, 99000040, 99000057]  # of the first sixty, seed 0


def test_the_draw_takes_its_share_and_depends_on_seed_and_purpose():
    draws = [Draw("validate", 0, 0.1), Draw("validate", 1, 0.1), Draw("tuning", 0, 0.1)]
    taken = [{subject for subject in SUBJECTS if draw.takes(subject)} for draw in draws]
    assert [round(len(found) / len(SUBJECTS), 1) for found in taken] == [0.1, 0.1, 0.1]
    assert len(taken[0] & taken[1]) < len(taken[0]) / 2
    assert len(taken[0] & taken[2]) < len(taken[0]) / 2


def test_the_draw_stays_what_it_is():
    draw = Draw("validate", 0, 0.1)
    assert [s for s in range(99000000, 99000060) if draw.takes(s)] == DRAWN


def test_a_larger_share_keeps_the_subjects_of_a_smaller_one():
    small, large = Draw("validate", 0, 0.1), Draw("validate", 0, 0.3)
    taken = [subject for subject in SUBJECTS if small.takes(subject)]
    assert taken
    assert all(large.takes(subject) for subject in taken)


@pytest.mark.parametrize(
    ("subject", "published", "split"),
    [
        pytest.param(99000001, "train", "validate", id="listed"),
        pytest.param(99000001, "test", "test", id="test-stays"),
        pytest.param(99000003, "validate", "validate", id="validate-stays"),
        pytest.param(99000003, "train", "train", id="not-listed"),
    ],
)
def test_published_list(tmp_path, subject, published, split):
    path = tmp_path / "val.txt"
    path.write_text("99000001\r\n99000002\n\n")
    plan = plan_splits(path, SETTINGS)
    assert plan.split_of(subject, published) == split
    assert plan.source.startswith("published list val.txt (2 subjects, sha256 ")


def test_without_a_list_the_draw_decides_and_is_named():
    plan = plan_splits(None, SETTINGS)
    assert plan.source == "seeded draw (seed 0, 10 % of subjects)"
    splits = {plan.split_of(subject, "train") for subject in SUBJECTS}
    assert splits == {"train", "validate"}
    assert {plan.split_of(subject, "test") for subject in SUBJECTS} == {"test"}


def test_all_bad_lines_of_a_list_are_named(tmp_path):
    path = tmp_path / "val.txt"
    path.write_text("99000001\nsubject\n123\n")
    with pytest.raises(ManifestError, match=r"(?s)line 2: 'subject'.*line 3: '123'"):
        plan_splits(path, SETTINGS)


def test_an_empty_list_is_refused(tmp_path):
    path = tmp_path / "val.txt"
    path.write_text("\n")
    with pytest.raises(ManifestError, match="the file is empty"):
        plan_splits(path, SETTINGS)


def test_tuning_list(tmp_path):
    path = tmp_path / "ids.txt"
    path.write_text("P102R000001\n")
    plan = plan_tuning(path, SETTINGS)
    assert plan.chooses("P102R000001", 1, 99000001)
    assert not plan.chooses("P102R000002", 1, 99000001)
    assert plan.source.startswith("published list ids.txt (1 readings, sha256 ")


def test_tuning_list_holds_no_reading_of_phase_3(tmp_path):
    path = tmp_path / "ids.txt"
    path.write_text("P300R000001\n")
    with pytest.raises(ManifestError, match="line 1: 'P300R000001'"):
        plan_tuning(path, SETTINGS)


def test_tuning_draw_is_of_phases_1_and_2_alone():
    plan = plan_tuning(None, SETTINGS)
    chosen = [plan.chooses("P101R000000", 1, subject) for subject in SUBJECTS]
    assert round(sum(chosen) / len(chosen), 1) == 0.2
    assert not any(plan.chooses("P300R000000", 3, subject) for subject in SUBJECTS)


def test_a_subject_in_two_splits_is_refused_by_number():
    check_disjoint([1, 1, 2], ["train", "train", "test"], where="x")
    with pytest.raises(ManifestError, match=r"(?s)1 subjects.*subject 7: train, test"):
        check_disjoint([7, 8, 7], ["test", "test", "train"], where="x")


DIAGNOSES = ("normal", "chf", "pneumonia")
IMAGES = st.lists(st.tuples(st.integers(99000000, 99000040), st.sampled_from(DIAGNOSES)))


@given(IMAGES, st.integers(0, 9))
def test_no_patient_is_in_two_splits(images, seed):
    subjects, strata = [subject for subject, _ in images], [stratum for _, stratum in images]
    splits = split_by_patient(subjects, strata, seed)
    assert len(splits) == len(images)
    assert len({*zip(subjects, splits, strict=True)}) == len({*subjects})


@given(IMAGES, st.randoms())
def test_the_order_of_images_does_not_matter(images, random):
    shuffled = random.sample(images, len(images))
    split = dict(zip(images, split_by_patient(*_columns(images), 0), strict=True))
    again = dict(zip(shuffled, split_by_patient(*_columns(shuffled), 0), strict=True))
    assert split == again


def _columns(images):
    return [subject for subject, _ in images], [stratum for _, stratum in images]


def test_each_diagnosis_has_its_share_of_each_split():
    strata = [name for name, n in zip(DIAGNOSES, (360, 363, 360), strict=True) for _ in range(n)]
    subjects = [99000000 + number % 1038 for number in range(len(strata))]  # 45 have two images
    splits = split_by_patient(subjects, strata, 0)
    counts = Counter(zip(splits, strata, strict=True))
    for split, share in EGD_SHARES.items():
        for name in DIAGNOSES:
            assert abs(counts[split, name] - share * strata.count(name)) <= 2
    assert Counter(splits).keys() == EGD_SHARES.keys()


def test_patients_with_two_images_are_not_all_in_train():
    subjects = [99000000 + number // 2 for number in range(200)]
    splits = split_by_patient(subjects, ["chf"] * 200, 0)
    assert Counter(splits) == {"train": 140, "validate": 20, "test": 40}


def test_another_seed_is_another_draw():
    subjects = list(range(99000000, 99000100))
    draws = [split_by_patient(subjects, ["chf"] * 100, seed) for seed in (0, 1)]
    assert draws[0] != draws[1]
    assert Counter(draws[0]) == Counter(draws[1])


def test_images_without_diagnosis_are_split_too():
    assert split_by_patient([99000000], [None], 0) == ["train"]
