"""The command `sources`."""

from pathlib import Path

import click

from gazescribe.pipeline.commands import options
from gazescribe.pipeline.core.errors import ManifestError
from gazescribe.pipeline.core.files import write_json
from gazescribe.pipeline.sources.listing import list_beside, list_sources
from gazescribe.pipeline.sources.loading import complete_dataset, load_readable
from gazescribe.pipeline.sources.roots import find_root


@options.command(
    "sources", example="gazescribe sources reflacx data/demo data/sources/reflacx.json"
)
@click.argument("dataset", shell_complete=complete_dataset)
@click.argument("root", type=options.EXISTING_FOLDER)
@click.argument("out", type=click.Path(dir_okay=False, path_type=Path))
@options.json_option
def sources(dataset: str, root: Path, out: Path, *, as_json: bool) -> None:
    """List the files under ROOT that the readers use, with sizes and md5s, in OUT.

    DATASET is the name of a manifest, as reflacx, or the file of your own. One that is not there
    gives an empty list: who has REFLACX alone can run what needs it.
    """
    manifest = load_readable(dataset)
    try:
        content = list_sources(find_root(root, manifest), manifest)
    except ManifestError as absent:
        content = {"dataset": manifest.name, "size": {}, "md5": {}, "absent": absent.what}
        click.secho(f"warning: {absent}", fg="yellow", err=True)
    if beside := list_beside(root, manifest):
        content["beside"] = beside
    write_json(content, out)
    name = manifest.name
    counts = {"dataset": name, "files": len(content["size"]), "hashed": len(content["md5"])}
    line = f"{name}: {counts['files']:,} files, {counts['hashed']:,} of them hashed → {out}"
    options.summarise(line, counts, as_json=as_json)
