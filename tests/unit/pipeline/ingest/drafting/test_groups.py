import pytest

from gazescribe.pipeline.ingest.drafting.groups import (
    begin_of,
    best_match,
    form_needed,
    group_by_depth,
    pattern_of,
)


@pytest.mark.parametrize(
    ("paths", "text", "values"),
    [
        pytest.param(
            ["gaze/S1_1.tsv", "gaze/S1_2.tsv"],
            "gaze/{reading_id}.tsv",
            [("S1_1",), ("S1_2",)],
            id="a file for each",
        ),
        pytest.param(
            ["User 0_all_gaze.csv", "User 1_all_gaze.csv"],
            "{reading_id}_all_gaze.csv",
            [("User 0",), ("User 1",)],
            id="blanks",
        ),
        pytest.param(
            ["r1/fixations.csv", "r2/fixations.csv"],
            "{reading_id}/fixations.csv",
            [("r1",), ("r2",)],
            id="a folder for each",
        ),
        pytest.param(
            [
                "sub-1/ses-1/sub-1_ses-1_gaze.tsv",
                "sub-1/ses-2/sub-1_ses-2_gaze.tsv",
                "sub-2/ses-1/sub-2_ses-1_gaze.tsv",
            ],
            "{part_1}/{part_2}/{part_1}_{part_2}_gaze.tsv",
            [("sub-1", "ses-1"), ("sub-1", "ses-2"), ("sub-2", "ses-1")],
            id="names repeat folders",
        ),
        pytest.param(["gaze/S1.tsv"], "gaze/{reading_id}.tsv", [("S1",)], id="one"),
    ],
)
def test_where_paths_differ(paths, text, values):
    pattern = pattern_of(paths)
    assert (pattern.text, pattern.values) == (text, values)
    assert "{" not in pattern.with_stars()


def test_groups_have_a_depth_and_a_suffix():
    assert group_by_depth(["a.csv", "b/c.csv", "d.CSV", "e.tsv"]) == [
        ["a.csv", "d.CSV"],
        ["b/c.csv"],
        ["e.tsv"],
    ]


def test_columns_that_name_the_same_things():
    ours = {"": ["A", "B"], "image": ["i"]}
    theirs = {"trial": ["B", "A", "C"], "w": ["10", "11", "12"]}
    assert best_match(ours, theirs) == ("", "trial")
    assert best_match({"x": ["1"]}, theirs) is None
    assert best_match({}, {}) is None


def test_the_name_of_a_single_file_is_cut_where_others_name_it():
    pattern = begin_of(pattern_of(["gaze/S1_a_fixations.csv"]), ["S1_a", "S1", "S2"])
    assert (pattern.text, pattern.values) == ("gaze/{reading_id}_fixations.csv", [("S1_a",)])
    whole = pattern_of(["gaze/S3.csv"])
    assert begin_of(whole, ["S1"]) == whole


def test_files_that_only_look_alike_need_a_form():
    pattern = pattern_of(["P1.csv", "P12.csv"])
    assert form_needed(pattern, ["images.csv", "a/P3.csv"]) == r"P\d+"
    assert form_needed(pattern, ["a/P3.csv"]) is None
    assert form_needed(pattern, ["P3.csv"]) is None  # no form tells it apart
