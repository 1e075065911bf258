"""The command `tabulate`: score tables to a paper's tables and figures.

What each network's part reads and writes is said in its `stage` module.
"""

from pathlib import Path

import click

from pipeline.console import (
    EXISTING_FILE,
    EXISTING_FOLDER,
    FOLDER,
    command,
    json_option,
    params_option,
    summarise,
)
from pipeline.params import load_params


@command("tabulate")
@click.argument("network", type=click.Choice(["mil"]))
@click.argument("scores", type=EXISTING_FOLDER)
@click.argument("out", type=FOLDER)
@click.option(
    "--heatmaps",
    type=EXISTING_FOLDER,
    help="Label maps; draws the histogram behind the threshold of annotated cells.",
)
@click.option(
    "--degraded",
    type=EXISTING_FILE,
    help="JSON of `gazescribe degrade --against`, for the experiment with degraded mentions.",
)
@click.option("--rules", type=EXISTING_FOLDER, help="Rules folder.  [default: ./rules]")
@params_option
@json_option
def tabulate(
    network: str,
    scores: Path,
    out: Path,
    heatmaps: Path | None,
    degraded: Path | None,
    rules: Path | None,
    params_file: Path | None,
    as_json: bool,
) -> None:
    """Turn SCORES of a network into the tables and figures of its paper in OUT.

    SCORES is what `gazescribe evaluate` wrote: a folder for each run. Missing models give shorter
    tables.
    """
    from pipeline.tabulate.mil.stage import run

    params = load_params(params_file).tabulate
    summary = run(scores, out, params, heatmaps=heatmaps, degraded=degraded, rules=rules)
    line = f"{network}: {summary['n_runs']} runs of {len(summary['models'])} models,"
    line += f" {len(summary['tables'])} tables and {len(summary['figures'])} figures"
    absent = ", ".join(summary["not_made"])
    line += f"; not made for want of runs or options: {absent}" if absent else ""
    summarise(f"{line} → {out}", summary, as_json=as_json)
