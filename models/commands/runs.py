"""The command `runs`: what is trained, what is not, and what the store no longer needs."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Literal

import click

from gazescribe.models.core.config import SYSTEMS, Config, read_config
from gazescribe.models.core.stages import stages_file
from gazescribe.models.core.study import RunStatus, leftovers, remove, run_hashes, statuses
from gazescribe.pipeline.commands import options
from gazescribe.pipeline.core.errors import ParamsError
from gazescribe.pipeline.core.files import replacing

OUT = Path("runs") / "dvc.yaml"
MB = 1e6
STYLES = {
    "done": "green",
    "running": "cyan",
    "failed": "red",
    "stopped": "yellow",
    "missing": "default",
}


@options.command("runs", example="gazescribe runs list")
@click.argument("action", type=click.Choice(["list", "prune", "dvc"]), default="list")
@click.option(
    "--config",
    "config_files",
    multiple=True,
    type=options.EXISTING_FILE,
    help="Runs of this CONFIG.  [default: those of the profile]",
)
@click.option("--yes", is_flag=True, help="prune: do not ask.")
@options.params_option
@options.json_option
def runs(
    action: Literal["list", "prune", "dvc"],
    config_files: tuple[Path, ...],
    params_file: Path | None,
    *,
    yes: bool,
    as_json: bool,
) -> None:
    """List the runs that a profile asks for; free disk; write runs/dvc.yaml.

    list (default): which runs are done, running, failed or missing, and for how many hours.
    prune: remove from the store what neither the profile nor CONFIG asks for, after a question.
    dvc: write runs/dvc.yaml, a stage for each run of every model, from the profile.
    """
    configs = [read_config(path) for path in config_files]
    if action == "list" and configs:
        _list(configs, as_json=as_json)
        return
    from gazescribe.models.commands.configure import config_of  # needs pydantic

    listed = [config_of(system, params_file) for system in SYSTEMS]
    if action == "list":
        _list(listed, as_json=as_json)
        return
    every = [config_of(system, params_file, every_model=True) for system in SYSTEMS]
    if action == "prune":
        _prune([*configs, *every], yes=yes, as_json=as_json)
    else:
        _write_stages(every, listed)


def _list(configs: Sequence[Config], *, as_json: bool) -> None:
    listed = [status for config in configs for status in statuses(config)]
    if not as_json and listed:
        _show(listed)
    counts: Counter[str] = Counter(status.state for status in listed)
    hours = [status.hours_left for status in listed]
    known_h = sum(value for value in hours if value is not None)
    n_unknown = hours.count(None)
    line = ", ".join(f"{counts[state]} {state}" for state in STYLES if counts[state])
    if n_unknown < len(hours):
        line += f"; {known_h:.1f} hours left"
    if n_unknown:
        line += f"; {n_unknown} of which no epoch was measured"
    options.summarise(line, {"runs": [asdict(status) for status in listed]}, as_json=as_json)


def _show(listed: Sequence[RunStatus]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for name in ("network", "run", "state"):
        table.add_column(name, no_wrap=True)
    for name in ("epoch", "hours left"):
        table.add_column(name, no_wrap=True, justify="right")
    table.add_column("", overflow="fold")
    for status in listed:
        hours = "?" if status.hours_left is None else f"{status.hours_left:.1f}"
        state = f"[{STYLES[status.state]}]{status.state}[/]"
        epoch = f"{status.epoch}/{status.epochs}"
        table.add_row(status.system, status.name, state, epoch, hours, escape(status.note))
    Console().print(table)


def _prune(configs: Sequence[Config], *, yes: bool, as_json: bool) -> None:
    hashes = {run_hash for config in configs for run_hash in run_hashes(config).values()}
    unused = leftovers(run_hash for run_hash in hashes if run_hash)
    for leftover in unused if not as_json else []:
        size = f"{leftover.size / MB:,.1f} MB, {leftover.freed / MB:,.1f} of them here alone"
        click.echo(f"{leftover.folder}: {leftover.name}, {size}")
    if unused and not yes:
        click.confirm(f"Remove these {len(unused)} folders?", abort=True)
    remove(unused)
    freed = sum(leftover.freed for leftover in unused)
    line = f"{len(unused)} folders removed, {freed / MB:,.1f} MB freed"
    details = {"removed": [str(leftover.folder) for leftover in unused], "freed": freed}
    options.summarise(line, details, as_json=as_json)


def _write_stages(every: Sequence[Config], listed: Sequence[Config]) -> None:
    """Write the stages of all runs there are, and the tables of those that the profile lists."""
    from gazescribe.pipeline.core.yaml_files import load_yaml

    above = load_yaml(Path("dvc.yaml"), ParamsError, "Call it in the folder of the project.")
    text = stages_file(every, listed, above["stages"])
    with replacing(OUT) as beside:
        beside.write_text(text, encoding="utf-8")
    n_runs = sum(len(config.runs) for config in every)
    click.echo(f"stages for {n_runs} runs → {OUT}")
