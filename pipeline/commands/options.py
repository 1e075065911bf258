"""What all commands share: options, errors for people, the summary line."""

import errno
import json
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from inspect import cleandoc
from pathlib import Path
from typing import Any, cast

import click

from gazescribe.pipeline.commands.help_text import write_options
from gazescribe.pipeline.commands.stores import StorePath, brought
from gazescribe.pipeline.core.errors import GazeError
from gazescribe.pipeline.core.extras import lacking_extra
from gazescribe.pipeline.core.remote import with_addresses
from gazescribe.pipeline.core.system_errors import from_system

Function = Callable[..., Any]

ADDRESSES = "Paths may be addresses of an object store: s3://bucket/folder."
"""Said in the help of commands that take them."""
FOLDER = StorePath()
_ELSEWHERE = "Name another place."
NEW_FOLDER = StorePath(file_okay=False)
EXISTING = StorePath(exists=True)
EXISTING_FOLDER = StorePath(exists=True, file_okay=False)
EXISTING_FILE = StorePath(exists=True, dir_okay=False)
RAW_TREE = StorePath(exists=True, content="tables")
RADIOGRAPHS = StorePath(exists=True, file_okay=False, content="pictures")


class GazeCommand(click.Command):
    """A command that tells a person's mistake from a bug: exit 2 and a message, or a traceback."""

    def __init__(
        self,
        *args: Any,
        example: str = "",
        section: str | None = None,
        takes_addresses: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.example, self.section, self.takes_addresses = example, section, takes_addresses
        if takes_addresses:
            self.help = f"{cleandoc(self.help or '')}\n\n{ADDRESSES}"
        self.params.append(
            click.Option(["--debug"], is_flag=True, help="Show the traceback of an error.")
        )

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, with what params.yaml says where an option says nothing."""
        write_options(self, self.section, ctx, formatter)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  click's signature
        """Write the example, in lines that a shell takes as they are."""
        if self.example:
            with formatter.section("Example"):
                for line in self.example.splitlines():
                    formatter.write(f"{'':>{formatter.current_indent}}{line}\n")

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; print a `GazeError`, or what the system refuses, and exit with 2."""
        debug = ctx.params.pop("debug")  # the functions of commands do not take it
        with explained(ctx, debug=debug), brought(ctx, takes_addresses=self.takes_addresses):
            _refuse_inputs_as_out(ctx)
            return super().invoke(ctx)


@contextmanager
def explained(ctx: click.Context, *, debug: bool = False) -> Iterator[None]:
    """Print a `GazeError`, or what the system refuses, and exit with 2."""
    try:
        yield
    except BrokenPipeError:  # click's own: the reader of our output has gone
        raise
    except ModuleNotFoundError as error:
        lack = lacking_extra(error)
        if lack is None or debug:
            raise
        _say(lack)
        ctx.exit(2)
    except (GazeError, OSError, MemoryError, EOFError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and not _is_loop(error):
            raise
        if debug:
            traceback.print_exc()
        else:
            _say(_for_people(error))
        ctx.exit(2)


def _say(error: BaseException) -> None:
    click.secho("error: ", fg="red", nl=False, err=True)
    click.echo(with_addresses(str(error)), err=True)


def _is_loop(error: RuntimeError) -> bool:
    """Tell whether it is what pathlib makes of the system's refusal of a link to itself."""
    return isinstance(error.__context__, OSError) and error.__context__.errno == errno.ELOOP


def _for_people(error: Exception) -> GazeError:
    if isinstance(error, GazeError):
        return error
    if isinstance(error, RuntimeError):
        return from_system(cast("OSError", error.__context__))
    if isinstance(error, OSError | MemoryError):
        return from_system(error)
    # click alone would say no more than "Aborted!".
    return GazeError("a file ends before it should.", remedy="`--debug` shows which is read there.")


def _refuse_inputs_as_out(ctx: click.Context) -> None:
    """Refuse an OUT that is what the command reads, or a table of a folder that it reads."""
    out = ctx.params.get("out")
    if not isinstance(out, Path):
        return
    for parameter in ctx.command.params:
        value = ctx.params.get(parameter.name or "")
        if parameter.name == "out":
            continue
        is_option = isinstance(parameter, click.Option)
        name = parameter.opts[0] if is_option else parameter.human_readable_name
        for source in value if isinstance(value, tuple) else (value,):
            if not isinstance(source, Path):
                continue
            if out.resolve() == source.resolve():
                lost = name
            elif out.parent.resolve() == source.resolve() and _is_table(out):
                lost = f"the table {out.stem} of {name}"
            else:
                continue
            raise GazeError(f"OUT is {lost}, which would be lost.", where=out, remedy=_ELSEWHERE)


def _is_table(path: Path) -> bool:
    from gazescribe.pipeline.core.schemas import TABLES  # Arrow is slow to import

    # Mentions may lie among the tables: no stage reads them from there.
    return path.suffix == ".parquet" and path.stem in TABLES and path.stem != "mentions"


def command(
    name: str, *, example: str, section: str | None = None, takes_addresses: bool = False
) -> Callable[[Function], click.Command]:
    """Declare a command of `gazescribe`.

    Its help ends with the example, and has the values of a section of params.yaml. One that takes
    addresses reads and writes folders of object stores, too.
    """
    about: dict[str, Any] = {"example": example, "section": section}
    return click.command(name, cls=GazeCommand, takes_addresses=takes_addresses, **about)


def parallel_options(function: Function) -> Function:
    """Add `--workers` and `--scheduler`; under DVC, which fixes options, variables give them."""
    function = click.option(
        "--scheduler",
        metavar="ADDRESS",
        envvar="GAZE_SCHEDULER",
        help="Use this running dask.distributed scheduler, e.g. tcp://10.0.0.1:8786.",
    )(function)
    return click.option(
        "--workers",
        type=click.IntRange(min=1),
        envvar="GAZE_WORKERS",
        help="Processes on this machine.  [default: as many as cores]",
    )(function)


def params_option(function: Function) -> Function:
    """Add `--params`."""
    return click.option(
        "--params",
        "params_file",
        type=EXISTING_FILE,
        help="Parameters.  [default: ./params.yaml, else the packaged one]",
    )(function)


def json_option(function: Function) -> Function:
    """Add `--json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")(
        function
    )


def encoding_option(function: Function) -> Function:
    """Add `--encoding`, for the commands that read texts of others."""
    return click.option(
        "--encoding",
        metavar="NAME",
        default="utf-8",
        show_default=True,
        help="Of csv and jsonl files: such as cp1252 (Windows) or utf-16.",
    )(function)


def reviews_option(function: Function) -> Function:
    """Add `--reviews`, for the commands that apply them."""
    return click.option(
        "--reviews",
        type=EXISTING,
        multiple=True,
        help="What readers saved in the inspector (docs/reviewing.md): a file, or a folder of them;"
        " may be given several times.",
    )(function)


def mimic_metadata_option(function: Function) -> Function:
    """Add `--mimic-metadata`, for the commands that read a raw tree."""
    return click.option(
        "--mimic-metadata",
        type=EXISTING,
        help="MIMIC-CXR-JPG folder, or its metadata table: gives EGD splits and image sizes;"
        " `verify reflacx` compares with it.",
    )(function)


@dataclass(frozen=True)
class Shared:
    """Values of the options that `shared_options` adds."""

    params_file: Path | None
    workers: int | None
    scheduler: str | None
    as_json: bool

    @property
    def parallel(self) -> dict[str, Any]:
        """Arguments of `map_tasks` and of all that calls it."""
        return {"workers": self.workers, "scheduler": self.scheduler}

    def summarise(self, line: str, details: Mapping[str, Any]) -> None:
        """Print the summary, as `summarise` does."""
        summarise(line, details, as_json=self.as_json)


def shared_options(function: Function) -> Function:
    """Add `--params`, `--workers`, `--scheduler` and `--json`; their values come as `shared`."""

    @wraps(function)  # click finds name, help and other options of the function on the wrapper
    def with_shared(
        *,
        params_file: Path | None,
        workers: int | None,
        scheduler: str | None,
        as_json: bool,
        **values: Any,
    ) -> None:
        function(shared=Shared(params_file, workers, scheduler, as_json), **values)

    return params_option(parallel_options(json_option(with_shared)))


def summarise(line: str, details: Mapping[str, Any], *, as_json: bool) -> None:
    """Print the one summary line of a command, or all its counts as JSON."""
    click.echo(json.dumps(details, indent=2, sort_keys=True) if as_json else line)
