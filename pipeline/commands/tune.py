"""The command `tune`."""

from pathlib import Path
from typing import Any

import click

from gazescribe.pipeline.commands import options
from gazescribe.pipeline.commands.params import load_params
from gazescribe.pipeline.core.yaml_files import override
from gazescribe.pipeline.windows.tune.run import run
from gazescribe.pipeline.windows.tune.settings import SearchSettings


@options.command(
    "tune",
    example="gazescribe tune data/tables/reflacx data/mentions/reflacx.parquet tuned",
    section="tune",
    takes_addresses=True,
)
@click.argument("tables", type=options.EXISTING_FOLDER)
@click.argument("mentions", type=options.EXISTING_FILE)
@click.argument("out", type=options.FOLDER)
@click.option(
    "--thresholds",
    type=click.Choice(["all", "published"]),
    help="Thresholds to choose from: 1,001 from 0 to 1, or the authors' 26.",
)
@click.option(
    "--resize",
    type=click.Choice(["direct", "published"]),
    help="Draw maps at model size, or do as the authors' code does, 16-bit storage included.",
)
@click.option("--rules", type=options.EXISTING_FOLDER, help="Rules folder with labels.yaml.")
@options.encoding_option
@options.shared_options
def tune(
    tables: Path,
    mentions: Path,
    out: Path,
    rules: Path | None,
    encoding: str,
    shared: options.Shared,
    **values: Any,
) -> None:
    """Score rules for the window of gaze by IoU with the readers' ellipses; rank them in OUT.

    TABLES is an ingested REFLACX folder. MENTIONS is what `gazescribe label` wrote, or anybody's
    spans with report id, span, label and polarity (csv, jsonl, parquet).
    """
    params = load_params(shared.params_file)
    searched = override(params.tune, **values)
    settings = SearchSettings(
        tune=searched,
        associate=params.associate,
        learned=params.learned,
        heatmaps=params.heatmaps,
    )
    summary = run(
        tables,
        mentions,
        out,
        settings,
        params.figures,
        rules=rules,
        encoding=encoding,
        **shared.parallel,
    )
    best = summary["best"]
    held_out = best["iou_cross_validated"]
    line = f"{summary['n_rules']} rules on {summary['n_readings']} readings of"
    line += f" {summary['n_subjects']} subjects; best {best['rule']}: IoU"
    line += " not" if held_out is None else f" {held_out}"
    line += f" cross-validated, {best['iou_paper']} as in the paper"
    left_out = ", ".join(f"{n} {why}" for why, n in summary["readings_left_out"].items() if n)
    shared.summarise(f"{line}; left out: {left_out or 'none'} → {out}", summary)
