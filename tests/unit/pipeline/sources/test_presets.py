import re

import pytest

from gazescribe.pipeline.sources.presets import (
    formats,
    other_format,
    read_format,
    recognised,
    with_preset,
)


def test_what_the_manifest_says_wins_column_by_column():
    content = {"file": "{reading_id}.asc", "format": "eyelink", "columns": {"x_px": "mine"}}
    table = with_preset("fixations", content)
    assert table["reader"] == "eyelink"
    assert table["columns"]["x_px"] == "mine"
    assert table["columns"]["onset_s"] == {"column": "start", "unit": "ms"}


def test_a_duration_takes_the_place_of_the_end():
    content = {"file": "a", "format": "eyelink", "columns": {"duration_s": "length"}}
    columns = with_preset("fixations", content)["columns"]
    assert "duration_s" in columns
    assert "offset_s" not in columns


@pytest.mark.parametrize(
    ("table", "name", "message"),
    [
        ("words", "wisper", "the nearest is whisper"),
        (
            "words",
            "eyelink",
            "a file of format eyelink holds fixations, samples, messages, no words",
        ),
    ],
)
def test_formats_that_cannot_be(table, name, message):
    with pytest.raises(ValueError, match=message):
        with_preset(table, {"file": "a", "format": name})


def test_a_table_without_a_format_stays_as_it_is():
    assert with_preset("words", {"file": "a"}) == {"file": "a"}
    assert {"eyelink", "whisper"} <= {*formats()}


def test_formats_are_recognised_by_their_first_characters(tmp_path):
    path = tmp_path / "a.asc"
    path.write_text("** CONVERTED FROM a.edf\n")
    assert recognised(path) == ["eyelink"]
    assert other_format(path, "eyelink") is None
    assert "looks like `format: eyelink`" in other_format(path, "whisper")
    path = tmp_path / "a.json"
    path.write_text('{"text": "é", "segments": [{"start": 0}]}', encoding="utf-16")
    assert recognised(path) == ["whisper"]
    path.write_bytes(b"\x89HDF\xff\x00")
    assert recognised(path) == []


@pytest.mark.parametrize("name", ["whisperx", "WhisperX", "faster_whisper", "whisper.cpp"])
def test_a_format_is_found_by_its_other_names(name):
    assert with_preset("words", {"file": "a", "format": name})["reader"] == "whisper"


def test_no_two_formats_share_a_name():
    names = [
        name
        for form in formats()
        for name in {
            re.sub("[-_. ]", "", one).casefold() for one in (form, *read_format(form).also)
        }
    ]
    assert len({*names}) == len(names), sorted(names)
