"""Stage 1: the DenseNet encoder, with the two places where it is tapped, and its classifier.

F4, the output of dense block 4 before its normalisation, starts the decoder of stage 2; F5, the
same normalised and rectified, is what classifies (`spec/cooperative.md` 2).
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional
from torchvision.models import DenseNet

from gazescribe.models.cooperative.blocks import CooperativeOutput, applied, pooled
from gazescribe.models.core.backbones import IMAGENET_MEAN, IMAGENET_SD, read_weights

Kind = Literal["densenet201", "densenet121", "tiny"]
Tap = Literal["block4", "transition3"]

SHAPES: dict[Kind, tuple[int, tuple[int, int, int, int], int]] = {
    "densenet201": (32, (6, 12, 48, 32), 64),
    "densenet121": (32, (6, 12, 24, 16), 64),
    "tiny": (8, (2, 2, 2, 2), 16),
}
"""Growth, layers of the four dense blocks, channels of the first convolution."""

_BEHIND_TRANSITION3 = re.compile(r"features\.(denseblock4|norm5)\.")
# Files of torchvision's own site still carry the names of 2017.
_OLD_NAME = re.compile(r"(denselayer\d+\.(?:norm|conv))\.([12])\.")


class Taps(NamedTuple):
    """Features of an encoder, both (B, C, H/32, W/32): F4 and F5."""

    decoder: Tensor
    classifier: Tensor


class GreyConv2d(nn.Conv2d):
    """Convolution of three channels that also takes one, meant to stand for all three.

    One channel is convolved with the kernels summed over their channels: the same numbers and
    gradients as repeating the image, in a third of the work, and the weights stay those of files
    for three channels.
    """

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002  torch's name
        """Map (B, 1, H, W) or (B, 3, H, W) to (B, out_channels, …)."""
        weight = self.weight.sum(1, keepdim=True) if input.shape[1] == 1 else self.weight
        output: Tensor = self._conv_forward(input, weight, self.bias)
        return output


class Encoder(nn.Module):
    """Feature layers of a DenseNet (torchvision's, with its names).

    Kinds are the paper's, densenet201, a smaller one, and one for seconds on a processor. `tap` is
    the last layer that counts: dense block 4, as code, figure and number of parameters of the paper
    agree, or the last before it, transition3, as its text says; both taps are then that layer's
    output. `normalise` takes [0, 1] to ImageNet's mean and deviation first. The published code does
    not, though its weights were trained so. `n_out` is the number of channels of the taps. For
    `checkpointing` see `blocks.applied`.
    """

    checkpointing = False

    def __init__(
        self, kind: Kind = "densenet201", *, tap: Tap = "block4", normalise: bool = False
    ) -> None:
        super().__init__()
        growth, layers, n_first = SHAPES[kind]
        features: Any = DenseNet(growth, layers, n_first, num_classes=1).features
        grey = GreyConv2d(3, n_first, 7, stride=2, padding=3, bias=False)
        grey.weight = features.conv0.weight
        features.conv0 = grey
        self.n_out: int = features.norm5.num_features
        if tap == "transition3":
            self.n_out = features.transition3.conv.out_channels
            del features.denseblock4, features.norm5
        self.features: nn.Sequential = features
        self._tap = tap
        self._normalise = normalise
        self.register_buffer("mean", _a_channel(IMAGENET_MEAN), persistent=False)
        self.register_buffer("std", _a_channel(IMAGENET_SD), persistent=False)

    mean: Tensor
    std: Tensor

    def forward(self, images: Tensor) -> Taps:
        """Give the taps of grey images in [0, 1], (B, 1, H, W), sides divisible by 32."""
        x = (images - self.mean) / self.std if self._normalise else images
        layers = list(self.features)
        norm = layers.pop() if self._tap == "block4" else None
        for layer in layers:
            is_block = isinstance(layer, nn.ModuleDict)
            x = self._checkpointed(layer, x) if self.checkpointing and is_block else layer(x)
        return Taps(x, x if norm is None else functional.relu(norm(x)))

    def _checkpointed(self, block: nn.Module, x: Tensor) -> Tensor:
        """Apply a dense block layer by layer: each sees the outputs of all before."""
        features = [x]
        for layer in block.children():
            # A copy: the layer looks at its list again in the backward pass.
            features.append(applied(layer, list(features), checkpointing=True))
        return torch.cat(features, dim=1)

    def matching(self, weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Leave out of the weights of a whole encoder those of layers behind this one's tap."""
        if self._tap == "block4":
            return dict(weights)
        return {name: w for name, w in weights.items() if not _BEHIND_TRANSITION3.match(name)}


class DenseClassifier(nn.Module):
    """Stage 1: an encoder, tapped at block4, and one linear layer on the means of its features.

    Contrastive training needs `embed` alone: 0 classes there.
    """

    def __init__(self, encoder: Encoder, *, n_classes: int = 3) -> None:
        super().__init__()
        self.encoder = encoder
        self.classifier = nn.Linear(encoder.n_out, n_classes) if n_classes else None

    def embed(self, images: Tensor) -> Tensor:
        """Give the pooled F5 of grey images, (B, n_out): what triplets are made of."""
        return pooled(self.encoder(images).classifier)

    def forward(self, images: Tensor) -> CooperativeOutput:
        """Diagnose grey images in [0, 1], (B, 1, H, W), sides divisible by 32."""
        if self.classifier is None:
            return CooperativeOutput()
        return CooperativeOutput(classes=self.classifier(self.embed(images)))


def read_densenet(path: Path) -> dict[str, Tensor]:
    """Read the feature layers of a DenseNet file of torchvision or timm, named as in `Encoder`.

    Raises GazeError if there is no such file, or it holds something else than weights.
    """
    return {
        _OLD_NAME.sub(r"\1\2.", name): weight
        for name, weight in read_weights(path).items()
        if name.startswith("features.")
    }


def _a_channel(values: tuple[float, ...]) -> Tensor:
    return torch.tensor(values)[None, :, None, None]
