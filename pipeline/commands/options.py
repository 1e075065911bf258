"""What all commands share: options, errors for people, the summary line."""

import json
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

from gazescribe.pipeline.core.errors import GazeError

FOLDER = click.Path(path_type=Path)


EXISTING_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


EXISTING_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


class GazeCommand(click.Command):
    """A command that tells a person's mistake from a bug: exit 2 and a message, or a traceback."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params.append(
            click.Option(["--debug"], is_flag=True, help="Show the traceback of an error.")
        )

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; print a `GazeError`, or what the system refuses, and exit with 2."""
        debug = ctx.params.pop("debug")
        try:
            return super().invoke(ctx)
        except BrokenPipeError:  # click's own: the reader of our output has gone
            raise
        except (GazeError, OSError) as error:
            if debug:
                traceback.print_exc()
            else:
                click.secho("error: ", fg="red", nl=False, err=True)
                click.echo(str(error), err=True)
            ctx.exit(2)


def command(name: str) -> Callable[[Callable[..., Any]], click.Command]:
    """Declare a command of `gazescribe`."""
    return click.command(name, cls=GazeCommand)


def parallel_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--workers` and `--scheduler`."""
    function = click.option(
        "--scheduler",
        metavar="ADDRESS",
        help="Use this running dask.distributed scheduler, e.g. tcp://10.0.0.1:8786.",
    )(function)
    return click.option(
        "--workers",
        type=click.IntRange(min=1),
        help="Processes on this machine.  [default: as many as cores]",
    )(function)


def params_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--params`."""
    return click.option(
        "--params",
        "params_file",
        type=EXISTING_FILE,
        help="Parameters.  [default: ./params.yaml, else the packaged one]",
    )(function)


def json_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")(
        function
    )


def summarise(line: str, details: Mapping[str, Any], *, as_json: bool) -> None:
    """Print the one summary line of a command, or all its counts as JSON."""
    click.echo(json.dumps(details, indent=2, sort_keys=True) if as_json else line)
