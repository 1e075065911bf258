"""The multiple-instance network (Lanfredi et al. 2023, Sections 2.3, 2.4 and 2.9, Figure 3).

Grey images → ResNet → layers 3 and 4 joined at the finer of the two → head → a logit a label and
cell; from the head's activations, a decoder draws a map of each label at eight times the grid. For
512 pixels and `resnet50`: 3072 joined channels, 32x32 cells, maps of 256x256 pixels.

The cross-entropy baseline is the same network: its image logit is the mean of its cells
(`losses.pooled_logits`). Weights that are not read from a file start as torch starts them.

No Lightning here: it takes 20 s to import, and applying a network does not need it.
"""

import dataclasses
from itertools import pairwise
from pathlib import Path
from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812  the name all of torch's users know

from gazescribe.models.core.backbones import IMAGENET_MEAN, IMAGENET_SD, Backbone, BackboneName
from gazescribe.models.core.checkpoint import Checkpoint, load_checkpoint, load_weights
from gazescribe.models.core.config import read_settings
from gazescribe.models.core.starting_weights import file_of
from gazescribe.models.mil.losses import image_probability, pooled_logits
from gazescribe.models.mil.settings import MilRun
from gazescribe.pipeline.core.errors import ArrayError

Normalise = Literal["once", "twice"]

HEAD_WIDTH = {"resnet50": 512, "resnet18": 512, "tiny": 64}  # 512: Figure 3
DECODER_MOMENTUM = 0.01  # of its batch normalisation, as in the published code
EMPTY = 1e-20  # added to a maximum by the published code: a map without a lit cell stays 0


class MilOutput(NamedTuple):
    """What the network says about a batch.

    `logits`, (B, labels, g, g), are the grid logits γ; `activations`, (B, head width, g, g), what
    they are a 1x1 convolution of, not negative; `decoder_logits`, (B, labels, 8g, 8g), are None
    where there is no decoder or it was not asked for.
    """

    logits: Tensor
    activations: Tensor
    decoder_logits: Tensor | None


class MilNetwork(nn.Module):
    """ResNet, multi-resolution join, head and decoder.

    With the backbone `tiny` (`models.core.backbones`), head and decoder are eight times narrower,
    too. The head sees its `layers`: (3, 4), or (4,) for a single resolution. `grid` is the number
    of cells a side, that is image size over the stride of the first of the layers: 32 for (3, 4)
    and 16 for (4,) at 512 pixels; images that give another grid are refused. The published code
    applies ImageNet's mean and deviation twice. `weights` is a local file of the backbone.
    """

    def __init__(
        self,
        *,
        backbone: BackboneName,
        layers: tuple[int, ...],
        grid: int,
        decoder: bool,
        normalise: Normalise,
        n_labels: int,
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
        self.classifier = nn.Conv2d(width, n_labels, kernel_size=1)
        self.decoder = _decoder(width, n_labels) if decoder else None

    def forward(self, images: Tensor, *, decode: bool = True) -> MilOutput:
        """Classify cells, and decode maps if asked to.

        In training, decode whole batches even when no image is annotated, as the published code
        does: the decoder's batch normalisation averages over all of them, and every parameter has
        a gradient then. Without need of maps, `decode=False` saves a tenth of the time.

        Grey images, (B, 1, H, W), are uint8, or float in [0, 1]; normalisation happens here. Raises
        ArrayError if they have not one channel, or give another grid than the network's.
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
        return MilOutput(self.classifier(activations), activations, maps)


def normalised(images: Tensor, normalise: Normalise) -> Tensor:
    """Three channels of grey images (B, 1, H, W), with ImageNet's mean and deviation applied.

    Images are uint8, or float in [0, 1]. Both steps are folded in one scale and shift a channel, so
    nothing is kept on the device for them.
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
    """Concatenate layers (B, C, h, w), finest first; coarser ones are repeated to its cells."""
    size = features[0].shape[2:]
    finest, *coarser = features
    return torch.cat([finest, *(F.interpolate(layer, size=size) for layer in coarser)], dim=1)


def _decoder(width: int, n_labels: int) -> nn.Sequential:
    """Three blocks that double the resolution; batch normalisation has the last word."""
    widths = (width, width // 4, width // 8, n_labels)
    blocks: list[nn.Module] = []
    for channels, out in pairwise(widths):
        blocks += [
            nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True),
            nn.Conv2d(channels, out, kernel_size=3, padding=1),
            nn.BatchNorm2d(out, momentum=DECODER_MOMENTUM),
            nn.ReLU(),
        ]
    return nn.Sequential(*blocks[:-1])


def network_of(run: MilRun, n_labels: int) -> MilNetwork:
    """Build the network that a run begins with: random, or from the weight file it names."""
    return MilNetwork(
        backbone=run.backbone,
        layers=run.layers,
        grid=run.grid,
        decoder=run.decoder,
        normalise=run.normalise,
        n_labels=n_labels,
        weights=file_of(run.weights),
    )


def restored(path: Path) -> tuple[MilNetwork, MilRun, Checkpoint]:
    """Read a trained network and its settings from its checkpoint; raises as `rebuilt` does."""
    checkpoint = load_checkpoint(path, system="mil")
    return *rebuilt(checkpoint, path), checkpoint


def rebuilt(checkpoint: Checkpoint, path: Path) -> tuple[MilNetwork, MilRun]:
    """Build the network of a checkpoint, on the CPU, with its weights, in evaluation mode.

    Raises GazeError if the checkpoint is not one of this network.
    """
    run: MilRun = read_settings(MilRun, checkpoint.run, where=path)
    # The file that training began from need not be there any more.
    network = network_of(dataclasses.replace(run, weights=None), len(checkpoint.labels))
    load_weights(network, checkpoint.weights, where=path)
    return network.eval(), run


def probability_of(logits: Tensor, run: MilRun) -> Tensor:
    """Probability of each label, (B, labels), from the grid's logits (B, labels, h, w).

    In float64: near 1 float32 makes ties that are none.
    """
    if run.objective == "cross_entropy":
        return torch.sigmoid(pooled_logits(logits.double()))
    return image_probability(logits.double(), balanced=run.balanced)


def localisation_maps(network: MilNetwork, output: MilOutput) -> dict[str, Tensor]:
    """Give every map of a batch, each at its resolution (Section 2.9).

    Returns
    -------
    dict of str to Tensor, shapes (B, labels, h, w), float32 in [0, 1]
        `spatial` and `gradcam` at the grid; `decoder` at eight times that, where it was run.
    """
    maps = {
        "spatial": torch.sigmoid(output.logits.float()),
        "gradcam": gradcam(output.activations, network.classifier.weight),
    }
    if output.decoder_logits is not None:
        maps["decoder"] = torch.sigmoid(output.decoder_logits.float())
    return maps


def gradcam(activations: Tensor, weight: Tensor) -> Tensor:
    """Grad-CAM of C_k at the activations, in closed form.

    Of the head's activations, (B, C, h, w), and the weight, (K, C, 1, 1), of the 1x1 convolution
    that makes logits of them, it gives (B, K, h, w), of maximum 1; all 0 where no cell's logit is
    above the bias b_k.

    It needs no backward pass here. It weighs each channel of the activations by the sum over cells
    of ∂C_k/∂a, and logits are a 1x1 convolution w of the activations, so that weight is w times one
    number for the whole image, G = Σ_j ∂C_k/∂γ_j. C_k rises with the logit of every cell, so G is
    positive, and the map, divided by its maximum, is

        ReLU(Σ_c w_c a_c) / max = ReLU(γ - b_k) / max ReLU(γ - b_k).

    Where C_k saturates, G underflows to 0 in float32 and the published map is empty; this one is
    the limit. The pooled head's gradient is the same in every cell: its Grad-CAM has the same form.
    """
    lit = F.conv2d(activations.float(), weight.float()).float().clamp(min=0)
    return lit / (lit.amax(dim=(2, 3), keepdim=True) + EMPTY)
