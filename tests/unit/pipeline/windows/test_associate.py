import json
import re
import shutil

import pytest

from gazescribe.pipeline.core.files import entries
from gazescribe.pipeline.core.tables import read_table
from tests.reviews import moved, of_reading, write_review
from tests.running import gazescribe, invoke
from tests.synthetic import fixation, mention, reading, words, write_tables
from tests.unit.pipeline.core.test_files import all_kills

TEXT = "heart is big . edema seen left . no effusion"
READINGS = [
    reading("R1", TEXT),
    reading("R2", "all clear ."),
    reading("R3", TEXT, has_gaze=False),
    reading("R4", TEXT, width_px=None),
    reading("R5", TEXT, height_px=None, has_gaze=False),
    reading("R6", None),
]


@pytest.fixture
def folder(tmp_path):
    gaze = [fixation(0, 3, 5), fixation(1, 5, 12), fixation(0, 1, 2, reading_id="R3")]
    write_tables(tmp_path / "tables", readings=READINGS, fixations=gaze)
    told = [mention(TEXT, "left", report_id=one) for one in ("R1", "R3", "R4")]
    path = tmp_path / "mentions.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in told))
    return tmp_path


def run(folder, *options, command=gazescribe):
    return command(
        *("associate", folder / "tables", folder / "mentions.jsonl", folder / "out", *options)
    )


def test_run_counts_what_it_leaves_out(folder):
    counts = json.loads(run(folder, "--json"))
    assert counts["readings_left_out"] == {"no gaze": 2, "no image size": 1}
    assert counts["n_readings"] == 3
    assert counts["n_windows"] == {
        "reading ok": 1,
        "report empty": 1,
        "report ok": 1,
        "sentence ok": 1,
    }
    assert counts == json.loads((folder / "out" / "associate.json").read_text())


@pytest.mark.parametrize(
    ("onset_s", "polarity", "late"),
    [
        pytest.param(6.5, "positive", 1, id="gaze begins after the mention"),
        pytest.param(6.0, "positive", 0, id="with it"),
        pytest.param(6.5, "negative", 0, id="after a mention that does not count"),
    ],
)
def test_gaze_that_begins_late_is_counted(folder, onset_s, polarity, late):
    gaze = [fixation(0, onset_s, 8), fixation(1, 8, 12)]
    write_tables(folder / "tables", readings=READINGS, fixations=gaze)
    told = mention(TEXT, "left", report_id="R1", polarity=polarity)
    (folder / "mentions.jsonl").write_text(json.dumps(told) + "\n")
    assert json.loads(run(folder, "--json"))["n_readings_gaze_begins_late"] == late


def test_windows_of_the_whole_reading(folder):
    run(folder)
    rows = read_table(folder / "out", "windows").to_pylist()
    found = [(row["reading_id"], row["kind"], row["start_s"], row["end_s"]) for row in rows]
    assert found == [
        ("R1", "sentence", 2.5, 6),
        ("R1", "report", 0, 9.5),
        ("R1", "reading", 3, 12),
        ("R2", "report", 0, 2.5),
    ]
    assert read_table(folder / "out", "gaussians").num_rows == 6


def test_a_reading_with_neither_word_nor_gaze(folder):
    write_tables(folder / "tables", readings=[reading("R6", None)])
    (folder / "mentions.jsonl").write_text("")
    assert run(folder).startswith("1 reading, windows: no sentence; 0 Gaussians")
    assert read_table(folder / "out", "windows").num_rows == 0


def test_without_mentions_the_other_windows_are_the_same(folder):
    run(folder)
    gazescribe("associate", folder / "tables", folder / "bare")
    whole, bare = (read_table(folder / out, "windows").to_pylist() for out in ("out", "bare"))
    whole = [row for row in whole if row["kind"] != "sentence"]
    assert [row["kind"] for row in bare] == ["report", "reading", "report"]
    for row in [*whole, *bare]:
        del row["window"]  # counted from the first of the reading
    assert bare == whole
    counts = json.loads((folder / "bare" / "associate.json").read_text())
    assert counts["n_mentions"] is None
    assert counts["mentions_left_out"] == {}


def test_tables_without_words_and_sentences(folder):
    for name in ("words", "sentences"):
        (folder / "tables" / f"{name}.parquet").unlink()
    counts = json.loads(run(folder, "--json"))
    assert counts["mentions_left_out"] == {"no timed words": 1, "reading left out": 2}
    assert counts["n_windows"] == {"reading ok": 1}


def test_readings_without_a_row_of_gaze_are_counted(folder):
    line = run(folder)
    assert "; 2 readings without fixations; " in line
    assert (
        json.loads((folder / "out/associate.json").read_text())["n_readings_without_fixations"] == 2
    )


def test_rows_of_unknown_readings_are_counted(folder):
    gaze = [fixation(0, 3, 5), *(fixation(n, n, n + 1, reading_id="R9") for n in range(3))]
    told = [*words(TEXT), *words("clear .", "R0")]
    write_tables(folder / "tables", readings=READINGS, fixations=gaze, words=told)
    counts = json.loads(run(folder, "--json"))
    assert counts["rows_left_out"] == {
        "fixations of unknown readings": 3,
        "words of unknown readings": 2,
    }
    assert "rows left out: 3 fixations of unknown readings, 2 words of unknown" in run(folder)
    gaze, told = [fixation(0, 3, 5)], words(TEXT)
    write_tables(folder / "tables", readings=READINGS, fixations=gaze, words=told)
    assert "rows_left_out" not in json.loads(run(folder, "--json"))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param(["--end", "nextword"], "end rule nextword needs unit mention", id="nextword"),
        pytest.param(
            ["--unit", "mention", "--lag", "1", "--mention-time", "end"],
            "--lag, --mention-time is for unit sentence",
            id="lag of a mention",
        ),
        pytest.param(
            ["--unit", "mention", "--end", "firstmention"],
            "end rule firstmention is for unit sentence",
            id="end of a mention",
        ),
        pytest.param(["--lag", "-1"], "--lag: .*greater than or equal to 0, found -1.0", id="lag"),
        pytest.param(["--lag", "nan"], "--lag: .*found nan", id="no lag"),
        pytest.param(["--lag", "inf"], "--lag: .*finite number, found inf", id="endless lag"),
        pytest.param(["--start", "dawn"], "'dawn' is not one of 'startofsentence'", id="start"),
        pytest.param(["--rules", "nowhere"], "Directory 'nowhere' does not exist", id="rules"),
        pytest.param(["--workers", "0"], "0 is not in the range x>=1", id="workers"),
    ],
)
def test_bad_options(folder, options, message):
    result = run(folder, *options, command=invoke)
    assert result.exit_code == 2
    assert "Traceback" not in result.output
    assert re.search(message, result.output), result.output
    assert not (folder / "out").exists()


def test_mentions_without_folder_of_tables(folder):
    (folder / "tables" / "fixations.parquet").unlink()
    result = run(folder, command=invoke)
    assert result.exit_code == 2
    assert "there is no table fixations (found: readings, sentences, words)" in result.output
    assert not (folder / "out").exists()


def test_unsorted_lists_give_the_same(folder):
    run(folder)
    before = {path.name: path.read_bytes() for path in (folder / "out").iterdir()}
    lines = (folder / "mentions.jsonl").read_text().splitlines()
    (folder / "mentions.jsonl").write_text("\n".join(reversed(lines)))
    run(folder)
    assert before == {path.name: path.read_bytes() for path in (folder / "out").iterdir()}


def test_a_run_that_is_killed_leaves_windows_and_gaussians_of_one_run(folder):
    """A second run with another lag, which changes both tables, is killed at every step."""

    def content(out):
        return {name: (out / name).read_bytes() for name in entries(out)}

    def make(n):
        return shutil.copytree(folder / "old", folder / str(n))

    def associate(out, lag="2.5"):
        gazescribe(
            *("associate", folder / "tables", folder / "mentions.jsonl", out, "--lag", lag),
            *("--workers", "1"),
        )

    for name, lag in (("old", "1"), ("new", "2.5")):
        associate(folder / name, lag)
        (folder / name / "note.txt").write_text("not ours")
    old, new = content(folder / "old"), content(folder / "new")
    changed = [name for name in old if old[name] != new[name]]
    assert sorted(changed) == ["associate.json", "gaussians.parquet", "windows.parquet"]
    states = []
    for out in all_kills(make, associate):
        read_table(out, "windows")
        assert content(out) in (old, new)
        states.append(content(out) == new)
    assert states == sorted(states)
    assert {*states} == {True, False}


def test_windows_that_reviewers_moved(folder):
    counts = json.loads(run(folder, "--json"))
    before = read_table(folder / "out", "windows").to_pylist()
    sentence = "edema seen left ."
    right = moved(TEXT, sentence, 4.0, 6.0)
    elsewhere = moved(TEXT, "no effusion", 1.0, 2.0)
    write_review(folder / "reviews/a.json", of_reading(TEXT, windows=[right, elsewhere]))
    write_review(folder / "reviews/b.json", of_reading("old", windows=[right], reading_id="R2"))
    summary = json.loads(run(folder, "--reviews", folder / "reviews", "--json"))
    assert summary["reviews"] == {
        "n_files": 2,
        "n_reviewers": 1,
        "applied": {"moved": 1},
        "left_out": {"no such window": 1, "text has changed": 1},
    }
    assert summary["n_windows"] == counts["n_windows"]
    after = read_table(folder / "out", "windows").to_pylist()
    assert [row["window"] for row in after] == [row["window"] for row in before]
    differing = [(old, new) for old, new in zip(before, after, strict=True) if old != new]
    ((_, new),) = differing
    assert (new["reading_id"], new["kind"], new["sentence"]) == ("R1", "sentence", 1)
    assert (new["start_s"], new["end_s"]) == (4.0, 6.0)
    assert (new["n_fixations"], new["gaze_s"]) == (2, 2.0)
    printed = run(folder, "--reviews", folder / "reviews")
    assert "; reviews of 1 reader: 1 moved (left out: 1 no such window, 1 text has" in printed
