"""The command `measures`."""

from functools import partial
from pathlib import Path
from typing import Any

import click

from gazescribe.pipeline.commands import options
from gazescribe.pipeline.commands.params import load_params
from gazescribe.pipeline.core.console import plural
from gazescribe.pipeline.measures.run import Sources, run


@options.command(
    "measures",
    example="gazescribe measures data/tables/reflacx data/associated/reflacx measures/reflacx",
    section="measures",
)
@click.argument("tables", type=options.EXISTING_FOLDER)
@click.argument("associated", type=options.EXISTING_FOLDER)
@click.argument("out", type=options.FOLDER)
@click.option(
    "--regions",
    type=options.EXISTING_FILE,
    help="CSV of regions of your own: region, four sides in pixels, reading_id or dicom_id.",
)
@click.option("--mentions", type=options.EXISTING_FILE, help="When labels are said, to the word.")
@click.option("--rules", type=options.EXISTING_FOLDER, help="Rules folder.")
@options.shared_options
def measures(
    tables: Path,
    associated: Path,
    out: Path,
    regions: Path | None,
    mentions: Path | None,
    rules: Path | None,
    shared: options.Shared,
) -> None:
    """Measure how readings look at regions, for each label, and around each mention.

    TABLES is an ingested folder, ASSOCIATED what `gazescribe associate` made of it. Three tables
    in OUT, as Parquet and CSV: region_measures, reading_measures and mention_leads; OUT/columns.csv
    says what each column is, OUT/measures.html shows means and pictures.
    """
    from gazescribe.pipeline.report.measures_page import show_measures  # pandas, matplotlib

    params = load_params(shared.params_file)
    summary = run(
        Sources(tables, associated, mentions, regions, rules),
        out,
        params.measures,
        min_share=params.scanpaths.min_share,
        min_certainty=params.heatmaps.min_certainty,
        show=partial(show_measures, tables=tables, settings=params.figures),
        **shared.parallel,
    )
    shared.summarise(f"{_line(summary)} → {out}", summary)


def _line(summary: dict[str, Any]) -> str:
    line = f"{plural(summary['n_readings'], 'reading')}"
    for key, text in (
        ("fixation_median_s", "fixation {:.3f} s"),
        ("amplitude_median_deg", "saccade {:.1f}°"),
        ("lung_coverage_median", "{:.0%} of the lungs seen"),
        ("lead_median_s", "eyes {:.1f} s before the sentence"),
    ):
        if summary[key] is not None:
            line += f", {text.format(summary[key])}"
    if summary["n_readings"]:
        line += " (medians)"
    for kind, counts in summary["left_out"].items():
        if counts:
            line += f"; {kind} left out: {', '.join(f'{n} {why}' for why, n in counts.items())}"
    return line
