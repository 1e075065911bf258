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


@pytest.mark.parametrize(
    ("error", "code", "printed"),
    [
        pytest.param(
            GazeError("3 is odd.", where="a.csv"), 2, "error: a.csv: 3 is odd.", id="fault"
        ),
        pytest.param(PermissionError(13, "Denied", "x.npy"), 2, "Denied: 'x.npy'", id="system"),
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

    @options.command("counting")
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
