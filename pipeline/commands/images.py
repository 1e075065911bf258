"""The command `images`."""

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
from gazescribe.pipeline.core.yaml_files import override
from gazescribe.pipeline.images.run import SUFFIXES, run


@command("images")
@click.argument("tables", type=EXISTING_FOLDER)
@click.argument("root", type=EXISTING_FOLDER)
@click.argument("out", type=FOLDER)
@click.option(
    "--also",
    type=EXISTING_FOLDER,
    multiple=True,
    help="Add the radiographs of these tables; can be repeated.",
)
@click.option("--source", type=click.Choice(list(SUFFIXES)), help="Which files.")
@click.option("--size", help="Model pixels: N, HxW, or a network: the size of its images.")
@click.option("--resize", type=click.Choice(["direct", "published"]), help="Once, or twice.")
@params_option
@parallel_options
@json_option
def images(
    tables: Path,
    root: Path,
    out: Path,
    also: tuple[Path, ...],
    params_file: Path | None,
    workers: int | None,
    scheduler: str | None,
    as_json: bool,
    size: str | None,
    **choices: str | None,
) -> None:
    """Fit the radiographs under ROOT that TABLES list into OUT/images-00000.npy … with an index."""
    all_params = load_params(params_file)
    params = override(all_params.images, size=size_of(size, all_params, params_file), **choices)
    summary = run([tables, *also], root, out, params, workers=workers, scheduler=scheduler)
    left_out = ", ".join(f"{counts['n']} {why}" for why, counts in summary["left_out"].items())
    line = f"{summary['n_images']} radiographs in {summary['n_shards']} shards"
    line += f"; left out: {left_out or 'none'}"
    for name, phrase in (
        ("other_size_than_the_table", "of another size than the table says"),
        ("n_shards_kept", "shards kept from a run that was cut off"),
    ):
        count = summary[name] if isinstance(summary[name], int) else summary[name]["n"]
        line += f"; {count} {phrase}" if count else ""
    summarise(f"{line} → {out}", summary, as_json=as_json)
