"""The command `tune`."""

from pathlib import Path
from typing import Any

import click

from gazescribe.pipeline.commands.options import (
    EXISTING_FILE,
    EXISTING_FOLDER,
    FOLDER,
    command,
    json_option,
    parallel_options,
    params_option,
    summarise,
)
from gazescribe.pipeline.commands.params import load_params
from gazescribe.pipeline.core.yaml_files import override
from gazescribe.pipeline.windows.tune.run import run
from gazescribe.pipeline.windows.tune.settings import SearchSettings


@command("tune")
@click.argument("tables", type=EXISTING_FOLDER)
@click.argument("mentions", type=EXISTING_FILE)
@click.argument("out", type=FOLDER)
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
@click.option("--rules", type=EXISTING_FOLDER, help="Rules folder with labels.yaml.")
@params_option
@parallel_options
@json_option
def tune(
    tables: Path,
    mentions: Path,
    out: Path,
    rules: Path | None,
    params_file: Path | None,
    workers: int | None,
    scheduler: str | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Score rules for the window of gaze by IoU with the readers' ellipses; rank them in OUT.

    TABLES is an ingested REFLACX folder. MENTIONS is what `gazescribe label` wrote, or anybody's
    spans with report id, span, label and polarity (csv, jsonl, parquet).
    """
    params = load_params(params_file)
    settings = SearchSettings(
        tune=override(params.tune, **options),
        associate=params.associate,
        heatmaps=params.heatmaps,
    )
    summary = run(
        tables, mentions, out, settings, rules=rules, workers=workers, scheduler=scheduler
    )
    best = summary["best"]
    left_out = ", ".join(f"{n} {why}" for why, n in summary["readings_left_out"].items() if n)
    line = f"{summary['n_rules']} rules on {summary['n_readings']} readings of"
    line += f" {summary['n_subjects']} subjects; best {best['rule']}: IoU"
    held_out = best["iou_cross_validated"]
    line += " not" if held_out is None else f" {held_out}"
    line += f" cross-validated, {best['iou_paper']} as in the paper"
    summarise(f"{line}; left out: {left_out or 'none'} → {out}", summary, as_json=as_json)
