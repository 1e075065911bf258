"""`gazescribe predict`: apply a trained network to pictures.

Reads a checkpoint and JPEG, PNG or DICOM files. Writes to OUT: predictions.json (probabilities, and
how each picture lies in its maps), shards of maps with their index, overlays/, masks/, timing.json
(seconds an image, and the machine) and for `--boxes` localisation.csv and localisation.json.
Drops: pictures that cannot be read, named with the reason in predictions.json.

Work goes on beside OUT, in parts of as many pictures as fill a shard, and moves there whole. A run
that is cut off leaves it; the next one of the same network, list and options does the parts that
are missing, and those whose files have changed.
"""

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from gazescribe.models.core.checkpoint import library_versions
from gazescribe.models.core.device import choose_device
from gazescribe.models.predicting import resuming
from gazescribe.models.predicting.boxes import Boxes, read_boxes
from gazescribe.models.predicting.drawing import Panel, write_mask, write_overlay
from gazescribe.models.predicting.localisation import compare, write_localisation
from gazescribe.models.predicting.pictures import Picture, without_suffix
from gazescribe.models.predicting.timing import TIMING, Stopwatch
from gazescribe.pipeline.core.class_names import labels_metadata
from gazescribe.pipeline.core.console import progress
from gazescribe.pipeline.core.errors import GazeError, ParamsError
from gazescribe.pipeline.core.file_names import safe_name
from gazescribe.pipeline.core.files import write_json
from gazescribe.pipeline.core.shards import ROWS_A_SHARD, shard_name, write_shard
from gazescribe.pipeline.core.tables import table_path, write_table

if TYPE_CHECKING:  # torch takes seconds to import
    from gazescribe.models.predicting.predictor import Channel, Decode, ImageOutput, Predictor

PARTS = ("json", "maps", "masks", "overlays")
PREDICTIONS = "predictions.json"

Row = dict[str, Any]


@dataclass(frozen=True)
class PredictOptions:
    """What the user asks for, by options of the command; None is left to the checkpoint."""

    write: tuple[str, ...] = ("maps", "overlays")
    kind: str | None = None
    threshold: float | None = None
    min_probability: float = 0.5
    boxes: Path | None = None
    decode: "Decode" = "exact"


@dataclass(frozen=True)
class Task:
    """A network, and what to write of what it predicts.

    `write` is of `PARTS`, predictions.json is written in any case; `thresholds` are those of the
    maps of `kind`, by name of the channel; masks and overlays show labels with no less than
    `min_probability`; maps are compared with `boxes`; `decode` is how files are read.
    """

    predictor: "Predictor"
    write: tuple[str, ...]
    kind: str
    thresholds: Mapping[str, float]
    min_probability: float
    boxes: Boxes | None
    decode: "Decode"

    @property
    def channels(self) -> tuple["Channel", ...]:
        """What each map of a picture shows."""
        return self.predictor.maps[self.kind]

    @property
    def labels(self) -> tuple[str, ...]:
        """Label of each map of a picture."""
        return tuple(channel.label for channel in self.channels)


def run(
    checkpoint: Path,
    pictures: Sequence[Picture],
    out: Path,
    options: PredictOptions,
    *,
    batch_size: int = 8,
    workers: int | None = None,
    accelerator: Literal["cpu", "gpu"] | None = None,
) -> dict[str, Any]:
    """Apply a network to pictures; give the counts.

    Raises GazeError if the checkpoint, the boxes or OUT are not what they must be, or no picture
    can be read.
    """
    from gazescribe.models.predicting.predictor import load_predictor, predict_images

    device = choose_device(accelerator)
    stopwatch = Stopwatch(device)
    if workers is None:
        workers = (os.cpu_count() or 1) if device.type == "cuda" else 0
    task = make_task(load_predictor(checkpoint), options, pictures)
    decisive = {
        "write": task.write,
        "kind": task.kind,
        "thresholds": dict(task.thresholds),
        "min_probability": task.min_probability,
        "decode": task.decode,
        "versions": library_versions(),
    }
    files = [path for path in (checkpoint, options.boxes) if path]
    # Pictures whose maps fill a shard, so that a part is a whole file.
    n = max(1, ROWS_A_SHARD // len(task.channels))
    parts = [pictures[start : start + n] for start in range(0, len(pictures), n)]
    key = resuming.fingerprint(files, pictures, decisive)
    with resuming.resumable_folder(out, key, PREDICTIONS) as folder:
        notes = [resuming.read_note(folder, number, part) for number, part in enumerate(parts)]
        missing = [number for number, note in enumerate(notes) if note is None]
        to_do = [picture for number in missing for picture in parts[number]]
        outputs = predict_images(
            [picture.path for picture in to_do],
            stopwatch.timed(task.predictor),
            task.kind,
            device=device,
            batch_size=batch_size,
            workers=workers,
            decode=task.decode,
        )
        shown = progress(outputs, "images", total=len(to_do))
        for number in missing:
            of_part = list(islice(shown, len(parts[number])))
            notes[number] = write_part(number, parts[number], of_part, task, folder)
        timing = stopwatch.summary(task.kind)
        write_json(timing, folder / TIMING)
        summary = finish([note for note in notes if note is not None], task, folder)
        return {**summary, "n_kept": len(pictures) - len(to_do), "timing": timing}


def make_task(predictor: "Predictor", options: PredictOptions, pictures: Sequence[Picture]) -> Task:
    """Complete the options with what the checkpoint says, and read the boxes.

    Raises GazeError if the network draws no such map, masks are asked for and it has no thresholds,
    boxes are given and its maps belong to no label, or the boxes are not what they must be.
    """
    kind = predictor.kind(options.kind)
    channels = predictor.maps[kind]
    if options.boxes and not all(channel.label for channel in channels):
        raise ParamsError(f"{kind} maps belong to no label that boxes could have.")
    thresholds = predictor.thresholds(kind)
    if options.threshold is not None:
        thresholds = dict.fromkeys([channel.name for channel in channels], options.threshold)
    if "masks" in options.write and not thresholds:
        message = f"masks need thresholds of {kind} maps, and this checkpoint has none."
        remedy = "Give the one that `gazescribe evaluate` wrote, or --threshold."
        raise ParamsError(message, remedy=remedy)
    labels = [channel.label for channel in channels]
    boxes = read_boxes(options.boxes, pictures, labels) if options.boxes else None
    return Task(
        predictor, options.write, kind, thresholds, options.min_probability, boxes, options.decode
    )


def write_part(
    number: int,
    part: Sequence[Picture],
    outputs: Sequence["ImageOutput | GazeError"],
    task: Task,
    folder: Path,
) -> Row:
    """Write all of one part; its note last, since where it is the part is done."""
    _clear_part(number, part, folder)
    images: list[Row] = []
    scored: list[Row] = []
    left_out: list[Row] = []
    maps: list[NDArray[np.float32]] = []
    for picture, output in zip(part, outputs, strict=True):
        if task.boxes is not None:
            scored += compare(picture.name, output, task.boxes, task.labels, task.thresholds)
        if isinstance(output, GazeError):
            fault = {"reason": output.what, "remedy": output.remedy}
            left_out.append({"name": picture.name, "path": picture.told_path, **fault})
            continue
        record = write_picture(picture, output, task, folder)
        if "maps" in task.write:
            record["maps"] = {"shard": number, "row": len(maps)}
            maps += list(output.maps)
        images.append(record)
    if maps:
        write_shard(folder, number, (len(maps), *maps[0].shape), maps)
    note = {"images": images, "scored": scored, "left_out": left_out}
    resuming.write_note(folder, number, part, note)
    return note


def _clear_part(number: int, part: Sequence[Picture], folder: Path) -> None:
    """Remove what an earlier run wrote of a part before its files changed, or it was cut off."""
    (folder / shard_name(number)).unlink(missing_ok=True)
    for picture in part:
        (folder / _overlay_path(picture)).unlink(missing_ok=True)
        shutil.rmtree(folder / _masks_path(picture), ignore_errors=True)


def _overlay_path(picture: Picture) -> str:
    return f"overlays/{picture.name}.png"


def _masks_path(picture: Picture) -> str:
    return f"masks/{picture.name}"


def write_picture(picture: Picture, output: "ImageOutput", task: Task, folder: Path) -> Row:
    """Write masks and overlay of a picture; give its record for predictions.json."""
    frame, probabilities = output.frame, output.probabilities
    record: Row = {
        "name": picture.name,
        "path": picture.told_path,
        "probabilities": probabilities,
        "frame": {name: px for name, px in vars(frame).items() if name != "image_size"},
        "width_px": frame.image_size[1],
        "height_px": frame.image_size[0],
    }
    # A map without a label, such as saliency, has no probability and is always shown.
    maps = {
        channel.name: values
        for channel, values in zip(task.channels, output.maps, strict=True)
        if probabilities.get(channel.label, 1.0) >= task.min_probability
    }
    if "masks" in task.write:
        record["masks"] = {}
        for name, values in maps.items():
            path = f"{_masks_path(picture)}/{safe_name(name)}.png"
            write_mask(values, frame, task.thresholds[name], folder / path)
            record["masks"][name] = path
    if "overlays" in task.write:
        record["overlay"] = _overlay_path(picture)
        panels = []
        for name, values in maps.items():
            title = f"{name} {probabilities[name]:.2f}" if name in probabilities else name
            panels.append(Panel(title, values, task.thresholds.get(name)))
        title = picture.name if panels else f"nothing from {task.min_probability:g} on"
        write_overlay(output.shown, frame, title, panels, folder / record["overlay"])
    return record


def finish(notes: Sequence[Row], task: Task, folder: Path) -> Row:
    """Write what sums all parts up; give it, but for the single pictures.

    Raises GazeError if no picture could be read.
    """
    images = [record for note in notes for record in note["images"]]
    left_out = [record for note in notes for record in note["left_out"]]
    if not images:
        faults = [f"{record['path']}: {record['reason']}" for record in left_out]
        raise GazeError(f"not one of {len(left_out)} images can be read.", faults=faults)
    checkpoint = task.predictor.checkpoint
    summary: Row = {
        "checkpoint": {
            "name": checkpoint.run["name"],
            "system": checkpoint.system,
            "run_hash": checkpoint.run_hash,
        },
        "map": task.kind,
        "thresholds": dict(task.thresholds) or None,
        "min_probability": task.min_probability,
        "decode": task.decode,
        "n_images": len(images),
        "left_out": left_out,
    }
    if "maps" in task.write:
        source = f"{checkpoint.run['name']} {checkpoint.run_hash}"
        _write_index(images, task, folder, source)
    if task.boxes is not None:
        rows = [row for note in notes for row in note["scored"]]
        about = {"map": task.kind, "counts": task.boxes.counts}
        summary["localisation"] = write_localisation(
            rows, task.labels, task.thresholds, about, folder
        )
    write_json({**summary, "images": images}, folder / PREDICTIONS)
    return summary


def _write_index(images: Sequence[Row], task: Task, folder: Path, source: str) -> None:
    """Write the index of the maps; `reading_id` is the picture's name."""
    rows = [
        {
            "reading_id": record["name"],
            "kind": channel.kind,
            "label": channel.label,
            "dataset": "predicted",
            # MIMIC-CXR names files by their dicom id.
            "dicom_id": without_suffix(PurePosixPath(record["path"]).name),
            "shard": record["maps"]["shard"],
            "row": record["maps"]["row"] + number,
            **record["frame"],
        }
        for record in images
        for number, channel in enumerate(task.channels)
    ]
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    labels = [channel.label for channel in task.channels if channel.label]
    metadata = labels_metadata(labels) if labels else {}
    write_table(columns, folder, "heatmaps", {"checkpoint": source, **metadata})
    table_path(folder, "heatmaps").rename(folder / "index.parquet")
