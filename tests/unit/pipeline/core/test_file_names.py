"""Ids and labels as names of files."""

from pathlib import Path

import pytest

from gazescribe.pipeline.core.errors import SchemaError
from gazescribe.pipeline.core.file_names import (
    LONGEST_NAME,
    check_file_names,
    names_file,
    safe_name,
)

BAD = ["", ".", "..", "../x", "a/b", "/etc/x", "a\\b", ".hidden", "a\n", "a\0", "\udcff", "é" * 61]


@pytest.mark.parametrize(
    "text", ["P102R000001", "Pat 1", "Ärztin", "読影1", "1.2.840", "a..b", "é" * 60]
)
def test_what_names_a_file(text, tmp_path):
    assert names_file(text)
    (tmp_path / f"{text}.png").touch()
    assert [path.name for path in tmp_path.iterdir()] == [f"{text}.png"]


@pytest.mark.parametrize("text", BAD)
def test_what_names_none(text):
    assert not names_file(text)


def test_all_are_named_with_their_first_row():
    check_file_names(["R1", None, "R 2"], "reading_id", Path("t.parquet"))
    ids = ["R1", "../x", None, "../x", ".y"]
    with pytest.raises(SchemaError, match=r"^t\.parquet: files are to be named") as error:
        check_file_names(ids, "reading_id", Path("t.parquet"))
    assert error.value.faults == ("row 2: reading_id '../x'", "row 5: reading_id '.y'")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("../../etc/passwd", "etc_passwd"),
        ("..", "image"),
        ("", "image"),
        ("a\\b:c\n", "a_b_c"),
        ("Lung Lesion", "Lung_Lesion"),
        (".hidden", "hidden"),
        ("\udcff", "image"),
    ],
)
def test_safe_names(text, expected):
    assert safe_name(text) == expected


def test_a_long_name_keeps_its_end():
    found = safe_name("é" * 200 + "/p99/x")
    assert found.endswith("é_p99_x")
    assert LONGEST_NAME - 2 <= len(found.encode()) <= LONGEST_NAME
