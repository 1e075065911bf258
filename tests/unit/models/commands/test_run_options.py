import json

import click
import pytest
from click.testing import CliRunner

from gazescribe.models.commands.run_options import accelerator_option, run_option, summarise_runs


def summary(*warnings, seconds=2.4, skipped=False, linked=False):
    about = {"skipped": skipped, "linked": linked}
    return {"warnings": list(warnings), "seconds": seconds, **about}


RUNS = {
    "et-seed0": summary("few images"),
    "et-seed1": summary("few images", "no maps", seconds=3.2),
    "et-seed2": summary(seconds=99.0, skipped=True),
}


def test_every_warning_is_given_once_and_seconds_are_of_what_was_done(tmp_path, capsys):
    summarise_runs(RUNS, "trained", tmp_path, as_json=False)
    shown = capsys.readouterr()
    assert shown.err.splitlines() == ["warning: few images", "warning: no maps"]
    assert shown.out.strip() == f"2 networks trained in 6 s, 1 were there already → {tmp_path}"


def test_runs_that_come_from_the_store_are_counted_apart(tmp_path, capsys):
    summarise_runs(
        {**RUNS, "et-seed3": summary(skipped=True, linked=True)}, "scored", tmp_path, as_json=False
    )
    shown = capsys.readouterr().out
    assert ", 1 were there already, 1 linked, scored before → " in shown


def test_as_json_it_gives_all_of_every_run(tmp_path, capsys):
    summarise_runs(RUNS, "scored", tmp_path, as_json=True)
    assert json.loads(capsys.readouterr().out) == RUNS


@click.command()
@run_option("Score")
@accelerator_option
def chosen(names, accelerator):
    """Say what the options are."""
    click.echo(f"{names} {accelerator}")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        pytest.param([], "() None", id="neither"),
        pytest.param(["--run", "a", "--run", "b"], "('a', 'b') None", id="two runs"),
        pytest.param(["--accelerator", "gpu"], "() gpu", id="gpu"),
    ],
)
def test_options(options, said):
    assert CliRunner().invoke(chosen, options).output.strip() == said


def test_help_says_what_a_run_is_named_for():
    assert "Score this run only" in CliRunner().invoke(chosen, ["--help"]).output
    refused = CliRunner().invoke(chosen, ["--accelerator", "tpu"])
    assert (refused.exit_code, "'tpu' is not one of 'cpu', 'gpu'" in refused.output) == (2, True)
