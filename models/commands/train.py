"""The command `train`."""

from pathlib import Path
from typing import Literal

import click

from gazescribe.models.core.config import read_config
from gazescribe.models.training.run import chosen, data_hash, train_run
from gazescribe.pipeline.commands.options import (
    EXISTING_FILE,
    FOLDER,
    command,
    json_option,
    summarise,
)


@command("train")
@click.argument("config_file", metavar="CONFIG", type=EXISTING_FILE)
@click.argument("out", type=FOLDER)
@click.option("--run", "names", multiple=True, metavar="NAME", help="Train this run only.")
@click.option("--devices", type=click.IntRange(min=1), default=1, show_default=True)
@click.option(
    "--accelerator", type=click.Choice(["cpu", "gpu"]), help="[default: gpu where there is one]"
)
@json_option
def train(
    config_file: Path,
    out: Path,
    names: tuple[str, ...],
    devices: int,
    accelerator: Literal["cpu", "gpu"] | None,
    as_json: bool,
) -> None:
    """Train the networks that CONFIG names, one after another.

    CONFIG is what `gazescribe configure` writes. A run that was killed goes on after its last whole
    epoch; one that is done is left alone.
    """
    config = read_config(config_file)
    runs = chosen(config, names)
    from gazescribe.models.training.fitting import machine_of

    machine = machine_of(accelerator, devices)
    data = data_hash(config)
    done = {run.name: train_run(run, config, out, data, machine) for run in runs}
    if machine.rank == 0:
        for text in dict.fromkeys(text for one in done.values() for text in one["warnings"]):
            click.secho(f"warning: {text}", fg="yellow", err=True)
        trained = [one["seconds"] for one in done.values() if not one["skipped"]]
        line = f"{len(trained)} networks trained in {sum(trained):.0f} s"
        there = len(done) - len(trained)
        summarise(f"{line}, {there} were there already → {out}", done, as_json=as_json)
