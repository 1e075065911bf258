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

OTHER_METHOD = "Use `--method i2mc`, or `method: i2mc` in section fixations of the parameters"


@options.command(
    "fixations",
    example="gazescribe fixations tables with-fixations --method i2mc",
    section="fixations",
    takes_addresses=True,
)
@click.argument("tables", type=options.EXISTING_FOLDER)
@click.argument("out", type=options.FOLDER)
@click.option(
    "--method",
    type=click.Choice(["idt", "ivt", "i2mc"]),
    help="By dispersion, by velocity, or by clusters (for noisy samples).",
)
@click.option(
    "--smooth-s", type=float, help="idt, ivt: median of the samples this far round; 0 = none."
)
@click.option("--min-duration-s", type=float, help="Shorter fixations are none.")
@click.option("--dispersion-deg", type=float, help="idt: width plus height of a fixation.")
@click.option("--velocity-deg-s", type=float, help="ivt: faster is a saccade.")
@click.option("--velocity-window-s", type=float, help="ivt: velocity is measured over this time.")
@click.option(
    "--noise-factor",
    type=float,
    help="ivt: velocities up to this many times noise are no saccades.",
)
@click.option("--interpolate-s", type=float, help="i2mc: shorter losses are filled in.")
@click.option(
    "--cutoff-sd", type=float, help="i2mc: how many deviations from the mean a saccade is."
)
@click.option(
    "--merge-deg", type=float, help="i2mc: nearer fixations are one, if within --merge-s."
)
@click.option(
    "--merge-s", type=float, help="i2mc: sooner fixations are one, if within --merge-deg."
)
@click.option("--seed", type=int, help="i2mc: of the clusters.")
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
    if warning := noise_warning(summary):
        click.secho(warning, fg="yellow", err=True)
    options.summarise(f"{summary_line(summary)} → {out}", summary, as_json=as_json)


def noise_warning(summary: dict[str, Any]) -> str:
    """Say that samples are noisier than the method bears, and what to do; '' where they are not."""
    noise, method = summary["noise"], summary["method"]
    if not noise["readings_beyond"]:
        return ""
    consequences = {
        "idt": f"it finds pieces of fixations, or none. {OTHER_METHOD}",
        "ivt": f"it finds pieces of fixations, or joins them. {OTHER_METHOD}",
        "i2mc": "neighbouring fixations are joined. Prefer the recorder's own fixations",
    }
    readings = f"{noise['readings_beyond']:,} of {plural(noise['readings'], 'reading')}"
    return (
        f"warning: {readings} are noisier than {method} bears (RMS from sample to sample:"
        f" median {noise['median_deg']:.2f}°, of at most {noise['limit_deg']:.2f}°):"
        f" {consequences[method]} (docs/own-data.md)."
    )


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
