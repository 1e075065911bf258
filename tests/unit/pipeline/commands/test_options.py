"""Options that commands share, and how a command ends."""

import json

import click
import pytest
from click.testing import CliRunner

from gazescribe.pipeline.commands import options
from gazescribe.pipeline.commands.cli import main
from gazescribe.pipeline.commands.options import GazeCommand
from gazescribe.pipeline.core.errors import GazeError
from tests.running import invoke
from tests.synthetic import reading, write_tables


@pytest.mark.parametrize(
    ("error", "code", "printed"),
    [
        pytest.param(
            GazeError("3 is odd.", where="a.csv"), 2, "error: a.csv: 3 is odd.", id="fault"
        ),
        pytest.param(
            PermissionError(13, "Denied", "x.npy"), 2, "x.npy: you have no right to", id="system"
        ),
        pytest.param(OSError(24, "Too many", "x"), 2, "Allow more with `ulimit", id="open files"),
        pytest.param(
            OSError("13631488 requested and 302976 written"), 2, "it is full. Free", id="numpy"
        ),
        pytest.param(MemoryError(), 2, "more memory than there is. Use", id="memory"),
        pytest.param(EOFError(), 2, "a file ends before it should.", id="end of a file"),
        pytest.param(ValueError("a bug"), 1, "", id="bug"),
    ],
)
def test_exit_codes(monkeypatch, error, code, printed):
    def fail():
        raise error

    monkeypatch.setattr(main, "get_command", lambda ctx, name: GazeCommand("verify", callback=fail))
    result = invoke("verify")
    assert result.exit_code == code
    assert printed in result.output
    assert "Traceback" not in result.output
    traced = invoke("verify", "--debug")
    assert traced.exit_code == code
    assert ("Traceback" in traced.output) == (code == 2)


@pytest.fixture
def counting():
    """A command that prints what its options say."""

    @options.command("counting", example="gazescribe counting")
    @click.argument("name")
    @options.shared_options
    def counting(name, shared):
        """Count."""
        shared.summarise(f"{name}: {shared.params_file}", {"name": name, **shared.parallel})

    return counting


def test_values_of_shared_options_come_in_one_object(counting, tmp_path):
    file = tmp_path / "p.yaml"
    file.touch()
    result = CliRunner().invoke(counting, ["a", "--params", str(file)])
    assert result.output == f"a: {file}\n"
    result = CliRunner().invoke(
        counting, ["a", "--workers", "2", "--scheduler", "tcp://x", "--json"]
    )
    assert json.loads(result.output) == {"name": "a", "workers": 2, "scheduler": "tcp://x"}


def test_shared_options_stand_in_their_order_in_help(counting):
    printed = CliRunner().invoke(counting, ["--help"]).output
    places = [printed.index(name) for name in ("--params", "--workers", "--scheduler", "--json")]
    assert places == sorted(places)
    assert "Count." in printed


def test_no_worker_is_refused(counting):
    result = CliRunner().invoke(counting, ["a", "--workers", "0"])
    assert result.exit_code == 2
    assert "0 is not in the range x>=1" in result.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(["label", "in.jsonl", "./in.jsonl"], "OUT is IN, which would", id="label"),
        pytest.param(["degrade", "in.jsonl", "in.jsonl"], "OUT is MENTIONS", id="degrade"),
        pytest.param(
            ["degrade", "in.jsonl", "x/readings.parquet", "--against", "x"],
            "OUT is the table readings of --against",
            id="against",
        ),
        pytest.param(["label", "x", "x/words.parquet"], "is the table words of IN", id="inside"),
        pytest.param(["label", "link", "x/words.parquet"], "is the table words of IN", id="link"),
        pytest.param(["associate", "x", "in.jsonl", "x"], "OUT is TABLES", id="folder"),
        pytest.param(["predict", "in.jsonl", "x", "--out", "x"], "OUT is [IMAGE]", id="pictures"),
    ],
)
def test_what_is_read_is_not_written_to(tmp_path, monkeypatch, arguments, message):
    """Before anything else: nothing is read or written."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x").mkdir()
    (tmp_path / "link").symlink_to("x")
    (tmp_path / "in.jsonl").write_text("{}")
    result = invoke(*arguments)
    assert result.exit_code == 2
    assert message in result.output
    assert (tmp_path / "in.jsonl").read_text() == "{}"
    assert list((tmp_path / "x").iterdir()) == []


def test_mentions_may_lie_beside_the_tables(tmp_path):
    tables = write_tables(tmp_path / "tables", readings=[reading("R1")])
    for _ in range(2):
        assert invoke("label", tables, tables / "mentions.parquet").exit_code == 0


def test_a_link_to_itself_is_no_bug(tmp_path):
    path = tmp_path / "a.csv"
    path.symlink_to("a.csv")
    result = invoke("label", path, tmp_path / "out.csv")
    assert result.exit_code == 2
    assert "a.csv: this link leads back to itself. Remove it." in result.output


def test_other_errors_at_run_time_are_bugs(monkeypatch):
    def fail():
        raise RuntimeError("a bug")

    monkeypatch.setattr(main, "get_command", lambda ctx, name: GazeCommand("verify", callback=fail))
    assert invoke("verify").exit_code == 1
