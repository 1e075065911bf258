"""The command `predict`."""

from collections import Counter
from pathlib import Path
from typing import Any, Literal

import click

from gazescribe.models.commands.run_options import accelerator_option
from gazescribe.models.core.card_text import card_text
from gazescribe.models.core.checkpoint import read_metadata
from gazescribe.models.predicting.pictures import list_pictures
from gazescribe.models.predicting.run import PARTS, PredictOptions, run
from gazescribe.pipeline.commands import options
from gazescribe.pipeline.core.console import plural
from gazescribe.pipeline.core.errors import MAX_SHOWN, GazeError
from gazescribe.pipeline.images.reading import why_pillow


def _parts(_: click.Context, __: click.Parameter, value: str) -> tuple[str, ...]:
    parts = tuple(part.strip() for part in value.split(","))
    unknown = sorted(set(parts) - set(PARTS))
    if unknown:
        message = f"{', '.join(map(repr, unknown))}; known are {', '.join(PARTS)}."
        raise click.BadParameter(message)
    return parts


@options.command(
    "predict",
    example="gazescribe predict models/et-seed0/model.safetensors x-rays --out predicted",
)
@click.argument("checkpoint", type=options.EXISTING_FILE)
@click.argument(
    "images", metavar="[IMAGE]...", nargs=-1, type=click.Path(exists=True, path_type=Path)
)
@click.option("--out", type=options.FOLDER, help="Folder to write to; needed but for --card.")
@click.option("--card", is_flag=True, help="Only print the model card in the checkpoint.")
@click.option(
    "--write",
    default="maps,overlays",
    show_default=True,
    callback=_parts,
    help="maps, masks, overlays, with commas between; json writes predictions.json alone.",
)
@click.option("--map", "kind", help="Kind of maps.  [default: the checkpoint's best]")
@click.option(
    "--threshold",
    type=click.FloatRange(0, 1),
    help="Where maps are cut.  [default: the checkpoint's, by label]",
)
@click.option(
    "--min-probability",
    type=click.FloatRange(0, 1),
    default=0.5,
    show_default=True,
    help="Masks and overlays show labels with no less.",
)
@click.option(
    "--decode",
    type=click.Choice(["exact", "scaled"]),
    default="exact",
    show_default=True,
    help="All pixels of a JPEG file, or the means of blocks no larger than a model pixel: faster.",
)
@click.option("--boxes", type=options.EXISTING_FILE, help="COCO file to compare maps with.")
@click.option(
    "--batch-size",
    type=click.IntRange(min=1),
    default=8,
    show_default=True,
    help="Images in one pass.",
)
@click.option(
    "--workers",
    type=click.IntRange(min=0),
    help="Processes that read images.  [default: as many as cores with a GPU, else none]",
)
@accelerator_option
@options.json_option
def predict(
    checkpoint: Path,
    images: tuple[Path, ...],
    out: Path | None,
    card: bool,
    batch_size: int,
    workers: int | None,
    accelerator: Literal["cpu", "gpu"] | None,
    as_json: bool,
    **asked: Any,
) -> None:
    """Apply the network of CHECKPOINT to each IMAGE: probabilities, maps, masks, overlays.

    CHECKPOINT is a model.safetensors that `gazescribe train` or `evaluate` wrote; the one of
    `evaluate` has thresholds. IMAGE is a JPEG, PNG or DICOM file, a folder of them, or a csv with a
    column path (and, if you like, name).
    """
    if card:
        metadata = read_metadata(checkpoint)
        options.summarise(card_text(metadata), metadata, as_json=as_json)
        return
    if out is None or not images:
        raise GazeError("give at least one IMAGE and --out FOLDER, or --card.")
    pictures, other_suffixes = list_pictures(images, but=out)
    if asked["decode"] == "scaled" and (slower := why_pillow()):
        click.echo(f"Pillow decodes: {slower}", err=True)
    summary = run(
        checkpoint,
        pictures,
        out,
        PredictOptions(**asked),
        batch_size=batch_size,
        workers=workers,
        accelerator=accelerator,
    )
    summary["other_files"] = other_suffixes
    for fault in summary["left_out"][:MAX_SHOWN]:
        text = f"warning: {fault['path']}: {fault['reason']} {fault['remedy'] or ''}"
        click.secho(text.rstrip(), fg="yellow", err=True)
    reasons = Counter(fault["reason"].rstrip(".") for fault in summary["left_out"])
    n_others = sum(other_suffixes.values())
    predicted, checkpoint = plural(summary["n_images"], "image"), summary["checkpoint"]["name"]
    line = f"{predicted} predicted by {checkpoint}"
    line += "; left out: " + (", ".join(f"{n} {why}" for why, n in reasons.items()) or "none")
    line += f"; {plural(n_others, 'other file')} in the folders" if n_others else ""
    line += f"; {summary['n_kept']} kept from a run that was cut off" if summary["n_kept"] else ""
    if "localisation" in summary:
        means = summary["localisation"].items()
        line += "; boxes: " + ", ".join(f"{name} {_rounded(mean)}" for name, mean in means)
    options.summarise(f"{line} → {out}", summary, as_json=as_json)


def _rounded(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.3f}"
