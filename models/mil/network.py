"""The multiple-instance network (Lanfredi et al. 2023, Sections 2.3 and 2.4, Figure 3).

Grey images → ResNet → layers 3 and 4 joined at the finer of the two → head → ten logits a cell;
from the head's activations, a decoder draws the ten maps at eight times the grid. For 512 pixels
and `resnet50`: 3072 joined channels, 32x32 cells, maps of 256x256 pixels.

The cross-entropy baseline is the same network: its image logit is the mean of its cells
(`losses.pooled_logits`). Weights that are not read from a file start as torch starts them.
"""

from itertools import pairwise
from pathlib import Path
from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812  the name all of torch's users know

from gazescribe.models.core.backbones import Backbone, BackboneName
from gazescribe.pipeline.core.class_names import TEN_LABELS
from gazescribe.pipeline.core.errors import ArrayError

Normalise = Literal["once", "twice"]

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_SD = (0.229, 0.224, 0.225)
HEAD_WIDTH = {"resnet50": 512, "resnet18": 512, "tiny": 64}  # 512: Figure 3
DECODER_MOMENTUM = 0.01  # of its batch normalisation, as in the published code


class Output(NamedTuple):
    """What the network says about a batch.

    Attributes
    ----------
    logits : Tensor, shape (B, 10, g, g)
        Grid logits γ.
    activations : Tensor, shape (B, head width, g, g)
        What the logits are a 1x1 convolution of; not negative.
    decoder_logits : Tensor, shape (B, 10, 8g, 8g), or None
        None where there is no decoder or it was not asked for.
    """

    logits: Tensor
    activations: Tensor
    decoder_logits: Tensor | None


class MilNetwork(nn.Module):
    """ResNet, multi-resolution join, head and decoder.

    Parameters
    ----------
    backbone : {"resnet50", "resnet18", "tiny"}
        See `models.core.backbones`. With `tiny`, head and decoder are eight times narrower, too.
    layers : tuple of int
        Layers of the backbone that the head sees: (3, 4), or (4,) for a single resolution.
    grid : int
        Cells a side, that is image size over the stride of the first of the layers: 32 for (3, 4)
        and 16 for (4,) at 512 pixels. Images that give another grid are refused.
    decoder : bool
        Whether maps are decoded.
    normalise : {"once", "twice"}
        How often ImageNet's mean and deviation are applied; the published code does it twice.
    weights : str or Path, optional
        Local weight file of the backbone.
    """

    def __init__(
        self,
        *,
        backbone: BackboneName,
        layers: tuple[int, ...],
        grid: int,
        decoder: bool,
        normalise: Normalise,
        weights: str | Path | None = None,
    ) -> None:
        super().__init__()
        self.grid = grid
        self.normalise = normalise
        self.backbone = Backbone(backbone, layers, weights)
        width = HEAD_WIDTH[backbone]
        self.head = nn.Sequential(
            nn.Conv2d(sum(self.backbone.channels), width, kernel_size=3, padding=1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
        )
        self.classifier = nn.Conv2d(width, len(TEN_LABELS), kernel_size=1)
        self.decoder = _decoder(width) if decoder else None

    def forward(self, images: Tensor, *, decode: bool = True) -> Output:
        """Classify cells, and decode maps if asked to.

        In training, decode whole batches even when no image is annotated, as the published code
        does: the decoder's batch normalisation averages over all of them, and every parameter has
        a gradient then. Without need of maps, `decode=False` saves a tenth of the time.

        Parameters
        ----------
        images : Tensor, shape (B, 1, H, W)
            Grey: uint8, or float in [0, 1]. Normalisation happens here.
        decode : bool
            Whether to run the decoder, if there is one.

        Returns
        -------
        Output

        Raises
        ------
        ArrayError
            If the images have not one channel, or give another grid than the network's.
        """
        if images.ndim != 4 or images.shape[1] != 1:
            raise ArrayError(f"images of shape {tuple(images.shape)}: expected (B, 1, H, W).")
        joined = join(self.backbone(normalised(images, self.normalise)))
        if joined.shape[2:] != (self.grid, self.grid):
            height, width = joined.shape[2:]
            raise ArrayError(
                f"images of {images.shape[2]}x{images.shape[3]} pixels give {height}x{width} "
                f"cells; this network has {self.grid}x{self.grid}."
            )
        activations = self.head(joined)
        maps = self.decoder(activations) if decode and self.decoder is not None else None
        return Output(self.classifier(activations), activations, maps)


def normalised(images: Tensor, normalise: Normalise) -> Tensor:
    """Three channels of a grey image, with ImageNet's mean and deviation applied.

    Both are folded in one scale and shift a channel, so nothing is kept on the device for them.

    Parameters
    ----------
    images : Tensor, shape (B, 1, H, W)
        uint8, or float in [0, 1].
    normalise : {"once", "twice"}
        How often.

    Returns
    -------
    Tensor of float, shape (B, 3, H, W)
    """
    times = {"once": 1, "twice": 2}[normalise]
    grey = images if images.is_floating_point() else images.float() / 255
    channels = []
    for mean, sd in zip(IMAGENET_MEAN, IMAGENET_SD, strict=True):
        scale, shift = 1.0, 0.0
        for _ in range(times):
            scale, shift = scale / sd, (shift - mean) / sd
        channels.append(grey * scale + shift)
    return torch.cat(channels, dim=1)


def join(features: list[Tensor]) -> Tensor:
    """Concatenate layers, the coarser ones repeated to the cells of the first.

    Parameters
    ----------
    features : list of Tensor, shapes (B, C, h, w)
        Finest first.

    Returns
    -------
    Tensor, shape (B, sum of C, h, w)
    """
    size = features[0].shape[2:]
    finest, *coarser = features
    return torch.cat([finest, *(F.interpolate(layer, size=size) for layer in coarser)], dim=1)


def _decoder(width: int) -> nn.Sequential:
    """Three blocks that double the resolution; batch normalisation has the last word."""
    widths = (width, width // 4, width // 8, len(TEN_LABELS))
    blocks: list[nn.Module] = []
    for channels, out in pairwise(widths):
        blocks += [
            nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True),
            nn.Conv2d(channels, out, kernel_size=3, padding=1),
            nn.BatchNorm2d(out, momentum=DECODER_MOMENTUM),
            nn.ReLU(),
        ]
    return nn.Sequential(*blocks[:-1])
