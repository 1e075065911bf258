"""The command `report`."""

from pathlib import Path
from typing import Any

import click

from gazescribe.pipeline.commands import options
from gazescribe.pipeline.commands.params import load_params
from gazescribe.pipeline.report.layout import open_run
from gazescribe.pipeline.report.pictures import PICTURE_PX
from gazescribe.pipeline.report.reading import Enclosed
from gazescribe.pipeline.report.run import run


@options.command("report", example="gazescribe report . pages --images data/demo")
@click.argument("run_folder", metavar="RUN", type=options.EXISTING_FOLDER)
@click.argument("out", type=options.FOLDER)
@click.option(
    "--images",
    type=options.EXISTING_FOLDER,
    help="Radiographs, or a folder above them.  [default: the run's own, else GAZE_DATA_ROOT]",
)
@click.option("--no-images", is_flag=True, help="Leave the radiographs out of the pages.")
@click.option(
    "--picture-px",
    metavar="PX",
    type=click.IntRange(min=256),
    default=PICTURE_PX,
    show_default=True,
    help="Long side of the radiographs in the pages, at most.",
)
@click.option(
    "--audio",
    type=options.EXISTING_FOLDER,
    help="Dictations as audio, named as their readings: pages play them. A voice tells who speaks.",
)
@click.option(
    "--readings",
    "count",
    type=click.IntRange(min=0),
    default=24,
    show_default=True,
    help="How many inspectors at most, spread over data sets and labels.",
)
@click.option("--reading", "wanted", multiple=True, help="Only this reading; can be repeated.")
@click.option(
    "--predictions",
    metavar="FOLDER",
    multiple=True,
    type=options.EXISTING_FOLDER,
    help="What predict wrote of the images: maps and probabilities for the inspectors; can be"
    " repeated.",
)
@click.option(
    "--params",
    "params_file",
    type=options.EXISTING_FILE,
    help="Parameters.  [default: the run's own, else ./params.yaml, else the packaged one]",
)
@options.parallel_options
@options.json_option
def report(
    run_folder: Path,
    out: Path,
    no_images: bool,
    picture_px: int,
    audio: Path | None,
    predictions: tuple[Path, ...],
    params_file: Path | None,
    as_json: bool,
    **selection: Any,
) -> None:
    """Write OUT/index.html about a run, and OUT/readings/*.html, an inspector a reading.

    Images of theirs with several readings get a page too, OUT/images/*.html, that lays them side by
    side. RUN is the project folder after `dvc repro`, or a folder with a run.json that names its
    parts. The pages need no network and no server: open them in a browser.
    """
    layout = open_run(run_folder).with_predictions(predictions)
    # The maps of the pages are drawn as the run drew its own.
    run_params = None if layout.params is None else run_folder / layout.params
    params = load_params(params_file or run_params)
    longest_px = None if no_images else picture_px
    enclosed = Enclosed(longest_px, audio, params.ingest.audio_offset_s)
    summary = run(run_folder, out, layout, params.heatmaps, enclosed=enclosed, **selection)
    pictures = ", ".join(f"{n} {why}" for why, n in summary["radiographs"].items()) or "none"
    line = f"{summary['n_inspectors']} inspectors of {summary['n_readings']} readings"
    if n := summary["n_image_pages"]:
        line += f", {n} {'image' if n == 1 else 'images'} side by side"
    for reason, n in summary["images_without_page"].items():
        line += f", {n} not side by side: {reason}"
    if audio is not None:
        line += f", {summary['n_voices']} with audio"
    for name, counts in summary["networks"].items():
        line += f"; {name}: " + ", ".join(f"{n} {reason}" for reason, n in counts.items())
    options.summarise(
        f"{line}; radiographs: {pictures} → {out / 'index.html'}", summary, as_json=as_json
    )
    if not as_json:
        click.secho(summary["notice"], err=True, dim=True)
