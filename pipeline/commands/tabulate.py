"""The command `tabulate`: score tables to a paper's tables and figures.

What each network's part reads and writes is said in its `stage` module.
"""

import importlib
from pathlib import Path
from typing import Any

import click

from gazescribe.pipeline.commands import options
from gazescribe.pipeline.commands.params import load_params


@options.command("tabulate", example="gazescribe tabulate mil scores results", section="tabulate")
@click.argument("network", type=click.Choice(["mil", "cooperative"]))
@click.argument("scores", type=options.EXISTING_FOLDER)
@click.argument("out", type=options.FOLDER)
@click.option(
    "--heatmaps",
    type=options.EXISTING_FOLDER,
    help="mil: label maps; draws the histogram behind the threshold of annotated cells.",
)
@click.option(
    "--drawn",
    nargs=2,
    metavar="TABLES ASSOCIATED",
    type=options.EXISTING_FOLDER,
    help="mil: in their place tables, windows and Gaussians, from which they are drawn.",
)
@click.option(
    "--degraded",
    type=options.EXISTING_FILE,
    help="mil: JSON of `gazescribe degrade --against`, for the experiment with degraded mentions.",
)
@click.option(
    "--rules", type=options.EXISTING_FOLDER, help="mil: rules folder.  [default: ./rules]"
)
@click.option(
    "--models",
    type=options.EXISTING_FOLDER,
    help="cooperative: trained models; adds time, memory and curves of joint and staged training.",
)
@click.option(
    "--config",
    type=options.EXISTING_FILE,
    help="CONFIG whose runs count.  [default: all there are]",
)
@options.params_option
@options.json_option
def tabulate(
    network: str,
    scores: Path,
    out: Path,
    params_file: Path | None,
    as_json: bool,
    **values: Any,
) -> None:
    """Turn SCORES of a network into the tables and figures of its paper in OUT.

    SCORES is what `gazescribe evaluate` wrote: a folder for each run. Missing models give shorter
    tables.
    """
    for name, value in values.items():
        owner = {"models": "cooperative", "config": network}.get(name, "mil")
        if owner != network and value is not None:  # it would be without effect
            raise click.UsageError(f"--{name} is an option of {owner}, not of {network}.")
    if values["heatmaps"] and values["drawn"]:
        raise click.UsageError("--heatmaps and --drawn exclude each other.")
    inputs: dict[str, Any] = {name: value for name, value in values.items() if value is not None}
    stage = importlib.import_module(f"gazescribe.pipeline.results.{network}.stage")
    params = load_params(params_file)
    if "drawn" in inputs:
        how = params.heatmaps
        inputs["drawn"] = stage.MapsToDraw(*inputs["drawn"], how.size, how.amplitude, how.resize)
    summary: dict[str, Any] = stage.run(scores, out, params.tabulate, params.figures, **inputs)
    line = f"{network}: {summary['n_runs']} runs of {len(summary['models'])} models,"
    line += f" {len(summary['tables'])} tables and {len(summary['figures'])} figures"
    absent = ", ".join(summary["not_made"])
    line += f"; not made for want of runs or options: {absent}" if absent else ""
    options.summarise(f"{line} → {out}", summary, as_json=as_json)
