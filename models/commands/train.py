"""The command `train`."""

from functools import partial
from pathlib import Path

import click

from gazescribe.models.commands.run_options import accelerator_option, run_option, summarise_runs
from gazescribe.models.core.config import naming, read_config
from gazescribe.models.core.device import Accelerator, choose_machine, process_rank
from gazescribe.models.core.runs import choose_runs, training_data
from gazescribe.models.training.autotune import autotune as tuned
from gazescribe.models.training.run import train_run
from gazescribe.pipeline.commands import options


@options.command("train", example="gazescribe train mil.json models")
@click.argument("config_file", metavar="CONFIG", type=options.EXISTING_FILE)
@click.argument("out", type=options.FOLDER)
@run_option("Train")
@click.option(
    "--devices",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="GPUs, or processes on the CPU, that train one network together.",
)
@accelerator_option
@click.option(
    "--autotune",
    is_flag=True,
    help="First try precisions, orders in memory and compilation for a few steps each, and write"
    " the fastest way into CONFIG.",
)
@options.json_option
def train(
    config_file: Path,
    out: Path,
    names: tuple[str, ...],
    devices: int,
    accelerator: Accelerator,
    autotune: bool,
    as_json: bool,
) -> None:
    """Train the networks that CONFIG names, one after another.

    CONFIG is what `gazescribe configure` writes. A run that was killed goes on after its last whole
    epoch; one that is done is left alone, or linked from the store where OUT has lost it.
    --autotune chooses once for all runs whose steps cost the same, before the first of them begins.
    """
    config = read_config(config_file)
    runs = choose_runs(config, names)
    choose = partial(choose_machine, accelerator, devices)
    summaries = {}
    with naming(config_file):
        data = training_data(config, runs)
        for run in runs:
            tuning = tuned(run.name, config_file, out, choose()) if autotune else None
            for line in tuning.lines if tuning else ():
                click.echo(line, err=True)
            chosen = tuning.run if tuning else run
            summaries[run.name] = train_run(chosen, config, out, data[run.name], choose)
            if tuning and tuning.figures:
                summaries[run.name]["autotune"] = tuning.figures
    if process_rank() == 0:
        summarise_runs(summaries, "trained", out, as_json=as_json)
