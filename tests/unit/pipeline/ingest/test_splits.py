from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gazescribe.pipeline.commands.params import load_params
from gazescribe.pipeline.core.errors import ManifestError
from gazescribe.pipeline.core.tables import write_table
from gazescribe.pipeline.core.values import SPLITS
from gazescribe.pipeline.ingest.settings import IngestOptions
from gazescribe.pipeline.ingest.splits import (
    Draw,
    check_disjoint,
    plan_shared_splits,
    plan_splits,
    plan_tuning,
    split_by_patient,
)
from tests.synthetic import reading

SETTINGS = load_params().ingest
SHARES = SETTINGS.egd_shares
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


@pytest.fixture
def tables(tmp_path):
    """Tables of a data set with these subjects."""

    def write(subjects, dataset="reflacx"):
        rows = [reading(f"R{subject}", subject_id=subject) for subject in subjects]
        columns = {name: [row[name] for row in rows] for name in rows[0]}
        write_table({**columns, "dataset": [dataset] * len(rows)}, tmp_path, "readings")
        return IngestOptions(reflacx=tmp_path)

    return write


def test_of_data_sets_with_others_only_subjects_of_reflacx_are_moved(tables):
    members = [99000011, 99000012, 99000015]  # the first and the last are drawn
    plan = plan_shared_splits(tables(members), SETTINGS)
    drawn = [s for s in range(99000000, 99000060) if plan.split_of(s, "train") == "validate"]
    assert drawn == [99000011, 99000015]
    assert set(drawn) < set(DRAWN)
    assert plan.split_of(99000011, "test") == "test"
    assert plan.split_of(99000023, "validate") == "validate"
    assert plan.source == "seeded draw (seed 0, 10 % of REFLACX's 3 subjects)"


def test_without_reflacx_the_draw_is_of_all_and_says_so():
    plan = plan_shared_splits(IngestOptions(), SETTINGS)
    everybody = range(99000000, 99000060)
    assert [s for s in everybody if plan.split_of(s, "train") == "validate"] == DRAWN
    assert plan.source == (
        "seeded draw (seed 0, 10 % of subjects), as REFLACX's were not given (--reflacx)"
    )


def test_a_list_needs_no_reflacx(tmp_path, tables):
    path = tmp_path / "val.txt"
    path.write_text("99000001\n")
    plan = plan_shared_splits(replace(tables([99000011]), val_subjects=path), SETTINGS)
    assert plan.split_of(99000001, "train") == "validate"
    assert plan.split_of(99000011, "train") == "train"


def test_other_tables_are_not_taken_for_reflacx(tables):
    with pytest.raises(ManifestError, match=r"these are tables of egd, not REFLACX's"):
        plan_shared_splits(tables([99000011], "egd"), SETTINGS)


@pytest.mark.parametrize(
    ("share", "low", "high"),
    [pytest.param(0.10, 2_600, 4_000, id="paper"), pytest.param(0.14, 3_500, 4_700, id="counts")],
)
def test_the_counts_of_the_paper_on_subjects_of_its_proportions(tables, share, low, high):
    """MIMIC-CXR-JPG's subjects by split; REFLACX's were chosen by image, so they have many each.

    The paper has 187,519 and 4,275 images, and 277 of 2,001 readings outside the test split
    validate. A draw among all subjects gave 20,000 to validation.
    """
    rng = np.random.default_rng(0)
    n_subjects = {"train": 64_586, "validate": 500, "test": 293}
    spreads = {"train": (0.42, 1.1), "validate": (0.42, 1.1), "test": (1.72, 1.0)}
    n_images = {
        s: np.maximum(1, rng.lognormal(*spreads[s], n).round()).astype(int)
        for s, n in n_subjects.items()
    }
    assert abs(sum(n.sum() for n in n_images.values()) - 194_495) < 2_000
    split = np.repeat(list(n_subjects), list(n_subjects.values()))
    of_image = np.repeat(np.arange(len(split)), np.concatenate(list(n_images.values())))
    is_test = split[of_image] == "test"
    chosen = [
        rng.choice(of_image[~is_test], 2_093, False),
        rng.choice(of_image[is_test], 523, False),
    ]
    members = np.unique(np.concatenate(chosen))
    assert abs(len(members) - 2_199) < 50
    options = tables([90_000_000 + int(member) for member in members])
    plan = plan_shared_splits(options, SETTINGS.model_copy(update={"val_share": share}))
    new = np.array([plan.split_of(90_000_000 + n, name) for n, name in enumerate(split.tolist())])
    counts = Counter(new[of_image].tolist())
    assert low < counts["validate"] < high
    assert abs(counts["train"] / len(of_image) - 187_519 / 194_495) < 0.006
    assert counts["test"] == is_test.sum()
    validating = np.mean(new[members[split[members] != "test"]] == "validate")
    assert abs(validating - share) < 0.03


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
    splits = split_by_patient(subjects, strata, seed, SHARES)
    assert len(splits) == len(images)
    assert len({*zip(subjects, splits, strict=True)}) == len({*subjects})


@given(IMAGES, st.randoms())
def test_the_order_of_images_does_not_matter(images, random):
    shuffled = random.sample(images, len(images))
    split = dict(zip(images, split_by_patient(*_columns(images), 0, SHARES), strict=True))
    again = dict(zip(shuffled, split_by_patient(*_columns(shuffled), 0, SHARES), strict=True))
    assert split == again


def _columns(images):
    return [subject for subject, _ in images], [stratum for _, stratum in images]


@pytest.mark.parametrize("shares", [SHARES, (0.5, 0.25, 0.25)])
def test_each_diagnosis_has_its_share_of_each_split(shares):
    strata = [name for name, n in zip(DIAGNOSES, (360, 363, 360), strict=True) for _ in range(n)]
    subjects = [99000000 + number % 1038 for number in range(len(strata))]  # 45 have two images
    splits = split_by_patient(subjects, strata, 0, shares)
    counts = Counter(zip(splits, strata, strict=True))
    for split, share in zip(SPLITS, shares, strict=True):
        for name in DIAGNOSES:
            assert abs(counts[split, name] - share * strata.count(name)) <= 2
    assert Counter(splits).keys() == set(SPLITS)


def test_patients_with_two_images_are_not_all_in_train():
    subjects = [99000000 + number // 2 for number in range(200)]
    splits = split_by_patient(subjects, ["chf"] * 200, 0, SHARES)
    assert Counter(splits) == {"train": 140, "validate": 20, "test": 40}


def test_another_seed_is_another_draw():
    subjects = list(range(99000000, 99000100))
    draws = [split_by_patient(subjects, ["chf"] * 100, seed, SHARES) for seed in (0, 1)]
    assert draws[0] != draws[1]
    assert Counter(draws[0]) == Counter(draws[1])


def test_images_without_diagnosis_are_split_too():
    assert split_by_patient([99000000], [None], 0, SHARES) == ["train"]
