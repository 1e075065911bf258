import dataclasses

from gazescribe.pipeline.report.parts import read_parts
from gazescribe.pipeline.report.reviewing import ReviewedRun, about_review, name_of_run
from tests.synthetic import mention, reading, table, write_tables

TEXT = "edema is seen . no effusion ."
RUN = ReviewedRun("a name", 3)


def parts_of(tmp_path, text):
    tables = write_tables(tmp_path, readings=[reading("R1", text)])
    said = [mention(text, "edema", "pulmonary edema")] if text else []
    return read_parts(tables, None, table(said, "mentions"), ["R1"])["R1"]


def test_places_are_those_of_the_text(tmp_path):
    about = about_review(parts_of(tmp_path, TEXT), RUN, ["b", "a"])
    assert [TEXT[start:end] for start, end in about["sentences"]] == [
        "edema is seen .",
        "no effusion .",
    ]
    alone = dataclasses.replace(parts_of(tmp_path, TEXT), words=[], sentences=[])
    assert about_review(alone, RUN, [])["sentences"] == about["sentences"]
    words = [TEXT[word["char_start"] : word["char_end"]] for word in about["words"]]
    assert words == TEXT.split()
    assert about["mentions"] == [
        {"char_start": 0, "char_end": 5, "label": "pulmonary edema", "polarity": "positive"}
    ]
    assert about["labels"] == ["a", "b", "pulmonary edema"]
    assert (about["run"], about["n_readings"]) == ("a name", 3)


def test_a_reading_without_text_has_nothing_to_review(tmp_path):
    assert about_review(parts_of(tmp_path, None), RUN, []) is None


def test_the_name_of_a_run_is_that_of_its_texts(tmp_path):
    one = write_tables(tmp_path / "one", readings=[reading("R1", TEXT)])
    same = write_tables(tmp_path / "same", readings=[reading("R1", TEXT, split="test")])
    other = write_tables(tmp_path / "other", readings=[reading("R1", f"{TEXT} more .")])
    assert name_of_run([one]) == name_of_run([same])
    assert name_of_run([one]) != name_of_run([other])
    assert name_of_run([one, other]) == name_of_run([other, one])
