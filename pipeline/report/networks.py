"""What trained networks predict of the images of readings, as `gazescribe predict` wrote it.

Reads: `predictions.json` of a folder, and its shards of maps where they were written.
Drops: pictures of no reading shown; readings without a picture of their image, or with one of
another aspect, are counted by reason.
"""

import io
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Annotated

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pydantic import Field

from gazescribe.pipeline.core.file_names import RADIOGRAPH_SUFFIXES
from gazescribe.pipeline.core.shards import Shards, open_shards
from gazescribe.pipeline.geometry.canvas import Size
from gazescribe.pipeline.geometry.sizes import is_scaled
from gazescribe.pipeline.report.parts import Row
from gazescribe.pipeline.report.pictures import embedded
from gazescribe.pipeline.report.sheets import Sheet, sheet
from gazescribe.pipeline.report.written import WrittenJson, read_json

PREDICTIONS = "predictions.json"
REMEDY = "Name a folder that `gazescribe predict` wrote."
SHOWN = "shown"
NO_PICTURE = "its image is not among the pictures"
SEVERAL = "several pictures are of its image"
UNREADABLE = "the picture could not be read"
OTHER_ASPECT = "the picture is of another aspect"


class PredictedFrame(WrittenJson):
    """How a picture lies in its maps: the attributes of a Letterbox."""

    height: int = Field(gt=0)
    width: int = Field(gt=0)
    scale: float = Field(gt=0)
    pad_y_px: float
    pad_x_px: float


class PredictedPicture(WrittenJson):
    """What a network said of one picture."""

    name: str
    path: str
    probabilities: dict[str, Annotated[float, Field(ge=0, le=1)]]
    frame: PredictedFrame
    width_px: int = Field(gt=0)
    height_px: int = Field(gt=0)


class LeftOut(WrittenJson):
    """A picture that could not be read."""

    name: str
    path: str


class NamedCheckpoint(WrittenJson):
    """Of the checkpoint that was asked."""

    name: str


class Predicted(WrittenJson):
    """`predictions.json`."""

    checkpoint: NamedCheckpoint
    map: str
    images: list[PredictedPicture]
    left_out: list[LeftOut] = Field(default_factory=list)


@dataclass(frozen=True)
class Network:
    """The answers of one network.

    `pictures` has them by name and by file name without suffix, which for MIMIC-CXR is the dicom
    id; None stands for a picture that could not be read. `shards` is None where no maps were
    written; `map` is what was asked for.
    """

    name: str
    map: str
    pictures: Mapping[str, list[PredictedPicture | None]]
    shards: Shards | None


@dataclass(frozen=True)
class Answer:
    """What a network says of the image of one reading."""

    network: str
    map: str
    picture: PredictedPicture
    shards: Shards | None  # its own maps alone


@dataclass(frozen=True)
class Answers:
    """What all networks say of the image of one reading, and why some say nothing."""

    given: list[Answer] = field(default_factory=list)
    missing: dict[str, str] = field(default_factory=dict)  # name of the network, and reason


def open_predictions(folders: Sequence[Path]) -> list[Network]:
    """Open what `gazescribe predict` wrote for several networks.

    Raises
    ------
    GazeError
        If one of the folders is no such, or its maps are not what it says.
    """
    contents = [read_json(folder / PREDICTIONS, Predicted, REMEDY) for folder in folders]
    names = [content.checkpoint.name for content in contents]
    networks = []
    for folder, content, name in zip(folders, contents, names, strict=True):
        pictures: dict[str, list[PredictedPicture | None]] = {}
        for picture in content.images:
            for key in _keys(picture.name, picture.path):
                pictures.setdefault(key, []).append(picture)
        for left_out in content.left_out:
            for key in _keys(left_out.name, left_out.path):
                pictures.setdefault(key, []).append(None)
        shards = open_shards(folder) if (folder / "index.parquet").is_file() else None
        title = name if names.count(name) == 1 else f"{name} ({folder.name})"
        networks.append(Network(title, content.map, pictures, shards))
    return networks


def _keys(name: str, path: str) -> set[str]:
    file = PurePosixPath(path)
    is_picture = file.suffix.lower() in RADIOGRAPH_SUFFIXES  # an id may have dots in it
    return {name, file.name.removesuffix(file.suffix) if is_picture else file.name}


def ask(networks: Iterable[Network], reading: Row) -> Answers:
    """Find what networks say of a reading, a row of that table: by its id, else by its image's."""
    answers = Answers()
    for network in networks:
        pictures = network.pictures.get(reading["reading_id"])
        pictures = pictures or network.pictures.get(reading["dicom_id"], [])
        size = (reading["height_px"], reading["width_px"])
        reason = _reason(pictures, None if None in size else size)
        if reason:
            answers.missing[network.name] = reason
            continue
        (picture,) = pictures
        if picture is not None:
            maps = _maps_of(network.shards, picture.name)
            answers.given.append(Answer(network.name, network.map, picture, maps))
    return answers


def _reason(pictures: Sequence[PredictedPicture | None], size: Size | None) -> str:
    """Say why these pictures of a reading are of no use; empty where they are."""
    if len(pictures) != 1:
        return SEVERAL if pictures else NO_PICTURE
    (picture,) = pictures
    if picture is None:
        return UNREADABLE
    fits = size is None or is_scaled((picture.height_px, picture.width_px), size)
    return "" if fits else OTHER_ASPECT


def _maps_of(shards: Shards | None, name: str) -> Shards | None:
    if shards is None:
        return None
    index: pa.Table = shards.index
    return Shards(shards.folder, index.filter(pc.equal(index["reading_id"], name)), shards.kind)


def count_answers(answers: Iterable[Answers], names: Iterable[str]) -> dict[str, dict[str, int]]:
    """Count for each network the readings that it says something of, and the others by reason."""
    counts: dict[str, Counter[str]] = {name: Counter() for name in names}
    for answers_of_reading in answers:
        for answer in answers_of_reading.given:
            counts[answer.network][SHOWN] += 1
        for name, reason in answers_of_reading.missing.items():
            counts[name][reason] += 1
    return {name: dict(sorted(count.items())) for name, count in counts.items()}


def for_script(answers: Answers, image_size: Size, labels: Collection[str]) -> list[Row]:
    """Give the script the probabilities, and the maps of these labels and of no label.

    The form is that of `templates/room/network.js`. Maps that belong to no label, such as saliency,
    are an entry each.
    """
    entries = []
    for answer in answers.given:
        # Pixels of the picture may be larger than those of the image that the gaze is placed on.
        scale = answer.picture.frame.scale * answer.picture.height_px / image_size[0]
        frame = answer.picture.frame.model_dump() | {"scale": scale}
        for title, maps in _maps_by_title(answer, labels).items():
            by_label: Row = {
                label: {"probability": None, "map": data} for label, data in maps.items()
            }
            for label, probability in answer.picture.probabilities.items():
                by_label[label] = {"probability": probability, "map": maps.get(label)}
            entries.append({"name": title, "frame": frame, "labels": by_label})
    return entries


def _maps_by_title(answer: Answer, labels: Collection[str]) -> dict[str, dict[str, str]]:
    """Encode the maps of an answer, by what names them and by label."""
    maps: dict[str, dict[str, str]] = {}
    if answer.shards is not None:
        for number, row in enumerate(answer.shards.index.to_pylist()):
            if not row["label"] or row["label"] in labels:
                kind = answer.map if row["label"] else row["kind"]
                of_kind = maps.setdefault(f"{answer.network}, {kind}", {})
                of_kind[row["label"]] = _grey(answer.shards.finite(number))
    return maps or {answer.network: {}}


def _grey(values: NDArray[np.floating]) -> str:
    """Encode a map as a PNG of its own size, 255 where it is 1."""
    from PIL import Image

    grey = np.rint(np.clip(values.astype(np.float32), 0, 1) * 255).astype(np.uint8)
    with io.BytesIO() as file:
        Image.fromarray(grey).save(file, format="PNG", optimize=True)
        return embedded("image/png", file.getvalue())


def as_sheet(answers: Answers, channels: Sequence[str]) -> Sheet | None:
    """Say in a table what the networks think probable; None where none was asked.

    Labels come in the order of `channels`, then those that are none of them.
    """
    if not answers.given and not answers.missing:
        return None
    labels = [label for answer in answers.given for label in answer.picture.probabilities]
    rows = []
    for label in dict.fromkeys([*filter(labels.__contains__, channels), *labels]):
        probabilities = (answer.picture.probabilities.get(label) for answer in answers.given)
        rows.append([label, *("" if value is None else f"{value:.3f}" for value in probabilities)])
    table = sheet(
        "Probabilities by the networks",
        ["label", *(answer.network for answer in answers.given)],
        rows,
        shown=len(rows),
    )
    table.notes.extend(f"{name}: {reason}." for name, reason in answers.missing.items())
    return table
