"""The command `manifest`: a first manifest of files that nobody has described."""

from pathlib import Path

import click

from gazescribe.pipeline.commands import options


@options.command("manifest", example="gazescribe manifest recordings > mylab.yaml")
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--name", default="mylab", show_default=True, help="Name of the data set.")
def manifest(paths: tuple[Path, ...], name: str) -> None:
    """Print a draft of a manifest for the files and folders at PATHS.

    Formats are recognised, columns and units guessed with the reason behind them; what cannot be
    known is left as a question, `!ask`, which `gazescribe verify` repeats.
    """
    from gazescribe.pipeline.ingest.drafting.run import draft_manifest

    click.echo(draft_manifest(paths, name), nl=False)
