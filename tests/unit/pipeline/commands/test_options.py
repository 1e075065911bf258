"""Options that many commands share."""

import click
import pytest
from click.testing import CliRunner

from gazescribe.pipeline.commands.options import parallel_options


@click.command()
@parallel_options
def echo(workers, scheduler):
    click.echo(f"{workers} {scheduler}")


@pytest.mark.parametrize(
    ("environment", "arguments", "printed"),
    [
        pytest.param({}, [], "None None", id="neither"),
        pytest.param({"GAZE_WORKERS": "3"}, [], "3 None", id="variable"),
        pytest.param({"GAZE_WORKERS": "3"}, ["--workers", "2"], "2 None", id="option-wins"),
        pytest.param({"GAZE_SCHEDULER": "tcp://a:1"}, [], "None tcp://a:1", id="scheduler"),
    ],
)
def test_variables_stand_for_options_under_dvc(environment, arguments, printed):
    assert CliRunner().invoke(echo, arguments, env=environment).output.strip() == printed


def test_a_variable_out_of_range_is_named():
    result = CliRunner().invoke(echo, env={"GAZE_WORKERS": "0"})
    assert result.exit_code == 2
    assert "GAZE_WORKERS" in result.output or "--workers" in result.output
