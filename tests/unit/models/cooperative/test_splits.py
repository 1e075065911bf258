import csv
import io

import numpy as np
import pandas as pd
import pytest

from gazescribe.models.cooperative.splits import (
    check_patients,
    differences,
    patient_folds,
    split_csv,
    split_readings,
    split_sha256,
    split_source,
)
from gazescribe.pipeline.core.errors import AlignmentError, ParamsError
from tests.unit.models.cooperative.cooperative_cases import small_run

DIAGNOSES = ("normal", "chf", "pneumonia")


def readings(n_patients=60, per_patient=2):
    subject = np.repeat(np.arange(n_patients), per_patient)
    return pd.DataFrame(
        {
            "dicom_id": [f"image {one:03d}" for one in range(len(subject))],
            "subject_id": 99_000_000 + subject,
            "diagnosis": [DIAGNOSES[one % 3] for one in subject],
            "split": [("train", "train", "validate", "test")[one // 3 % 4] for one in subject],
        }
    )


def folds(fold, **settings):
    return small_run("unet_s", split="folds", fold=fold, **settings)


def test_the_table_says_who_is_where():
    frame = readings()
    chosen = split_readings(frame, small_run("unet_s"))
    assert list(chosen) == ["train", "validate", "test"]
    for split, rows in chosen.items():
        assert len(rows) > 10
        assert set(frame["split"].iloc[rows]) == {split}


def test_each_fold_is_tested_once_and_patients_stay_together():
    frame = readings()
    tested = np.zeros(len(frame), int)
    for fold in range(5):
        chosen = split_readings(frame, folds(fold))
        tested[chosen["test"]] += 1
        rows = np.concatenate(list(chosen.values()))
        assert sorted(rows) == list(range(len(frame)))
        patients = [set(frame["subject_id"].iloc[one]) for one in chosen.values()]
        assert all(patients)
        assert not (patients[0] & patients[1] | patients[0] & patients[2])
        assert not patients[1] & patients[2]
        for rows in chosen.values():
            share = frame["diagnosis"].iloc[rows].value_counts(normalize=True)
            assert share[list(DIAGNOSES)].to_numpy() == pytest.approx(1 / 3, abs=0.01)
    assert (tested == 1).all()


def test_another_seed_is_another_fold():
    frame = readings()
    first, again, other = (patient_folds(frame, 5, seed) for seed in (0, 0, 1))
    assert (first == again).all()
    assert (first != other).any()


def test_folds_need_patients():
    with pytest.raises(ParamsError, match="5 folds") as raised:
        patient_folds(readings(14), 5, 0)
    assert raised.value.faults == ("pneumonia: 4 patients",)


def test_published_goes_by_image_and_reports_what_it_chooses_by():
    frame = readings(540)
    chosen = split_readings(frame, small_run("unet_s", split="published"))
    assert len(chosen["test"]) == 100
    assert len(chosen["train"]) == 980
    assert (chosen["validate"] == chosen["test"]).all()
    assert not set(chosen["train"]) & set(chosen["test"])
    subject = frame["subject_id"]
    assert set(subject.iloc[chosen["train"]]) & set(subject.iloc[chosen["test"]])
    other = split_readings(frame, small_run("unet_s", split="published", split_seed=1))
    assert (other["test"] != chosen["test"]).any()


def test_patients_in_two_splits_are_named():
    frame = readings(4)
    chosen = {"train": np.arange(5), "validate": np.arange(5, 7), "test": np.arange(7, 8)}
    with pytest.raises(AlignmentError, match="2 patients") as raised:
        check_patients(frame, chosen)
    assert raised.value.faults == (
        "subject 99000002: train, validate",
        "subject 99000003: validate, test",
    )
    frame["split"] = ["train", "test", *["train"] * 6]
    with pytest.raises(AlignmentError, match="1 patients"):
        split_readings(frame, small_run("unet_s"))


def test_the_split_is_written_down():
    frame = readings(12, 1)
    chosen = split_readings(frame, small_run("unet_s"))
    rows = list(csv.DictReader(io.StringIO(split_csv(frame, chosen))))
    assert len(rows) == 12
    assert rows[0] == {
        "split": "train",
        "dicom_id": "image 000",
        "subject_id": "99000000",
        "diagnosis": "normal",
    }
    assert [row["split"] for row in rows] == ["train"] * 6 + ["validate"] * 3 + ["test"] * 3


def test_a_split_is_told_from_another_by_who_is_where():
    frame = readings(12, 1)
    chosen = split_readings(frame, small_run("unet_s"))
    split = split_csv(frame, chosen)
    again = split_csv(frame.assign(diagnosis="chf"), chosen)
    assert split != again
    assert split_sha256(split) == split_sha256(again)
    assert differences(split, again) == []
    moved = {"train": np.r_[chosen["train"], chosen["test"][:1]], "test": chosen["test"][1:-1]}
    other = split_csv(frame, {**chosen, **moved})
    assert split_sha256(other) != split_sha256(split)
    first, last = chosen["test"][[0, -1]]
    assert differences(other, split) == [
        f"image image {first:03d} of patient {99_000_000 + first}: train here, test there",
        f"image image {last:03d} of patient {99_000_000 + last}: unused here, test there",
    ]
    assert differences(split, other)[0].endswith(": test here, train there")
    published = split_readings(frame, small_run("unet_s", split="published"))
    assert any(
        line.endswith(": validate and test here, train there")
        for line in differences(split_csv(frame, published), split)
    )


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        pytest.param({}, "drawn by ingest", id="table"),
        pytest.param({"split": "folds", "fold": 2}, "fold 2 of 5 (seed 0)", id="folds"),
        pytest.param({"split": "published", "split_seed": 3}, "(seed 3): by image", id="published"),
    ],
)
def test_results_can_say_where_the_split_comes_from(settings, said):
    assert said in split_source(small_run("unet_s", **settings), "egd", "tables")
