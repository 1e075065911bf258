"""Splits of one's own data: of few readings, too, and of what shares an image or a subject."""

from collections import Counter

import pytest

from gazescribe.pipeline.commands.params import load_params
from gazescribe.pipeline.core.values import SPLITS
from gazescribe.pipeline.ingest.by_manifest.own_reading import OwnReading
from gazescribe.pipeline.ingest.by_manifest.splits import draw_splits

SETTINGS = load_params().ingest


def own(number, subject=None, image=None, **columns):
    name = f"r{number:03d}"
    return OwnReading(name, subject or f"99{number:03d}", image or f"image {name}", **columns)


def drawn(readings, **changed):
    splits, source = draw_splits(readings, SETTINGS.model_copy(update=changed))
    return {
        reading.reading_id: split for reading, split in zip(readings, splits, strict=True)
    }, source


def test_twenty_readings_of_three_classes_give_each_split_its_share():
    classes = ("Benign", "Clear", "Malignant")
    readings = [own(n, diagnosis=classes[n % 3]) for n in range(20)]
    splits, source = drawn(readings)
    assert Counter(splits.values()) == {"train": 14, "validate": 2, "test": 4}
    tested = {reading.diagnosis for reading in readings if splits[reading.reading_id] == "test"}
    assert tested == set(classes)
    assert source == ", stratified by diagnosis"
    assert drawn(readings[::-1])[0] == splits
    assert drawn(readings, seed=1)[0] != splits
    assert drawn(readings, own_shares=(0.5, 0.25, 0.25))[0] != splits


def test_many_readings_of_a_few_classes_are_shared_out_within_each():
    readings = [own(n, f"99{n // 2:03d}", diagnosis="ab"[n % 20 == 0]) for n in range(400)]
    splits, _ = drawn(readings)
    of_rare = Counter(splits[one.reading_id] for one in readings if one.diagnosis == "b")
    assert of_rare == {"train": 14, "validate": 2, "test": 4}
    by_subject = {(one.subject, splits[one.reading_id]) for one in readings}
    assert len(by_subject) == 200  # two readings each, in one split


@pytest.mark.parametrize(
    ("n", "expected"),
    [
        pytest.param(3, {"train": 1, "validate": 1, "test": 1}, id="three"),
        pytest.param(2, {"train": 1, "test": 1}, id="two"),
        pytest.param(1, {"train": 1}, id="one"),
        pytest.param(5, {"train": 3, "validate": 1, "test": 1}, id="five"),
    ],
)
def test_no_split_is_empty_while_subjects_allow_it(n, expected):
    readings = [own(number, diagnosis=f"class {number}") for number in range(n)]
    splits, _ = drawn(readings)
    assert Counter(splits.values()) == expected
    assert drawn(readings[::-1])[0] == splits


def test_who_shares_an_image_or_a_subject_stays_together():
    """A chain: 0 and 1 share an image, 1 and 2 a subject, and so on."""
    readings = [own(n, f"99{n // 2:03d}", f"image {(n + 1) // 2}") for n in range(10)]
    alone = [own(number) for number in range(20, 40)]
    splits, _ = drawn([*readings, *alone])
    assert len({splits[one.reading_id] for one in readings}) == 1
    assert set(splits.values()) == set(SPLITS)


def test_labels_stratify_where_nothing_is_diagnosed(lab):
    lab.tables["certainties"] = {
        "file": "labels.csv",
        "columns": {"reading_id": "id", "label": "finding", "certainty": "sure"},
    }
    lab.files["labels.csv"] = "id,finding,sure\nA1,nodule,3\nA1,edema,0\n"
    source = lab.ingest().summary["split_source"]
    expected = "seeded draw by subject, stratified by label (seed 0, 70/10/20 %)"
    assert source == f"{expected}; none for validate of 2 subjects"


def test_images_in_two_splits_are_refused_as_subjects_are(lab):
    lab.tables["readings"]["columns"] |= {"split": "set", "dicom_id": "image"}
    lab.files["readings.csv"] = "id,who,w,h,set,image\nA1,7,100,80,train,i\nB2,8,100,80,test,i\n"
    assert "image i: train, test" in lab.run().output
