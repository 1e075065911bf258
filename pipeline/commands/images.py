"""The command `images`."""

from pathlib import Path
from typing import Any

import click

from gazescribe.pipeline.commands import options
from gazescribe.pipeline.commands.params import load_params, size_of
from gazescribe.pipeline.core.yaml_files import override
from gazescribe.pipeline.images.reading import why_pillow
from gazescribe.pipeline.images.run import SUFFIXES, run


@options.command(
    "images",
    example="gazescribe images data/tables/reflacx data/demo images --size mil",
    section="images",
    takes_addresses=True,
)
@click.argument("tables", type=options.EXISTING_FOLDER)
@click.argument("root", type=options.RADIOGRAPHS)
@click.argument("out", type=options.FOLDER)
@click.option(
    "--also",
    type=options.EXISTING_FOLDER,
    multiple=True,
    help="Add the radiographs of these tables; can be repeated.",
)
@click.option(
    "--also-from",
    type=(options.EXISTING_FOLDER, options.RADIOGRAPHS),
    multiple=True,
    metavar="TABLES ROOT",
    help="Add those of tables whose radiographs lie elsewhere; can be repeated.",
)
@click.option("--source", type=click.Choice(list(SUFFIXES)), help="Which files.")
@click.option("--size", help="Model pixels: N, HxW, or a network: the size of its images.")
@click.option("--resize", type=click.Choice(["direct", "published"]), help="Once, or twice.")
@click.option(
    "--decode",
    type=click.Choice(["exact", "scaled"]),
    help="All pixels of a JPEG file, or the means of blocks no larger than a model pixel: faster.",
)
@click.option("--depth", type=int, help="Bits of a model pixel: 8 or 16.")
@options.shared_options
def images(
    tables: Path,
    root: Path,
    out: Path,
    also: tuple[Path, ...],
    also_from: tuple[tuple[Path, Path], ...],
    size: str | None,
    shared: options.Shared,
    **choices: Any,
) -> None:
    """Fit the radiographs under ROOT that TABLES list into OUT/images-00000.npy … with an index."""
    all_params = load_params(shared.params_file)
    size = size_of(size, all_params, shared.params_file)
    params = override(all_params.images, size=size, **choices)
    sources = [*((folder, root) for folder in (tables, *also)), *also_from]
    # Before workers begin: what is compiled here they find.
    slower = why_pillow() if params.decode == "scaled" else ""
    summary = run(sources, out, params, **shared.parallel)
    left_out = ", ".join(f"{counts['n']} {why}" for why, counts in summary["left_out"].items())
    line = f"{summary['n_images']} radiographs in {summary['n_shards']} shards"
    line += f"; left out: {left_out or 'none'}"
    if n_copies := summary["scaled_copies"]["n"]:
        line += f"; {n_copies} are copies at another scale"
    if params.decode == "scaled":
        line += f"; {summary['n_decoded_scaled']} decoded scaled"
    if slower and summary["n_decoded_scaled"]:
        click.echo(f"Pillow decodes: {slower}", err=True)
    if others := summary.get("other_files"):
        line += f"; {others['n']} ids stand for another file in later tables, which is not taken"
        line += f" ({', '.join(others['first'])})"
    if n_resumed := summary["n_shards_kept"]:
        line += f"; {n_resumed} shards kept from a run that was cut off"
    shared.summarise(f"{line} → {out}", summary)
