"""The command `maps`: all from the files of a recorder to heatmaps and a page of pictures."""

from collections.abc import Iterator
from pathlib import Path

import click

from gazescribe.pipeline.commands import options
from gazescribe.pipeline.commands.chain import Chain
from gazescribe.pipeline.commands.fixations import noise_warning
from gazescribe.pipeline.commands.ingest import counts_line
from gazescribe.pipeline.commands.params import load_params
from gazescribe.pipeline.core.console import plural
from gazescribe.pipeline.core.errors import GazeError, ManifestError
from gazescribe.pipeline.core.locks import alone
from gazescribe.pipeline.dictation.reviews.applying import say_reviews
from gazescribe.pipeline.ingest.understood import say
from gazescribe.pipeline.report.counts import LeftOut, left_out, read_metrics
from gazescribe.pipeline.report.layout import open_run
from gazescribe.pipeline.sources.loading import complete_dataset, load_readable
from gazescribe.pipeline.sources.roots import find_root

WITHOUT_GAZE = ("mimic-cxr-jpg",)  # radiographs and reports alone


@options.command("maps", example="gazescribe maps mylab.yaml recordings mylab-maps")
@click.argument("dataset", metavar="MANIFEST", shell_complete=complete_dataset)
@click.argument("root", type=options.EXISTING_FOLDER)
@click.argument("out", type=options.FOLDER)
@click.option(
    "--images",
    type=options.EXISTING_FOLDER,
    help="Radiographs, or a folder above them.  [default: ROOT]",
)
@click.option("--rules", type=options.EXISTING_FOLDER, help="Rules folder.  [default: ./rules]")
@options.reviews_option
@options.mimic_metadata_option
@options.shared_options
def maps(
    dataset: str,
    root: Path,
    out: Path,
    images: Path | None,
    mimic_metadata: Path | None,
    rules: Path | None,
    reviews: tuple[Path, ...],
    shared: options.Shared,
) -> None:
    """Go from the files of ROOT to heatmaps and a page of pictures in OUT.

    MANIFEST is that of your own data (docs/own-data.md), or reflacx or egd. All stages are run:
    verify, ingest, fixations where there are samples alone, label, associate, heatmaps, report. A
    later run does what is missing or has changed. --reviews correct mentions and windows.
    """
    manifest = load_readable(dataset)
    if manifest.name in WITHOUT_GAZE:
        message = f"{manifest.name} has no gaze, so there are no maps to draw."
        raise ManifestError(message)
    others = sorted(path.name for path in out.glob("tables/[!.]*") if path.name != manifest.name)
    if others:
        message = f"maps of {', '.join(others)} lie here, and {manifest.name} would mix with them."
        raise GazeError(message, where=out, remedy="Name another folder, or empty this one.")
    tree = find_root(root, manifest)
    if out.resolve().is_relative_to(tree):
        message = "OUT lies in ROOT, where its files could be taken for those of a recorder."
        raise GazeError(message, where=out, remedy="Name a folder beside ROOT.")
    params = load_params(shared.params_file)
    sources = (root, images, mimic_metadata, rules, reviews)
    chain = Chain(manifest, tree, out, params, *sources, shared.parallel)
    with alone(out):
        chain.run()
    shared.summarise("\n".join(_lines(chain)), chain.summaries)


def _lines(chain: Chain) -> Iterator[str]:
    """Say what was read and drawn, what was lost and why, and where to look."""
    yield counts_line(chain.summaries["ingest"])
    yield from say(chain.summaries["verify"].get("understood", {}))  # of an earlier version
    if chain.is_without_fixations:
        summary = chain.summaries["fixations"]
        seen = plural(summary["readings_with_gaze"], "reading")
        yield f"fixations found in samples: {summary['fixations']:,}, of {seen}"
        if "noise" in summary and (warning := noise_warning(summary)):  # not of an earlier version
            yield warning
    for stage in ("label", "associate"):
        if reviews := say_reviews(chain.summaries.get(stage, {}).get("reviews")):
            yield f"{stage}{reviews}"
    n_maps = {kind: chain.summaries[f"heatmaps of {kind}"]["n_maps"] for kind in chain.kinds}
    maps = ", ".join(plural(n, f"{kind} map") for kind, n in n_maps.items())
    if not any(n_maps.values()):
        maps = "nothing was drawn: no reading has gaze for a map"
    elif not chain.has_dictation:
        maps += "; no dictation, so no maps of labels"
    yield f"{maps} → {chain.out / 'heatmaps'}"
    layout = open_run(chain.out)
    lost, noticed = left_out(read_metrics(chain.out, layout.metrics, layout.datasets))
    yield from _reasons("left out", lost)
    yield from _reasons("noticed and kept", noticed)
    states = chain.summaries["report"]["radiographs"].items()
    pictures = ", ".join(f"{n:,} {state}" for state, n in states)
    if chain.radiographs is None:
        pictures = f"none, for no image_path leads to one below {chain.start} (--images)"
    yield f"radiographs: {pictures}"
    yield f"look at {chain.out / 'report' / 'index.html'}"


def _reasons(title: str, rows: list[LeftOut]) -> Iterator[str]:
    counted = [row for row in rows if row.count]
    yield f"{title}:" if counted else f"{title}: nothing"
    for row in counted:
        yield f"  {row.stage}, {row.objects}: {row.reason} {row.count:,}"
