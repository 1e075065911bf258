"""The command `heatmaps`."""

from pathlib import Path

import click

from gazescribe.pipeline.commands.options import (
    EXISTING_FOLDER,
    FOLDER,
    command,
    json_option,
    parallel_options,
    params_option,
    summarise,
)
from gazescribe.pipeline.commands.params import load_params, size_of
from gazescribe.pipeline.core.console import plural
from gazescribe.pipeline.core.schemas import HEATMAP_KINDS
from gazescribe.pipeline.core.yaml_files import override
from gazescribe.pipeline.maps.heatmaps import run


@command("heatmaps")
@click.argument("tables", type=EXISTING_FOLDER)
@click.argument("associated", type=EXISTING_FOLDER)
@click.argument("out", type=FOLDER)
@click.option(
    "--kind", type=click.Choice(HEATMAP_KINDS), default="label", show_default=True, help="Of what."
)
@click.option("--size", help="Model pixels: N, HxW, or a network: the size of its images.")
@click.option("--rules", type=EXISTING_FOLDER, help="Rules folder, for ellipses.")
@params_option
@parallel_options
@json_option
def heatmaps(
    tables: Path,
    associated: Path,
    out: Path,
    kind: str,
    size: str | None,
    rules: Path | None,
    params_file: Path | None,
    workers: int | None,
    scheduler: str | None,
    as_json: bool,
) -> None:
    """Draw the heatmaps of ASSOCIATED into OUT/heatmaps-00000.npy … with OUT/index.parquet."""
    all_params = load_params(params_file)
    params = override(all_params.heatmaps, size=size_of(size, all_params, params_file))
    summary = run(
        tables, associated, out, kind, params, rules=rules, workers=workers, scheduler=scheduler
    )
    left_out = ", ".join(f"{n} {why}" for why, n in summary["left_out"].items())
    line = plural(summary["n_maps"], f"{kind} map")
    line += f" of {plural(summary['n_readings'], 'reading')}"
    line += f" in {plural(summary['n_shards'], 'shard')}, {summary['n_blank']:,} blank"
    if not summary["n_maps"]:
        subject, use = ("ellipse", "can be drawn") if kind == "ellipse" else ("window", "has gaze")
        why = (
            f"no {subject} {use}"
            if summary["left_out"]
            else f"there is no {subject} for a {kind} map"
        )
        line = f"nothing was drawn: {why}"
    summarise(f"{line}; left out: {left_out or 'none'} → {out}", summary, as_json=as_json)
