"""What is written of a network's answers: records, masks, overlays, maps, comparison with boxes."""

import csv
import shutil
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gazescribe.models.predicting.boxes import Boxes, mask_of
from gazescribe.models.predicting.drawing import Panel, spread, write_mask, write_overlay
from gazescribe.models.predicting.localisation import fit, limits_of, sum_up
from gazescribe.models.predicting.pictures import Picture, safe_name, without_suffix
from gazescribe.models.predicting.resuming import write_note
from gazescribe.pipeline.core.errors import GazeError
from gazescribe.pipeline.core.files import replacing, write_json
from gazescribe.pipeline.core.shards import shard_name, write_shard
from gazescribe.pipeline.core.tables import table_path, write_table

if TYPE_CHECKING:
    from gazescribe.models.predicting.predictor import Channel, ImageOutput, Predictor

FRAME = ("height", "width", "scale", "pad_x_px", "pad_y_px")
PREDICTIONS = "predictions.json"
SCORED = (
    *("name", "label", "probability", "threshold", "iou", "best_threshold", "best_iou"),
    *("hit", "area_px"),
)
"""Columns of localisation.csv."""

Row = dict[str, Any]


@dataclass(frozen=True)
class Wish:
    """What to write.

    Attributes
    ----------
    write : tuple of str
        Of `PARTS`; predictions.json is written in any case.
    kind : str
        Of maps.
    thresholds : mapping of str to float
        Of maps, by name of the channel.
    min_probability : float
        Masks and overlays show labels with no less than this.
    """

    write: tuple[str, ...]
    kind: str
    thresholds: Mapping[str, float]
    min_probability: float


@dataclass(frozen=True)
class Job:
    """A network, what to write of what it says, and boxes to compare it with."""

    predictor: "Predictor"
    wish: Wish
    boxes: Boxes | None

    @property
    def channels(self) -> tuple["Channel", ...]:
        """What each map of a picture shows."""
        return self.predictor.maps[self.wish.kind]

    @property
    def labels(self) -> tuple[str, ...]:
        """Label of each map of a picture."""
        return tuple(channel.label for channel in self.channels)


def write_part(
    number: int,
    part: Sequence[Picture],
    answers: Sequence["ImageOutput | GazeError"],
    job: Job,
    folder: Path,
) -> Row:
    """Write all of one part; its note last, since where it is the part is done."""
    clear_part(number, part, folder)
    images: list[Row] = []
    scored: list[Row] = []
    left_out: list[Row] = []
    maps: list[NDArray[np.float32]] = []
    for picture, seen in zip(part, answers, strict=True):
        if isinstance(seen, GazeError):
            why = {"reason": seen.what, "remedy": seen.remedy}
            left_out.append({"name": picture.name, "path": picture.said, **why})
            boxed = job.boxes.shapes.get(picture.name, {}) if job.boxes else {}
            unread = {"name": picture.name, "left_out": "the picture cannot be read"}
            scored += [{**unread, "label": label} for label in boxed]
            continue
        said = write_picture(picture, seen, job, folder)
        if "maps" in job.wish.write:
            said["maps"] = {"shard": number, "row": len(maps)}
            maps += list(seen.maps)
        images.append(said)
        scored += compare(picture, seen, job)
    if maps:
        write_shard(folder, number, (len(maps), *maps[0].shape), maps)
    note = {"images": images, "scored": scored, "left_out": left_out}
    write_note(folder, number, part, note)
    return note


def clear_part(number: int, part: Sequence[Picture], folder: Path) -> None:
    """Remove what an earlier run wrote of a part before its files changed, or it was cut off."""
    (folder / shard_name(number)).unlink(missing_ok=True)
    for picture in part:
        (folder / overlay_of(picture)).unlink(missing_ok=True)
        shutil.rmtree(folder / masks_of(picture), ignore_errors=True)


def overlay_of(picture: Picture) -> str:
    """Where the overlay of a picture lies in the folder."""
    return f"overlays/{picture.name}.png"


def masks_of(picture: Picture) -> str:
    """Where the masks of a picture lie in the folder."""
    return f"masks/{picture.name}"


def write_picture(picture: Picture, seen: "ImageOutput", job: Job, folder: Path) -> Row:
    """Write masks and overlay of a picture; give what predictions.json says of it."""
    wish = job.wish
    said = dict(zip(job.predictor.labels, seen.probabilities.tolist(), strict=True))
    found: Row = {
        "name": picture.name,
        "path": picture.said,
        "probabilities": said,
        "frame": {name: getattr(seen.frame, name) for name in FRAME},
        "width_px": seen.frame.image_size[1],
        "height_px": seen.frame.image_size[0],
    }
    probable = [
        (channel.name, values)
        for channel, values in zip(job.channels, seen.maps, strict=True)
        if said.get(channel.label, 1.0) >= wish.min_probability
    ]
    if "masks" in wish.write:
        found["masks"] = {}
        for name, values in probable:
            place = f"{masks_of(picture)}/{safe_name(name)}.png"
            mask = spread(values, seen.frame) > np.float32(wish.thresholds[name])
            write_mask(mask, folder / place)
            found["masks"][name] = place
    if "overlays" in wish.write:
        found["overlay"] = overlay_of(picture)
        panels = [
            Panel(_title(name, said.get(name)), values, wish.thresholds.get(name))
            for name, values in probable
        ]
        title = picture.name if panels else f"nothing from {wish.min_probability:g} on"
        write_overlay(seen.shown, seen.frame, title, panels, folder / found["overlay"])
    return found


def _title(name: str, probability: float | None) -> str:
    return name if probability is None else f"{name} {probability:.2f}"


def write_index(images: Sequence[Row], job: Job, folder: Path, about: Row) -> None:
    """Write the index of the maps.

    `reading_id` is the picture's name, `dicom_id` that of its file, which MIMIC-CXR names so.
    """
    channels = job.channels

    def each(values: Iterable[Any]) -> list[Any]:
        return [value for value in values for _ in channels]

    columns = {
        "reading_id": each(one["name"] for one in images),
        "kind": [channel.kind for channel in channels] * len(images),
        "label": [channel.label for channel in channels] * len(images),
        "dataset": each(["predicted"] * len(images)),
        "dicom_id": each(without_suffix(PurePosixPath(one["path"]).name) for one in images),
        "shard": each(one["maps"]["shard"] for one in images),
        "row": [one["maps"]["row"] + at for one in images for at in range(len(channels))],
        **{name: each(one["frame"][name] for one in images) for name in FRAME},
    }
    write_table(columns, folder, "heatmaps", {"checkpoint": f"{about['name']} {about['run_hash']}"})
    table_path(folder, "heatmaps").rename(folder / "index.parquet")


def compare(picture: Picture, seen: "ImageOutput", job: Job) -> list[Row]:
    """Compare the maps of a picture with its boxes: one row a label, or why it cannot be."""
    if job.boxes is None:
        return []
    rows: list[Row] = []
    wanted, size = job.boxes.sizes.get(picture.name, (None, None)), seen.frame.image_size
    for label, shapes in job.boxes.shapes.get(picture.name, {}).items():
        row: Row = {"name": picture.name, "label": label}
        mask = mask_of(shapes, size)
        if any(told not in (None, is_) for told, is_ in zip(wanted, size, strict=True)):
            row["left_out"] = "the picture is of another size than the COCO file says"
        elif not mask.any():
            row["left_out"] = "the shapes hold no pixel's centre"
        else:
            at = job.labels.index(label)
            threshold = job.wish.thresholds.get(label)
            limits = limits_of(job.wish.thresholds)
            row["probability"] = float(seen.probabilities[job.predictor.labels.index(label)])
            row |= fit(spread(seen.maps[at], seen.frame), mask, threshold, limits)
        rows.append(row)
    return rows


def finish(notes: Sequence[Row], job: Job, folder: Path) -> Row:
    """Write what sums all parts up; give it, but for the single pictures.

    Raises
    ------
    GazeError
        If no picture could be read.
    """
    images, left_out = (
        [one for note in notes for one in note[key]] for key in ("images", "left_out")
    )
    if not images:
        faults = [f"{one['path']}: {one['reason']}" for one in left_out]
        raise GazeError(f"not one of {len(left_out)} images can be read.", faults=faults)
    said = job.predictor.checkpoint
    about = {"name": said.run["name"], "system": said.system, "run_hash": said.run_hash}
    summary: Row = {
        "checkpoint": about,
        "map": job.wish.kind,
        "thresholds": dict(job.wish.thresholds) or None,
        "min_probability": job.wish.min_probability,
        "n_images": len(images),
        "left_out": left_out,
    }
    if "maps" in job.wish.write:
        write_index(images, job, folder, about)
    if job.boxes is not None:
        summary["localisation"] = write_scores(notes, job, folder)
    write_json({**summary, "images": images}, folder / PREDICTIONS)
    return summary


def write_scores(notes: Sequence[Row], job: Job, folder: Path) -> Row:
    """Write localisation.csv and localisation.json; give the means over labels."""
    rows = [row for note in notes for row in note["scored"]]
    scored = [row for row in rows if "left_out" not in row]
    limits = limits_of(job.wish.thresholds)
    with (
        replacing(folder / "localisation.csv") as beside,
        beside.open("w", encoding="utf-8", newline="") as file,
    ):
        writer = csv.DictWriter(file, SCORED, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(scored)
    found = sum_up(scored, job.labels, limits)
    counts = dict(job.boxes.counts) if job.boxes else {}
    counts["cases"] = len(scored)
    counts["cases_left_out"] = dict(Counter(row["left_out"] for row in rows if "left_out" in row))
    content = {**found, "map": job.wish.kind, "limits": list(limits), "counts": counts}
    write_json(content, folder / "localisation.json")
    mean: Row = found["mean"]
    return mean
