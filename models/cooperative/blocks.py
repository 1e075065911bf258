"""What the U-shaped networks are built of: blocks, both halves of a U, heads.

Every convolution has a bias; 3 × 3 ones keep the size. Source: `spec/cooperative.md` 3 and 7.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from itertools import pairwise
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from gazescribe.pipeline.core.errors import ArrayError

STRIDES = (1, 2, 4, 8)
SQUEEZE = 16
LEAST_SQUEEZED = 4  # of the paper's first block; a single unit dies easily

Block = Callable[[int, int], nn.Module]
"""Makes a block from its numbers of input and output channels."""


class CooperativeOutput(NamedTuple):
    """What every network gives; either may be None.

    `saliency`, (B, 1, H, W), are logits of where a radiologist looks; their softmax over all pixels
    is the map. `classes`, (B, classes), are logits of the diagnoses.
    """

    saliency: Tensor | None = None
    classes: Tensor | None = None


class ResidualSE(nn.Module):
    """Residual block with squeeze and excitation after its last ReLU.

    The shortcut is a 3 × 3 convolution without normalisation in every block, as in the published
    code (the figure draws an identity). The excitation's two layers have no bias.
    """

    def __init__(self, n_in: int, n_out: int) -> None:
        super().__init__()
        self.shortcut = _conv(n_in, n_out)
        self.residual = nn.Sequential(
            _conv(n_in, n_out),
            nn.BatchNorm2d(n_out),
            nn.ReLU(inplace=True),
            _conv(n_out, n_out),
            nn.BatchNorm2d(n_out),
        )
        n_squeezed = max(n_out // SQUEEZE, LEAST_SQUEEZED)
        self.excitation = nn.Sequential(
            nn.Linear(n_out, n_squeezed, bias=False),
            nn.ReLU(inplace=True),
            nn.Linear(n_squeezed, n_out, bias=False),
            nn.Sigmoid(),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, n_in, H, W) to (B, n_out, H, W)."""
        united = functional.relu(self.residual(x) + self.shortcut(x))
        scale: Tensor = self.excitation(united.mean(dim=(2, 3)))
        return united * scale[:, :, None, None]


def applied(block: nn.Module, *inputs: Any, checkpointing: bool) -> Tensor:
    """Apply a block that draws no random numbers.

    With `checkpointing` a block that is trained keeps its inputs alone, and is computed again in
    the backward pass: less memory, half as much time again on a CPU, the same numbers.
    """
    output: Tensor
    if not (checkpointing and block.training and torch.is_grad_enabled()):
        output = block(*inputs)
        return output
    output = checkpoint(
        block,
        *inputs,
        use_reentrant=False,
        preserve_rng_state=False,
        context_fn=lambda: (nullcontext(), _statistics_aside(block)),
    )
    return output


@contextmanager
def _statistics_aside(block: nn.Module) -> Iterator[None]:
    """Let batch norms update copies of their statistics: a batch counts once."""
    norms = [module for module in block.modules() if isinstance(module, nn.BatchNorm2d)]
    buffers = [(norm, name, buffer) for norm in norms for name, buffer in norm.named_buffers()]
    for norm, name, buffer in buffers:
        setattr(norm, name, buffer.clone())
    try:
        yield
    finally:
        for norm, name, buffer in buffers:
            setattr(norm, name, buffer)


def double_conv(n_in: int, n_out: int) -> nn.Sequential:
    """Twice convolution, batch normalisation, ReLU."""
    return nn.Sequential(*_conv_norm_relu(n_in, n_out), *_conv_norm_relu(n_out, n_out))


def bare_double_conv(n_in: int, n_out: int) -> nn.Sequential:
    """Twice convolution and ReLU."""
    return nn.Sequential(
        _conv(n_in, n_out), nn.ReLU(inplace=True), _conv(n_out, n_out), nn.ReLU(inplace=True)
    )


def up(n_in: int, n_out: int) -> nn.Sequential:
    """Twice as large by repeating pixels, then convolution, batch normalisation, ReLU."""
    return nn.Sequential(nn.Upsample(scale_factor=2), *_conv_norm_relu(n_in, n_out))


class Contracting(nn.Module):
    """First half of a U: five blocks with maximum pooling between.

    The first has `width` channels, each next one twice as many; `channels` are those of the five
    outputs, fine to coarse. For `checkpointing` see `applied`.
    """

    checkpointing = False

    def __init__(self, width: int, block: Block) -> None:
        super().__init__()
        self.channels = tuple(width * 2**level for level in range(5))
        self.levels = nn.ModuleList(block(*both) for both in pairwise((1, *self.channels)))

    def forward(self, images: Tensor) -> list[Tensor]:
        """Map (B, 1, H, W) to five tensors of sizes H × W to H/16 × W/16."""
        first, *others = self.levels
        features = [applied(first, images, checkpointing=self.checkpointing)]
        for level in others:
            smaller = functional.max_pool2d(features[-1], 2)
            features.append(applied(level, smaller, checkpointing=self.checkpointing))
        return features


class Expanding(nn.Module):
    """Second half of a U: each level doubles the size, is joined to its skip and mixed by a block.

    `n_start`, `skips` (fine to coarse) and `outs` (after each level, coarse to fine) are numbers of
    channels; the coarsest skip has twice the size of the start. Levels finer than `stride` pixels
    are left out; `n_out` are the channels of the last that is built. For `checkpointing` see
    `applied`.
    """

    checkpointing = False

    def __init__(
        self, n_start: int, skips: Sequence[int], outs: Sequence[int], block: Block, stride: int
    ) -> None:
        super().__init__()
        if stride not in STRIDES:
            raise ArrayError(f"saliency_stride must be one of {STRIDES}, got {stride}.")
        n_levels = len(outs) - STRIDES.index(stride)
        chain = [n_start, *outs[:n_levels]]
        self.ups = nn.ModuleList(up(*both) for both in pairwise(chain))
        self.joins = nn.ModuleList(
            block(skip + n_out, n_out)
            for skip, n_out in zip(reversed(skips), chain[1:], strict=False)
        )
        self.n_out = chain[-1]

    def forward(self, start: Tensor, skips: Sequence[Tensor]) -> Tensor:
        """Give the last level, (B, n_out, H/stride, W/stride); skips are fine to coarse."""
        x = start
        for enlarge, join, skip in zip(self.ups, self.joins, reversed(skips), strict=False):
            both = torch.cat((skip, enlarge(x)), dim=1)
            x = applied(join, both, checkpointing=self.checkpointing)
        return x


class SaliencyHead(nn.Module):
    """Logits of the map from the last level, at full size.

    The published target is blurred by 15 px at 640 × 512, so that a map drawn at every fourth pixel
    and enlarged bilinearly differs from the full one by a KL divergence of 5e-6
    (`spec/cooperative.md` 3), 3e-5 where logits are enlarged. At smaller sizes strides cost more:
    `benchmarks/cooperative.py` measures both sides.
    """

    def __init__(self, n_in: int, stride: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(*_conv_norm_relu(n_in, n_in), nn.Conv2d(n_in, 1, 1))
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, n_in, H/stride, W/stride) to (B, 1, H, W)."""
        logits: Tensor = self.layers(x)
        if self.stride == 1:
            return logits
        return functional.interpolate(logits, scale_factor=self.stride, mode="bilinear")


def class_head(n_in: int, n_hidden: int, n_classes: int = 3) -> nn.Sequential:
    """Small classifier of pooled features: one hidden layer, a quarter of it dropped."""
    return nn.Sequential(
        nn.Linear(n_in, n_hidden), nn.Dropout(0.25), nn.ReLU(), nn.Linear(n_hidden, n_classes)
    )


def pooled(*features: Tensor) -> Tensor:
    """Means over all places of each tensor (B, C, H, W), joined: (B, sum of C)."""
    return torch.cat([level.mean(dim=(2, 3)) for level in features], dim=1)


def _conv(n_in: int, n_out: int) -> nn.Conv2d:
    return nn.Conv2d(n_in, n_out, 3, padding=1)


def _conv_norm_relu(n_in: int, n_out: int) -> tuple[nn.Module, ...]:
    return _conv(n_in, n_out), nn.BatchNorm2d(n_out), nn.ReLU(inplace=True)
