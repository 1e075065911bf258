import pytest

from gazescribe.pipeline.commands.params import load_params
from gazescribe.pipeline.core.errors import ManifestError
from gazescribe.pipeline.ingest.splits import Draw, check_disjoint, plan_splits, plan_tuning

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
