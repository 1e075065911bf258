"""The command `evaluate`."""

from pathlib import Path
from typing import Literal

import click

from gazescribe.models.core.config import read_config
from gazescribe.models.evaluating.run import check_trained, device_of, evaluate_run
from gazescribe.models.training.run import chosen, data_hash
from gazescribe.pipeline.commands.options import (
    EXISTING_FILE,
    EXISTING_FOLDER,
    FOLDER,
    command,
    json_option,
    summarise,
)


@command("evaluate")
@click.argument("config_file", metavar="CONFIG", type=EXISTING_FILE)
@click.argument("models", type=EXISTING_FOLDER)
@click.argument("out", type=FOLDER)
@click.option("--run", "names", multiple=True, metavar="NAME", help="Score this run only.")
@click.option(
    "--accelerator", type=click.Choice(["cpu", "gpu"]), help="[default: gpu where there is one]"
)
@json_option
def evaluate(
    config_file: Path,
    models: Path,
    out: Path,
    names: tuple[str, ...],
    accelerator: Literal["cpu", "gpu"] | None,
    as_json: bool,
) -> None:
    """Score the networks in MODELS that CONFIG names, and write score tables to OUT.

    CONFIG is what `gazescribe configure` writes, MODELS what `gazescribe train` wrote. A run whose
    scores are there already is left alone.
    """
    config = read_config(config_file)
    runs = chosen(config, names)
    check_trained(runs, models)
    device = device_of(accelerator)
    data = data_hash(config)
    done = {run.name: evaluate_run(run, config, models, out, data, device) for run in runs}
    for text in dict.fromkeys(text for one in done.values() for text in one["warnings"]):
        click.secho(f"warning: {text}", fg="yellow", err=True)
    scored = [one["seconds"] for one in done.values() if not one["skipped"]]
    line = f"{len(scored)} networks scored in {sum(scored):.0f} s"
    there = len(done) - len(scored)
    summarise(f"{line}, {there} were there already → {out}", done, as_json=as_json)
