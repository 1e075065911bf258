"""`gazescribe predict`: apply a trained network to pictures.

Reads a checkpoint and JPEG, PNG or DICOM files. Writes to OUT: predictions.json (probabilities, and
how each picture lies in its maps), shards of maps with their index, overlays/, masks/, and for
`--boxes` localisation.csv and localisation.json.
Drops: pictures that cannot be read, named with the reason in predictions.json.

Work goes on beside OUT, in parts of as many pictures as fill a shard, and moves there whole. A run
that is cut off leaves it; the next one of the same network, list and options does the parts that
are missing, and those whose files have changed.
"""

import dataclasses
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from models.boxes import read_boxes
from models.evaluate import device_of
from models.pictures import Picture, list_pictures
from models.predicted import PREDICTIONS, Job, Wish, finish, write_part
from models.resuming import check_out, fingerprint, read_note, resumable_folder
from pipeline.console import EXISTING_FILE, FOLDER, command, json_option, progress, summarise
from pipeline.errors import MAX_SHOWN, GazeError, ParamsError
from pipeline.shards import ROWS_A_SHARD

if TYPE_CHECKING:  # torch takes seconds to import
    from models.prediction import Predictor

PARTS = ("json", "maps", "masks", "overlays")
Row = dict[str, Any]


@dataclass(frozen=True)
class Asked:
    """What was asked for; None is left to the checkpoint. Fields are options of the command."""

    write: tuple[str, ...] = ("maps", "overlays")
    kind: str | None = None
    threshold: float | None = None
    min_probability: float = 0.5
    boxes: Path | None = None


def _parts(_: click.Context, __: click.Parameter, value: str) -> tuple[str, ...]:
    parts = tuple(part.strip() for part in value.split(","))
    unknown = sorted(set(parts) - set(PARTS))
    if unknown:
        message = f"{', '.join(map(repr, unknown))}; known are {', '.join(PARTS)}."
        raise click.BadParameter(message)
    return parts


@command("predict")
@click.argument("checkpoint", type=EXISTING_FILE)
@click.argument(
    "images", metavar="[IMAGE]...", nargs=-1, type=click.Path(exists=True, path_type=Path)
)
@click.option("--out", type=FOLDER, help="Folder to write to; needed but for --card.")
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
@click.option("--boxes", type=EXISTING_FILE, help="COCO file to compare maps with.")
@click.option("--batch-size", type=click.IntRange(min=1), default=8, show_default=True)
@click.option(
    "--workers",
    type=click.IntRange(min=0),
    help="Processes that read images.  [default: as many as cores with a GPU, else none]",
)
@click.option(
    "--accelerator", type=click.Choice(["cpu", "gpu"]), help="[default: gpu where there is one]"
)
@json_option
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
        from models.checkpoint import read_metadata

        click.echo(read_metadata(checkpoint)["card"])
        return
    if out is None or not images:
        raise GazeError("give at least one IMAGE and --out FOLDER, or --card.")
    pictures, others = list_pictures(images, but=out)
    summary = run(
        checkpoint,
        pictures,
        out,
        Asked(**asked),
        batch_size=batch_size,
        workers=workers,
        accelerator=accelerator,
    )
    summary["other_files"] = others
    for one in summary["left_out"][:MAX_SHOWN]:
        text = f"warning: {one['path']}: {one['reason']} {one['remedy'] or ''}"
        click.secho(text.rstrip(), fg="yellow", err=True)
    reasons = Counter(one["reason"].rstrip(".") for one in summary["left_out"])
    line = f"{summary['n_images']} images predicted by {summary['checkpoint']['name']}"
    line += "; left out: " + (", ".join(f"{n} {why}" for why, n in reasons.items()) or "none")
    line += f"; {sum(others.values())} other files in the folders" if others else ""
    line += f"; {summary['n_kept']} kept from a run that was cut off" if summary["n_kept"] else ""
    if (mean := summary.get("localisation")) is not None:
        line += "; boxes: " + ", ".join(f"{what} {_rounded(value)}" for what, value in mean.items())
    summarise(f"{line} → {out}", summary, as_json=as_json)


def _rounded(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.3f}"


def run(
    checkpoint: Path,
    pictures: Sequence[Picture],
    out: Path,
    asked: Asked,
    *,
    batch_size: int = 8,
    workers: int | None = None,
    accelerator: Literal["cpu", "gpu"] | None = None,
) -> dict[str, Any]:
    """Apply a network to pictures; give the counts.

    Raises
    ------
    GazeError
        If the checkpoint, the boxes or OUT are not what they must be, or no picture can be read.
    """
    from models.checkpoint import library_versions
    from models.prediction import load_predictor, look_at

    check_out(out, PREDICTIONS)
    device = device_of(accelerator)
    if workers is None:
        workers = (os.cpu_count() or 1) if device.type == "cuda" else 0
    predictor = load_predictor(checkpoint)
    wish = wish_of(predictor, asked)
    job = Job(predictor, wish, None)
    if asked.boxes:
        job = dataclasses.replace(job, boxes=read_boxes(asked.boxes, pictures, job.labels))
    said = {**dataclasses.asdict(wish), "versions": library_versions()}
    files = [one for one in (checkpoint, asked.boxes) if one]
    n = max(1, ROWS_A_SHARD // len(job.channels))
    parts = {at // n: pictures[at : at + n] for at in range(0, len(pictures), n)}
    with resumable_folder(out, fingerprint(files, pictures, said)) as folder:
        done = {number: read_note(folder, number, part) for number, part in parts.items()}
        rest = [number for number in parts if done[number] is None]
        to_do = [one for number in rest for one in parts[number]]
        seen = look_at(
            to_do, predictor, wish.kind, device=device, batch_size=batch_size, workers=workers
        )
        shown = progress(seen, "images", total=len(to_do))
        for number in rest:
            answers = list(islice(shown, len(parts[number])))
            done[number] = write_part(number, parts[number], answers, job, folder)
        notes = [note for note in done.values() if note is not None]
        return {**finish(notes, job, folder), "n_kept": len(pictures) - len(to_do)}


def wish_of(predictor: "Predictor", asked: Asked) -> Wish:
    """Complete what was asked for with what the checkpoint says.

    Raises
    ------
    ParamsError
        If it draws no such map, masks are wanted and it has no thresholds, or boxes are given and
        its maps belong to no label.
    """
    kind = predictor.kind(asked.kind)
    channels = predictor.maps[kind]
    if asked.boxes and not all(channel.label for channel in channels):
        raise ParamsError(f"{kind} maps belong to no label that boxes could have.")
    thresholds = predictor.thresholds(kind)
    if asked.threshold is not None:
        thresholds = dict.fromkeys([channel.name for channel in channels], asked.threshold)
    if "masks" in asked.write and not thresholds:
        what = f"masks need thresholds of {kind} maps, and this checkpoint has none."
        remedy = "Give the one that `gazescribe evaluate` wrote, or --threshold."
        raise ParamsError(what, remedy=remedy)
    return Wish(asked.write, kind, thresholds, asked.min_probability)
