import pandas as pd

from gazescribe.models.core.leaks import leak_faults, people_of


def rows(*listed):
    return pd.DataFrame(listed, columns=["subject_id", "dicom_id", "split"])


def test_numbers_of_subjects_say_something_within_one_kind_alone():
    tables = {
        "egd": rows((7, "a", "train")),
        "mylab": rows((7, "x", "test")),
        "reflacx": rows((7, "b", "train")),
        "repackaged": rows((7, "b", "train")),  # an image of REFLACX's
        "theirs": rows((7, "y", "validate"), (8, "x", "test")),  # an image of mylab's
    }
    assert people_of(tables) == {
        **dict.fromkeys(("egd", "reflacx", "repackaged"), "egd"),
        **dict.fromkeys(("mylab", "theirs"), "mylab"),
    }
    assert leak_faults(tables) == ["subject 7: validate in theirs, test in mylab"]


def test_data_sets_are_joined_by_one_that_has_images_of_both():
    tables = {
        "one": rows((1, "a", "train")),
        "two": rows((1, "b", "test")),
        "both": rows((5, "a", "train"), (6, "b", "test")),
    }
    assert set(people_of(tables).values()) == {"one"}
    assert leak_faults(tables) == ["subject 1: train in one, test in two"]


def test_all_faults_are_named_at_once_and_readings_without_split_do_not_count():
    tables = {
        "reflacx": rows((2, "a", "train"), (2, "b", "test"), (3, "c", None), (4, "d", "train")),
        "egd": rows((3, "c", "test"), (4, "e", "test"), (5, "a", "validate")),
    }
    assert leak_faults(tables) == [
        "subject 2: train in reflacx, test in reflacx",
        "subject 4: train in reflacx, test in egd",
        "image a: train in reflacx, validate in egd",
    ]
    assert leak_faults({}) == []
