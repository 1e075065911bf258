"""Apply a trained network to pictures, batch by batch.

What a network is asked, and what its answer means, is the matter of its system: a module
`models.<system>.prediction` with `predictor(path) -> Predictor`.
"""

import importlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from gazescribe.models.core.checkpoint import Checkpoint, read_metadata
from gazescribe.models.core.config import SYSTEMS
from gazescribe.models.predicting.pictures import Picture
from gazescribe.pipeline.core.errors import GazeError, ParamsError, SchemaError
from gazescribe.pipeline.geometry.letterbox import Letterbox
from gazescribe.pipeline.images.reading import letterboxed, read_radiograph

SHOWN_PX = 384
"""Longer side of a picture as it is shown."""


class Channel(NamedTuple):
    """What one map of a picture shows.

    Attributes
    ----------
    kind : str
        As the index of maps has it: label, saliency, gradcam.
    label : str
        Empty where it belongs to none.
    """

    kind: str
    label: str = ""

    @property
    def name(self) -> str:
        """Label, or else the kind."""
        return self.label or self.kind


class Answer(NamedTuple):
    """What a network says of a batch.

    Attributes
    ----------
    probabilities : Tensor of float64, shape (B, labels)
        Of the predictor's `labels`; no column where it has none.
    maps : Tensor of float32, shape (B, channels, h, w)
        Of the kind asked for, in [0, 1], one for each of its channels, over the whole frame.
    """

    probabilities: Tensor
    maps: Tensor


@dataclass(frozen=True)
class Predictor:
    """A trained network, and how to ask it.

    Attributes
    ----------
    checkpoint : Checkpoint
        What its file says.
    network : Module
        On the CPU, in evaluation mode.
    labels : tuple of str
        What it gives probabilities of.
    maps : mapping of str to tuple of Channel
        What it can draw, by the name it is asked for; first what it draws unless told otherwise.
    ask : callable
        Takes images (B, 1, height, width), uint8, on the network's device, and a kind of map; gives
        an `Answer`.
    """

    checkpoint: Checkpoint
    network: nn.Module
    labels: tuple[str, ...]
    maps: Mapping[str, tuple[Channel, ...]]
    ask: Callable[[Tensor, str], Answer]

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) of the images it takes."""
        return self.checkpoint.input["height"], self.checkpoint.input["width"]

    @property
    def resize(self) -> str:
        """How a picture comes into that size; direct where an older checkpoint does not say."""
        return str(self.checkpoint.input.get("resize", "direct"))

    def kind(self, wanted: str | None) -> str:
        """Choose a kind of map.

        Raises
        ------
        ParamsError
            If it cannot draw that one.
        """
        if wanted is not None and wanted not in self.maps:
            what = f"this network draws no map {wanted!r}; it draws {', '.join(self.maps)}."
            raise ParamsError(what)
        return wanted or next(iter(self.maps))

    def thresholds(self, kind: str) -> dict[str, float]:
        """Give the checkpoint's thresholds of a kind of map, by label; none before evaluation."""
        return dict((self.checkpoint.thresholds or {}).get(kind, {}))


class Seen(NamedTuple):
    """One picture, and what the network says of it.

    Attributes
    ----------
    probabilities : ndarray of float64, shape (labels,)
    maps : ndarray of float32, shape (channels, h, w)
    frame : Letterbox
        How the picture lies in a map.
    shown : ndarray of uint8
        The picture, its longer side `SHOWN_PX`.
    """

    probabilities: NDArray[np.float64]
    maps: NDArray[np.float32]
    frame: Letterbox
    shown: NDArray[np.uint8]


class Loaded(NamedTuple):
    """One picture in the network's frame, how it lies there, and as it is shown."""

    image: NDArray[np.uint8]
    frame: Letterbox
    shown: NDArray[np.uint8]


def load_predictor(path: Path) -> Predictor:
    """Read a checkpoint of either system.

    Raises
    ------
    GazeError
        If the file is no checkpoint of ours, or of a system that nobody knows.
    """
    system = read_metadata(path).get("system")
    if system not in SYSTEMS:
        what = f"its system is {system!r}; known are {', '.join(SYSTEMS)}."
        raise SchemaError(what, where=path)
    found: Predictor = importlib.import_module(f"models.{system}.prediction").predictor(path)
    return found


def look_at(
    pictures: Sequence[Picture],
    predictor: Predictor,
    kind: str,
    *,
    device: torch.device,
    batch_size: int,
    workers: int,
) -> Iterator[Seen | GazeError]:
    """Show pictures to a network; give what it says of each, or why it could not be read.

    Parameters
    ----------
    pictures : sequence of Picture
        In this order.
    predictor : Predictor
        Its network is moved to `device`.
    kind : str
        Of maps.
    device : torch.device
        On what.
    batch_size : int
        Pictures a batch; those that cannot be read leave it smaller.
    workers : int
        Processes that read pictures; 0 reads between batches.
    """
    # A third faster on a processor for networks of thin layers, the same within rounding.
    predictor.network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    loader = DataLoader(
        _Pictures(pictures, predictor.size, predictor.resize),
        batch_size=batch_size,
        num_workers=workers,
        collate_fn=list,
    )
    for batch in loader:
        yield from _answered(batch, predictor, kind, device)


def _answered(
    batch: list[Loaded | GazeError], predictor: Predictor, kind: str, device: torch.device
) -> Iterator[Seen | GazeError]:
    read = [one for one in batch if isinstance(one, Loaded)]
    answers: Iterator[Seen] = iter(())
    if read:
        images = torch.from_numpy(np.stack([one.image for one in read]))[:, None].to(device)
        with torch.inference_mode():
            said = predictor.ask(images, kind)
        probabilities = said.probabilities.cpu().numpy()
        maps = said.maps.float().cpu().numpy()
        answers = (
            Seen(probabilities[at], maps[at], frame_of_maps(one.frame, maps.shape[2:]), one.shown)
            for at, one in enumerate(read)
        )
    for one in batch:
        yield one if isinstance(one, GazeError) else next(answers)


class _Pictures(Dataset[Loaded | GazeError]):
    def __init__(self, pictures: Sequence[Picture], size: tuple[int, int], resize: str) -> None:
        self._pictures = pictures
        self._size = size
        self._resize = resize

    def __len__(self) -> int:
        return len(self._pictures)

    def __getitem__(self, at: int) -> Loaded | GazeError:
        try:
            image = read_radiograph(self._pictures[at].path)
            return Loaded(*letterboxed(image, self._size, self._resize), _shown(image))
        except GazeError as error:
            return error


def _shown(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    from PIL import Image

    height, width = image.shape
    scale = SHOWN_PX / max(image.shape)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.array(Image.fromarray(image).resize(size, Image.Resampling.BICUBIC))


def frame_of_maps(frame: Letterbox, size: tuple[int, ...]) -> Letterbox:
    """Frame of a map that covers a whole frame with fewer, or more, pixels a side."""
    height, width = size
    times = height / frame.height
    return Letterbox(
        height,
        width,
        frame.scale * times,
        frame.pad_y_px * times,
        frame.pad_x_px * times,
        frame.image_size,
    )
