"""A trained network, and what it predicts of images, batch by batch.

What a network is asked, and what its output means, is the matter of its system: a module
`gazescribe.models.<system>.inference` with `predictor(checkpoint, path) -> Predictor`.
"""

import importlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.utils.data import Dataset

from gazescribe.models.core.checkpoint import Checkpoint, load_checkpoint
from gazescribe.models.core.config import SYSTEMS
from gazescribe.models.core.loaders import BatchLoader
from gazescribe.pipeline.core.errors import GazeError, ParamsError, SchemaError
from gazescribe.pipeline.geometry.letterbox import Letterbox
from gazescribe.pipeline.images.ahead import ahead, content_of
from gazescribe.pipeline.images.reading import Decoded, decode_radiograph, fit_radiograph

SHOWN_PX = 384
"""Longer side of an image as overlays show it."""

Decode = Literal["exact", "scaled"]
Source = Path | NDArray[np.uint8]
"""An image: its file, or its grey values, shape (height, width)."""


class Channel(NamedTuple):
    """What one map of a picture shows.

    `kind` is as the index of maps has it: label, saliency, gradcam. `label` is empty where the map
    belongs to none.
    """

    kind: str
    label: str = ""

    @property
    def name(self) -> str:
        """Label, or else the kind."""
        return self.label or self.kind


class BatchOutput(NamedTuple):
    """What a network predicts of a batch.

    Probabilities, (B, labels) in float64, are of the predictor's `labels`. Maps, (B, channels, h,
    w) in float32 and [0, 1], are of the kind asked for, over the whole frame.
    """

    probabilities: Tensor
    maps: Tensor


@dataclass(frozen=True)
class Predictor:
    """A trained network, and how to ask it.

    Attributes
    ----------
    network : Module
        On the CPU, in evaluation mode.
    labels : tuple of str
        What it gives probabilities of.
    maps : mapping of str to tuple of Channel
        What it can draw, by the name it is asked for; first what it draws unless told otherwise.
    ask : callable
        Takes images (B, 1, height, width), uint8, on the network's device, and a kind of map; gives
        a `BatchOutput`.
    """

    checkpoint: Checkpoint
    network: nn.Module
    labels: tuple[str, ...]
    maps: Mapping[str, tuple[Channel, ...]]
    ask: Callable[[Tensor, str], BatchOutput]

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) of the images it takes."""
        return self.checkpoint.input["height"], self.checkpoint.input["width"]

    @property
    def resize(self) -> str:
        """How a picture comes into that size; direct where an older checkpoint does not say."""
        return str(self.checkpoint.input.get("resize", "direct"))

    def kind(self, name: str | None) -> str:
        """Check that it draws this kind of map, or choose the first where none is named."""
        if name is not None and name not in self.maps:
            message = f"this network draws no map {name!r}; it draws {', '.join(self.maps)}."
            raise ParamsError(message)
        return name or next(iter(self.maps))

    def thresholds(self, kind: str) -> dict[str, float]:
        """Give the checkpoint's thresholds of a kind of map, by label; none before evaluation."""
        return dict((self.checkpoint.thresholds or {}).get(kind, {}))


class ImageOutput(NamedTuple):
    """What a network predicts of one image.

    Probabilities are by label; maps, (channels, h, w), are in [0, 1]; `frame` says how the image
    lies in a map; `shown` is the image, its longer side `SHOWN_PX`.
    """

    probabilities: dict[str, float]
    maps: NDArray[np.float32]
    frame: Letterbox
    shown: NDArray[np.uint8]


class FittedImage(NamedTuple):
    """One image in the network's frame, how it lies there, and as overlays show it."""

    pixels: NDArray[np.uint8]
    frame: Letterbox
    shown: NDArray[np.uint8]


def load_predictor(path: Path) -> Predictor:
    """Read a checkpoint of either system; raises GazeError for other files and systems."""
    checkpoint = load_checkpoint(path)
    system = checkpoint.system
    if system not in SYSTEMS:
        message = f"its system is {system!r}; known are {', '.join(SYSTEMS)}."
        raise SchemaError(message, where=path)
    inference = importlib.import_module(f"gazescribe.models.{system}.inference")
    predictor: Predictor = inference.predictor(checkpoint, path)
    return predictor


def predict_images(
    images: Sequence[Source],
    predictor: Predictor,
    kind: str,
    *,
    device: torch.device,
    batch_size: int,
    workers: int,
    decode: Decode = "exact",
) -> Iterator[ImageOutput | GazeError]:
    """Show images to a network; give what it predicts of each, or why it could not be read.

    The predictor's network is moved to `device`. Images that cannot be read leave a batch smaller;
    `workers` are processes that read images, 0 reads between batches; `decode` is as in `images` of
    `params.yaml`.
    """
    network: Any = predictor.network  # torch declares no `to` with both arguments
    # A third faster on a processor for networks of thin layers, the same within rounding.
    network.to(device, memory_format=torch.channels_last)
    dataset = _FittedImages(images, predictor.size, predictor.resize, decode)
    # Arrays, not tensors: they go through pipes and need no shared memory.
    loader = BatchLoader(dataset, workers, batch_size=batch_size, collate_fn=list)
    for batch in loader:
        yield from _predict_batch(batch, predictor, kind, device)


def _predict_batch(
    batch: list[FittedImage | GazeError], predictor: Predictor, kind: str, device: torch.device
) -> Iterator[ImageOutput | GazeError]:
    readable = [image for image in batch if isinstance(image, FittedImage)]
    if readable:
        pixels = torch.from_numpy(np.stack([image.pixels for image in readable]))[:, None]
        if device.type == "cuda":
            pixels = pixels.pin_memory()  # so that the copy need not be waited for
        with torch.inference_mode():
            output = predictor.ask(pixels.to(device, non_blocking=True), kind)
        probabilities = output.probabilities.tolist()
        maps = output.maps.float().cpu().numpy()
    row = 0
    for image in batch:
        if isinstance(image, GazeError):
            yield image
        else:
            if not np.isfinite([*probabilities[row], maps[row].sum()]).all():
                yield GazeError("the network gives numbers for it that are not finite.")
                row += 1
                continue
            by_label = dict(zip(predictor.labels, probabilities[row], strict=True))
            frame = frame_of_maps(image.frame, maps.shape[2:])
            yield ImageOutput(by_label, maps[row], frame, image.shown)
            row += 1


class _FittedImages(Dataset[FittedImage | GazeError]):
    def __init__(
        self,
        images: Sequence[Source],
        size: tuple[int, int],
        resize: str,
        decode: Decode = "exact",
    ) -> None:
        self._images = images
        self._size = size
        self._resize = resize
        self._scaled_to = size if decode == "scaled" else None

    def __len__(self) -> int:
        return len(self._images)

    def __getitem__(self, row: int) -> FittedImage | GazeError:
        return self._fitted(self._images[row], None)

    def __getitems__(self, rows: list[int]) -> list[FittedImage | GazeError]:
        """Give a batch, by torch's name for it; its files are read ahead."""
        sources = [self._images[row] for row in rows]
        paths = (source if isinstance(source, Path) else None for source in sources)
        return list(map(self._fitted, sources, ahead(content_of, paths)))

    def _fitted(self, source: Source, content: bytes | None) -> FittedImage | GazeError:
        try:
            if isinstance(source, Path):
                decoded = decode_radiograph(source, scaled_to=self._scaled_to, content=content)
            else:
                decoded = Decoded(source, (source.shape[0], source.shape[1]))
            fitted, frame = fit_radiograph(decoded, self._size, self._resize)
            return FittedImage(fitted, frame, _shown(decoded.pixels))
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
    ratio = height / frame.height
    scale, pad_y_px, pad_x_px = frame.scale * ratio, frame.pad_y_px * ratio, frame.pad_x_px * ratio
    return Letterbox(height, width, scale, pad_y_px, pad_x_px, frame.image_size)
