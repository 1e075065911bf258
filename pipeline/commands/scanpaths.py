"""The command `scanpaths`."""

from pathlib import Path

import click

from gazescribe.pipeline.commands import options
from gazescribe.pipeline.commands.params import load_params
from gazescribe.pipeline.core.console import plural
from gazescribe.pipeline.core.yaml_files import override
from gazescribe.pipeline.geometry.sizes import parse_size
from gazescribe.pipeline.scanpaths.run import run


@options.command(
    "scanpaths",
    example="gazescribe scanpaths data/tables/reflacx data/associated/reflacx paths --size 224",
    section="scanpaths",
)
@click.argument("tables", type=options.EXISTING_FOLDER)
@click.argument("associated", type=options.EXISTING_FOLDER)
@click.argument("out", type=options.FOLDER)
@click.option(
    "--size",
    default="native",
    show_default=True,
    help="Frame of the pixels in the JSON, to which images are squeezed: N, HxW or native.",
)
@click.option("--min-share", type=float, help="Of a fixation's time that a finding must have.")
@click.option("--rules", type=options.EXISTING_FOLDER, help="Rules folder, for ellipses.")
@options.shared_options
def scanpaths(
    tables: Path,
    associated: Path,
    out: Path,
    size: str,
    min_share: float | None,
    rules: Path | None,
    shared: options.Shared,
) -> None:
    """Write the scan path of each finding and of each whole reading.

    TABLES is an ingested folder, ASSOCIATED what `gazescribe associate` made of it.
    OUT/scanpaths.parquet is the table; OUT/findings.json and OUT/readings.json have the form of
    COCO-Search18, which models of scan paths read.
    """
    params = load_params(shared.params_file)
    summary = run(
        tables,
        associated,
        out,
        override(params.scanpaths, min_share=min_share),
        min_certainty=params.heatmaps.min_certainty,
        size=parse_size(size),
        rules=rules,
        **shared.parallel,
    )
    line = f"scan paths of {plural(summary['n_findings'], 'finding')}"
    line += f" and {plural(summary['n_readings'], 'whole reading')}"
    for kind, counts in summary["left_out"].items():
        if counts:
            line += f"; {kind} left out: {', '.join(f'{n} {why}' for why, n in counts.items())}"
    shared.summarise(f"{line} → {out}", summary)
