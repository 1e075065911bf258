"""Export heatmaps and Gaussians as a data set that other labs load without this code.

Reads: a folder of tables, what `associate` wrote, and folders of shards; radiographs and mentions
on request.
Writes: `OUT/`: data in one format, README.md, index.html, LICENSE_NOTICE.md, croissant.json,
columns.csv, provenance.json, load_example.py, SHA256SUMS.
Params: `heatmaps`, for maps drawn at `--size`.
Drops: dictations, radiographs and what readers noted, unless asked for; paths of images always.
Images that are absent or unreadable are counted.
"""

from pathlib import Path
from typing import Any

import click

from gazescribe.pipeline.commands import options
from gazescribe.pipeline.commands.params import load_params
from gazescribe.pipeline.core.console import plural
from gazescribe.pipeline.export.ids import write_key
from gazescribe.pipeline.export.run import FORMATS, ExportRequest, run


@options.command(
    "export",
    example="gazescribe export data/tables/reflacx data/associated/reflacx exported --size 512",
    section="heatmaps",
    takes_addresses=True,
)
# Not required by click: --new-key goes without them.
@click.argument("tables", type=options.EXISTING_FOLDER, required=False, metavar="TABLES")
@click.argument("associated", type=options.EXISTING_FOLDER, required=False, metavar="ASSOCIATED")
@click.argument("out", type=options.FOLDER, required=False, metavar="OUT")
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    default="parquet",
    show_default=True,
    help="What it is written as.",
)
@click.option(
    "--shards", type=options.EXISTING_FOLDER, multiple=True, help="Folder of maps; can be repeated."
)
@click.option(
    "--size",
    "sizes",
    multiple=True,
    help="Draw label maps, without any label saliency maps, at N or HxW; can be repeated.",
)
@click.option(
    "--threshold",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    help="Regions of coco are where a map is above this part of its maximum.  [default: 0.5]",
)
@click.option(
    "--include-images",
    "images",
    type=options.EXISTING_FOLDER,
    help="Include radiographs from this folder.",
)
@click.option(
    "--include-annotations",
    "annotations",
    type=options.EXISTING_FILE,
    metavar="MENTIONS",
    help="Include these mentions, also denied ones, with fixations, ellipses and certainties.",
)
@click.option(
    "--include-scanpaths",
    "scanpaths",
    type=options.EXISTING_FOLDER,
    help="Include the scan paths that `gazescribe scanpaths` wrote to this folder.",
)
@click.option(
    "--rules", type=options.EXISTING_FOLDER, help="Rules that know the labels of MENTIONS."
)
@click.option("--include-text", "text", is_flag=True, help="Include the dictations.")
@click.option(
    "--published",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Day on which it is published.  [default: that of the newest source]",
)
@click.option(
    "--hash-ids",
    "key_file",
    type=options.EXISTING_FILE,
    help="Replace ids by hashes with this key file; see --new-key.",
)
@click.option(
    "--new-key",
    type=options.FOLDER,
    metavar="FILE",
    help="Make a key in a new FILE, and nothing else.",
)
@options.shared_options
def export(
    tables: Path | None,
    associated: Path | None,
    out: Path | None,
    new_key: Path | None,
    shared: options.Shared,
    **values: Any,
) -> None:
    """Export TABLES and ASSOCIATED as a data set in OUT that others load without this program.

    It holds windows and Gaussians, from which every map is drawn without loss, and the maps of
    --shards and --size. It holds no radiograph and no word of a dictation unless asked; it is
    searched for both before it is moved into place.
    """
    if new_key is not None:
        write_key(new_key)
        click.echo(f"a key of 256 bits, for you alone to read → {new_key}")
        return
    if tables is None or associated is None or out is None:
        raise click.UsageError("TABLES, ASSOCIATED and OUT are needed.")
    request = ExportRequest(**values)
    params = load_params(shared.params_file).heatmaps
    provenance = run(tables, associated, out, request, params, **shared.parallel)
    for content, texts in provenance["duties"].items():
        for text in texts:
            click.secho(f"{content} included, and with it a duty: {text}", fg="yellow", err=True)
    counts = [f"{table['rows']:,} {name}" for name, table in provenance["tables"].items()]
    counts += [
        f"{plural(maps['maps'], 'map')} in {name}" for name, maps in provenance["maps"].items()
    ]
    if not provenance["maps"] and request.form != "bids":
        counts.append("no maps: give --shards or --size")
    counts += [f"{n:,} {name}" for name, n in provenance["counts"].items()]
    ids = "ids hashed" if request.key_file else "ids as in the sources"
    shared.summarise(f"{request.form}: {', '.join(counts)}; {ids} → {out}", provenance)
