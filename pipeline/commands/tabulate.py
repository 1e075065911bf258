"""The command `tabulate`: score tables to a paper's tables and figures.

What each network's part reads and writes is said in its `stage` module.
"""

import importlib
from pathlib import Path
from typing import Any

import click

from gazescribe.pipeline.commands.options import (
    EXISTING_FILE,
    EXISTING_FOLDER,
    FOLDER,
    command,
    json_option,
    params_option,
    summarise,
)
from gazescribe.pipeline.commands.params import load_params


@command("tabulate")
@click.argument("network", type=click.Choice(["mil", "cooperative"]))
@click.argument("scores", type=EXISTING_FOLDER)
@click.argument("out", type=FOLDER)
@click.option(
    "--heatmaps",
    type=EXISTING_FOLDER,
    help="mil: label maps; draws the histogram behind the threshold of annotated cells.",
)
@click.option(
    "--degraded",
    type=EXISTING_FILE,
    help="mil: JSON of `gazescribe degrade --against`, for the experiment with degraded mentions.",
)
@click.option("--rules", type=EXISTING_FOLDER, help="mil: rules folder.  [default: ./rules]")
@click.option(
    "--models",
    type=EXISTING_FOLDER,
    help="cooperative: trained models; adds time, memory and curves of joint and staged training.",
)
@params_option
@json_option
def tabulate(
    network: str,
    scores: Path,
    out: Path,
    heatmaps: Path | None,
    degraded: Path | None,
    rules: Path | None,
    models: Path | None,
    params_file: Path | None,
    as_json: bool,
) -> None:
    """Turn SCORES of a network into the tables and figures of its paper in OUT.

    SCORES is what `gazescribe evaluate` wrote: a folder for each run. Missing models give shorter
    tables.
    """
    options: dict[str, dict[str, Path | None]] = {
        "mil": {"heatmaps": heatmaps, "degraded": degraded, "rules": rules},
        "cooperative": {"models": models},
    }
    _refuse_others(network, options)
    stage = importlib.import_module(f"gazescribe.pipeline.results.{network}.stage")
    params = load_params(params_file).tabulate
    summary: dict[str, Any] = stage.run(scores, out, params, **options[network])
    line = f"{network}: {summary['n_runs']} runs of {len(summary['models'])} models,"
    line += f" {len(summary['tables'])} tables and {len(summary['figures'])} figures"
    absent = ", ".join(summary["not_made"])
    line += f"; not made for want of runs or options: {absent}" if absent else ""
    summarise(f"{line} → {out}", summary, as_json=as_json)


def _refuse_others(network: str, options: dict[str, dict[str, Path | None]]) -> None:
    """Refuse an option of another network: it would be without effect."""
    for other, given in options.items():
        for name, value in given.items():
            if other != network and value is not None:
                message = f"--{name} is an option of {other}, not of {network}."
                raise click.UsageError(message)
