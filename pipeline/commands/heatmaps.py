"""The command `heatmaps`."""

from pathlib import Path

import click

from gazescribe.pipeline.commands import options
from gazescribe.pipeline.commands.params import load_params, size_of
from gazescribe.pipeline.core.console import plural
from gazescribe.pipeline.core.values import HEATMAP_KINDS
from gazescribe.pipeline.core.yaml_files import override
from gazescribe.pipeline.maps.heatmaps import run
from gazescribe.pipeline.maps.planning import LACKING, WORDLESS


@options.command(
    "heatmaps",
    example="gazescribe heatmaps data/tables/reflacx data/associated/reflacx maps --size 512",
    section="heatmaps",
    takes_addresses=True,
)
@click.argument("tables", type=options.EXISTING_FOLDER)
@click.argument("associated", type=options.FOLDER)
@click.argument("out", type=options.FOLDER)
@click.option(
    "--kind", type=click.Choice(HEATMAP_KINDS), default="label", show_default=True, help="Of what."
)
@click.option("--size", help="Model pixels: N, HxW, or a network: the size of its images.")
@click.option("--resize", type=click.Choice(["direct", "published"]), help="Once, or twice.")
@click.option(
    "--saliency-from",
    type=click.Choice(["fixations", "samples"]),
    help="What saliency maps are drawn from.",
)
@click.option("--rules", type=options.EXISTING_FOLDER, help="Rules folder, for ellipses.")
@options.shared_options
def heatmaps(
    tables: Path,
    associated: Path,
    out: Path,
    kind: str,
    size: str | None,
    rules: Path | None,
    shared: options.Shared,
    **choices: str | None,
) -> None:
    """Draw the heatmaps of ASSOCIATED into OUT/heatmaps-00000.npy … with OUT/index.parquet.

    TABLES is the ingested folder that ASSOCIATED was made from.
    """
    if kind != "ellipse":  # drawn by readers: stage `ellipses` does not wait for `associate`
        options.EXISTING_FOLDER.convert(associated, None, click.get_current_context())
    all_params = load_params(shared.params_file)
    size = size_of(size, all_params, shared.params_file)
    params = override(all_params.heatmaps, size=size, **choices)
    summary = run(tables, associated, out, kind, params, rules=rules, **shared.parallel)
    line = plural(summary["n_maps"], f"{kind} map")
    line += f" of {plural(summary['n_readings'], 'reading')}"
    line += f" in {plural(summary['n_shards'], 'shard')}, {summary['n_blank']:,} blank"
    if not summary["n_maps"]:
        subject, use = ("ellipse", "can be drawn") if kind == "ellipse" else ("window", "has gaze")
        why = f"there is no {subject} for a {kind} map"
        if set(summary["left_out"]) - set(LACKING.values()):
            why = f"no {subject} {use}"
        elif WORDLESS in summary["left_out"]:
            why += " (--kind saliency needs no words)"
        line = f"nothing was drawn: {why}"
    left_out = ", ".join(f"{n} {why}" for why, n in summary["left_out"].items())
    shared.summarise(f"{line}; left out: {left_out or 'none'} → {out}", summary)
