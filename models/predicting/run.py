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
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from gazescribe.models.evaluating.run import device_of
from gazescribe.models.predicting.boxes import read_boxes
from gazescribe.models.predicting.output import PREDICTIONS, Job, Wish, finish, write_part
from gazescribe.models.predicting.pictures import Picture
from gazescribe.models.predicting.resuming import (
    check_out,
    fingerprint,
    read_note,
    resumable_folder,
)
from gazescribe.pipeline.core.console import progress
from gazescribe.pipeline.core.errors import ParamsError
from gazescribe.pipeline.core.shards import ROWS_A_SHARD

if TYPE_CHECKING:  # torch takes seconds to import
    from gazescribe.models.predicting.predictor import Predictor

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
    from gazescribe.models.core.checkpoint import library_versions
    from gazescribe.models.predicting.predictor import load_predictor, predict_images

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
    with resumable_folder(out, fingerprint(files, pictures, said), PREDICTIONS) as folder:
        done = {number: read_note(folder, number, part) for number, part in parts.items()}
        rest = [number for number in parts if done[number] is None]
        to_do = [one for number in rest for one in parts[number]]
        seen = predict_images(
            [picture.path for picture in to_do],
            predictor,
            wish.kind,
            device=device,
            batch_size=batch_size,
            workers=workers,
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
