"""The command `evaluate`."""

from pathlib import Path

import click

from gazescribe.models.commands.run_options import accelerator_option, run_option, summarise_runs
from gazescribe.models.core.config import naming, read_config
from gazescribe.models.core.device import Accelerator
from gazescribe.models.core.runs import choose_runs, run_data
from gazescribe.models.evaluating.run import check_trained, evaluate_run
from gazescribe.pipeline.commands import options


@options.command("evaluate", example="gazescribe evaluate mil.json models scores")
@click.argument("config_file", metavar="CONFIG", type=options.EXISTING_FILE)
@click.argument("models", type=options.EXISTING_FOLDER)
@click.argument("out", type=options.FOLDER)
@run_option("Score")
@accelerator_option
@options.json_option
def evaluate(
    config_file: Path,
    models: Path,
    out: Path,
    names: tuple[str, ...],
    accelerator: Accelerator,
    as_json: bool,
) -> None:
    """Score the networks in MODELS that CONFIG names, and write score tables to OUT.

    CONFIG is what `gazescribe configure` writes, MODELS what `gazescribe train` wrote. A run whose
    scores are there already is left alone, or linked from the store where OUT has lost them.
    """
    config = read_config(config_file)
    runs = choose_runs(config, names)
    check_trained(runs, models)
    with naming(config_file):
        data = run_data(config, runs)
        summaries = {
            run.name: evaluate_run(run, config, models, out, data[run.name], accelerator)
            for run in runs
        }
    summarise_runs(summaries, "scored", out, as_json=as_json)
