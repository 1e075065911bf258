"""The command `fixations`."""

from pathlib import Path
from typing import Any

import click

from gazescribe.pipeline.commands import options
from gazescribe.pipeline.commands.params import load_params
from gazescribe.pipeline.core.console import plural
from gazescribe.pipeline.core.tables import read_table
from gazescribe.pipeline.core.yaml_files import override
from gazescribe.pipeline.gaze.fixations import find_fixations


@options.command("fixations")
@click.argument("tables", type=options.EXISTING_FOLDER)
@click.argument("out", type=options.FOLDER)
@click.option("--method", type=click.Choice(["idt", "ivt"]), help="By dispersion, or by velocity.")
@click.option("--smooth-s", type=float, help="Median of the samples this far round; 0 = none.")
@click.option("--min-duration-s", type=float, help="Shorter fixations are none.")
@click.option("--dispersion-deg", type=float, help="idt: width plus height of a fixation.")
@click.option("--velocity-deg-s", type=float, help="ivt: faster is a saccade.")
@click.option("--velocity-window-s", type=float, help="ivt: velocity is measured over this time.")
@click.option("--px-per-deg", type=float, help="Image pixels a degree, where no table says it.")
@click.option(
    "--against",
    type=options.EXISTING_FOLDER,
    help="Tables whose fixations these are compared with.",
)
@options.parallel_options
@options.params_option
@options.json_option
def fixations(
    tables: Path,
    out: Path,
    px_per_deg: float | None,
    against: Path | None,
    workers: int | None,
    scheduler: str | None,
    params_file: Path | None,
    as_json: bool,
    **values: Any,
) -> None:
    """Find fixations in the samples of TABLES; write all tables, with these, to OUT."""
    settings = override(load_params(params_file).fixations, **values)
    theirs = None if against is None else read_table(against, "fixations")
    summary = find_fixations(
        tables,
        out,
        settings,
        px_per_deg=px_per_deg,
        theirs=theirs,
        workers=workers,
        scheduler=scheduler,
    )
    options.summarise(f"{summary_line(summary)} → {out}", summary, as_json=as_json)


def summary_line(summary: dict[str, Any]) -> str:
    """Say in one line what was found, and how it compares."""
    left_out = ", ".join(f"{reason} {n:,}" for reason, n in summary["without_gaze"].items())
    line = (
        f"{summary['method']}: {plural(summary['fixations'], 'fixation')} of"
        f" {plural(summary['readings_with_gaze'], 'reading')} from"
        f" {plural(summary['samples'], 'sample')}; "
        + (f"without gaze: {left_out}" if left_out else "no reading without gaze")
    )
    compared = summary.get("agreement")
    if compared is None:
        return line
    n_readings = plural(compared["readings"], "reading")
    if compared["distance_deg"] is None:
        return f"{line}; no fixation to compare in {n_readings}"
    return (
        f"{line}; against theirs in {n_readings}:"
        f" {compared['count_ratio']:.2f} times as many, time IoU {compared['time_iou']:.2f},"
        f" {compared['share_matched']:.0%} matched, centres {compared['distance_deg']:.2f}° apart"
    )
