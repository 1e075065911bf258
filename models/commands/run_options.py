"""What the commands that work on the runs of a CONFIG share: options and the summary."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

from gazescribe.pipeline.commands import options


def run_option(verb: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add `--run`."""
    return click.option(
        "--run",
        "names",
        multiple=True,
        metavar="NAME",
        help=f"{verb} this run only; its number in CONFIG, from 0, will do.",
    )


def accelerator_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--accelerator`."""
    return click.option(
        "--accelerator",
        type=click.Choice(["cpu", "gpu"]),
        help="Where to compute.  [default: gpu where there is one]",
    )(function)


def summarise_runs(
    summaries: Mapping[str, Mapping[str, Any]], verb: str, out: Path, *, as_json: bool
) -> None:
    """Print the warnings of all runs, each once, and the summary line."""
    warnings = [text for summary in summaries.values() for text in summary["warnings"]]
    for text in dict.fromkeys(warnings):
        click.secho(f"warning: {text}", fg="yellow", err=True)
    seconds = [summary["seconds"] for summary in summaries.values() if not summary["skipped"]]
    line = f"{len(seconds)} networks {verb} in {sum(seconds):.0f} s"
    n_linked = sum(summary["linked"] for summary in summaries.values())
    line += f", {len(summaries) - len(seconds) - n_linked} were there already"
    if n_linked:
        line += f", {n_linked} linked, {verb} before"
    line += f" → {out}"
    options.summarise(line, summaries, as_json=as_json)
