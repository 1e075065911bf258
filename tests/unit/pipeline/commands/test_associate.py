"""Paths and rules that do not fit; windows themselves are in `windows/test_associate.py`."""

import pytest

from tests.running import invoke
from tests.synthetic import fixation, reading, write_tables

MENTIONS = "report_id,char_start,char_end,label,polarity\n"


@pytest.fixture
def paths(tmp_path, monkeypatch):
    write_tables(tmp_path / "tables", readings=[reading("R1")], fixations=[fixation(0, 1, 3)])
    (tmp_path / "mentions.csv").write_text(MENTIONS)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_help_says_that_mentions_are_optional():
    output = invoke("associate", "--help").output
    assert "associate [OPTIONS] TABLES [MENTIONS] OUT" in output


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        pytest.param(
            ["tables", "out"],
            "1 reading, windows: 1 reading ok; 1 Gaussian; readings left out: none; no MENTIONS",
            id="without mentions",
        ),
        pytest.param(
            ["tables", "mentions.csv", "out"],
            "1 reading, windows: no sentence, 1 reading ok; 1 Gaussian; readings left out: none;"
            " mentions left out: none",
            id="with mentions",
        ),
    ],
)
def test_mentions_may_be_left_out(paths, arguments, line):
    result = invoke("associate", *arguments)
    assert (result.exit_code, result.output) == (0, f"{line} → out\n")
    assert {path.name for path in paths.iterdir()} == {"tables", "mentions.csv", "out"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param([], "Missing argument 'TABLES'", id="none"),
        pytest.param(["tables"], "Missing argument 'OUT'", id="one"),
        pytest.param(
            ["tables", "mentions.csv"],
            "Missing argument 'OUT': mentions.csv is no folder, but MENTIONS",
            id="mentions without out",
        ),
        pytest.param(
            ["tables", "absent.jsonl"],
            "Missing argument 'OUT': absent.jsonl is no folder, but MENTIONS",
            id="absent mentions without out",
        ),
        pytest.param(
            ["tables", "absent.csv", "out"], "File 'absent.csv' does not exist", id="absent"
        ),
        pytest.param(["tables", "tables", "out"], "File 'tables' is a directory", id="folder"),
        pytest.param(
            ["tables", "mentions.csv", "out", "more"],
            "TABLES [MENTIONS] OUT are at most 3 paths, found: 4",
            id="four",
        ),
    ],
)
def test_paths_that_do_not_fit_show_the_usage(paths, arguments, message):
    result = invoke("associate", *arguments)
    assert result.exit_code == 2, result.output
    assert "TABLES [MENTIONS] OUT" in result.output
    assert message in result.output
    assert {path.name for path in paths.iterdir()} == {"tables", "mentions.csv"}


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        pytest.param(["--unit", "sentence"], "--unit", id="unit"),
        pytest.param(
            ["--lag", "1", "--mention-time", "end", "--rules", "."],
            "--lag, --mention-time, --rules",
            id="several",
        ),
    ],
)
def test_options_of_mentions_need_mentions(paths, arguments, named):
    result = invoke("associate", "tables", "out", *arguments)
    assert result.exit_code == 2
    assert f"{named} is for windows of mentions, and there are no MENTIONS" in result.output
    assert not (paths / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(["--end", "nextword"], "end rule nextword needs unit mention", id="next-word"),
        pytest.param(
            ["--unit", "mention", "--lag", "1", "--mention-time", "end"],
            "--lag, --mention-time is for unit sentence",
            id="start",
        ),
        pytest.param(
            ["--unit", "mention", "--end", "endofsentence"],
            "end rule endofsentence is for unit sentence",
            id="end",
        ),
    ],
)
def test_rules_without_effect_are_refused(tmp_path, arguments, message):
    tables = write_tables(tmp_path / "tables", readings=[reading("R1")])
    mentions = tmp_path / "mentions.csv"
    mentions.write_text(MENTIONS)
    result = invoke("associate", tables, mentions, tmp_path / "out", *arguments)
    assert result.exit_code == 2, result.output
    assert message in result.output
    assert not (tmp_path / "out").exists()
