"""GazeGNN (Wang et al., WACV 2024): a pyramid of graph convolutions over patches of the image.

Each patch is a node that is linked to those most like it; the time that a reader looked at a patch
is added to its features. In the published code no gaze ever arrives (`spec/cooperative.md` 7); here
it does, and can be left out. Layers, numbers and initialisation follow that section.
"""

import re
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from gazescribe.models.cooperative.blocks import CooperativeOutput
from gazescribe.models.core.backbones import IMAGENET_MEAN, IMAGENET_SD, read_weights

CHANNELS = (48, 96, 240, 384)
BLOCKS = (2, 2, 6, 2)
REDUCTIONS = (4, 2, 1, 1)
"""Of the nodes that a node may be linked to, by stage, along each side."""
NEIGHBOURS = 9
HIDDEN = 1024
BLOCKS_A_DILATION = 4
FRESH = ("gaze.", "head.2.")
"""Of ours, what no file of ImageNet's weights has: the gaze, and a last layer of our classes."""
NAMES_IN_FILES = (
    (r"^stem\.convs\.([01])\.", r"stem.0.\1."),
    (r"^stem\.convs\.3\.", "stem.2.0."),
    (r"^stem\.convs\.4\.", "stem.2.1."),
    (r"^stem\.convs\.6\.", "stem.4.0."),
    (r"^stem\.convs\.7\.", "stem.4.1."),
    (r"^pos_embed$", "place"),
    (r"^backbone\.(\d+)\.conv\.", r"stages.\1."),
    (r"^backbone\.(\d+)\.0\.fc1\.", r"stages.\1.before."),
    (r"^backbone\.(\d+)\.0\.graph_conv\.gconv\.nn\.", r"stages.\1.mix.0."),
    (r"^backbone\.(\d+)\.0\.fc2\.", r"stages.\1.after."),
    (r"^backbone\.(\d+)\.1\.fc1\.", r"stages.\1.nodewise.0."),
    (r"^backbone\.(\d+)\.1\.fc2\.", r"stages.\1.nodewise.2."),
    (r"^prediction\.([01])\.", r"head.0.\1."),
)
"""Of the pyramid ViG's own code (Han et al. 2022), and ours."""
NOT_READ = re.compile(r"^prediction\.4\.|\.relative_pos$")
"""In files: the layer of ImageNet's classes, and distances that follow from the sizes."""


class GazeGNN(nn.Module):
    """Diagnosis from an image, with or without a reader's gaze.

    `image_size` is (height, width), divisible by 32; 224 × 224 in the paper. `channels` and
    `blocks` are those of the four stages, `n_hidden` the classifier's. `normalise` takes [0, 1] to
    ImageNet's mean and deviation first, as the published code does.

    Its classifier normalises over the batch at a single place, so that a batch of one image cannot
    train it.
    """

    def __init__(
        self,
        image_size: tuple[int, int],
        *,
        gaze: bool = True,
        normalise: bool = False,
        channels: Sequence[int] = CHANNELS,
        blocks: Sequence[int] = BLOCKS,
        n_hidden: int = HIDDEN,
        n_classes: int = 3,
    ) -> None:
        super().__init__()
        self._normalise = normalise
        for name, values in (("mean", IMAGENET_MEAN), ("std", IMAGENET_SD)):
            self.register_buffer(name, torch.tensor(values).view(3, 1, 1), persistent=False)
        height, width = image_size[0] // 4, image_size[1] // 4
        self.stem = nn.Sequential(
            _conv_norm(3, channels[0] // 2, 3, stride=2),
            nn.GELU(),
            _conv_norm(channels[0] // 2, channels[0], 3, stride=2),
            nn.GELU(),
            _conv_norm(channels[0], channels[0], 3),
        )
        self.place = nn.Parameter(torch.zeros(1, channels[0], height, width))
        self.gaze = nn.BatchNorm2d(1) if gaze else None
        stages: list[nn.Module] = []
        for stage, n_blocks in enumerate(blocks):
            if stage:
                stages.append(_conv_norm(channels[stage - 1], channels[stage], 3, stride=2))
                height, width = height // 2, width // 2
            for _ in range(n_blocks):
                n_before = sum(isinstance(layer, GraphBlock) for layer in stages)
                dilation = n_before // BLOCKS_A_DILATION + 1
                stages.append(
                    GraphBlock(channels[stage], (height, width), REDUCTIONS[stage], dilation)
                )
        self.stages = nn.Sequential(*stages)
        self.head = nn.Sequential(
            _conv_norm(channels[-1], n_hidden, 1), nn.GELU(), nn.Conv2d(n_hidden, n_classes, 1)
        )
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight)
                nn.init.zeros_(module.bias)  # type: ignore[arg-type]  # each has a bias

    mean: Tensor
    std: Tensor

    def forward(self, images: Tensor, gaze: Tensor | None = None) -> CooperativeOutput:
        """Diagnose grey images (B, 1, H, W) in [0, 1].

        A network that takes gaze needs how long each patch was looked at, (B, H/4, W/4) in [0, 1].
        """
        x = images.expand(-1, 3, -1, -1)
        x = self.stem((x - self.mean) / self.std if self._normalise else x) + self.place
        if self.gaze is not None:
            if gaze is None:
                raise TypeError("this network takes gaze, none was given")
            x = x + self.gaze(gaze[:, None])
        x = functional.adaptive_avg_pool2d(self.stages(x), 1)
        classes: Tensor = self.head(x)
        return CooperativeOutput(classes=classes.flatten(1))


class GraphBlock(nn.Module):
    """Graph convolution, then two layers at each node; each with a shortcut.

    `size` is (height, width) in nodes. They are averaged over `reduction` along each side before
    they are linked to; every `dilation`-th of the nearest is a link.
    """

    def __init__(self, channels: int, size: tuple[int, int], reduction: int, dilation: int) -> None:
        super().__init__()
        n_keys = size[0] // reduction * (size[1] // reduction)
        self.n_links = min(NEIGHBOURS, n_keys)
        self.dilation = min(dilation, n_keys // self.n_links)
        self.reduction = reduction
        self.before = _conv_norm(channels, channels, 1)
        self.mix = nn.Sequential(_conv_norm(2 * channels, 2 * channels, 1, groups=4), nn.GELU())
        self.after = _conv_norm(2 * channels, channels, 1)
        self.nodewise = nn.Sequential(
            _conv_norm(channels, 4 * channels, 1), nn.GELU(), _conv_norm(4 * channels, channels, 1)
        )
        # Follows from the sizes, so it is no part of a checkpoint.
        self.register_buffer("apart", _apart(channels, size, n_keys), persistent=False)

    apart: Tensor

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, channels, height, width) to the same shape."""
        nodes = self.before(x)
        keys = functional.avg_pool2d(nodes, self.reduction) if self.reduction > 1 else nodes
        most = self._largest_difference(nodes.flatten(2), keys.flatten(2)).view_as(nodes)
        both = torch.stack((nodes, most), dim=2).flatten(1, 2)
        x = x + self.after(self.mix(both))
        mixed: Tensor = x + self.nodewise(x)
        return mixed

    def _largest_difference(self, nodes: Tensor, keys: Tensor) -> Tensor:
        """Maximum over a node's links of what they have more than it, (B, channels, n)."""
        links = self._links(nodes, keys)
        batch, channels, _ = keys.shape
        index = links.flatten(1)[:, None].expand(-1, channels, -1)
        linked = keys.gather(2, index).view(batch, channels, *links.shape[1:])
        return linked.amax(dim=3) - nodes

    @torch.no_grad()
    def _links(self, nodes: Tensor, keys: Tensor) -> Tensor:
        """Which keys each node is linked to, (B, n, n_links)."""
        a, b = (functional.normalize(x.float(), dim=1).transpose(1, 2) for x in (nodes, keys))
        squared = a.square().sum(2)[:, :, None] + b.square().sum(2)[:, None] - 2 * a @ b.mT
        nearest = (squared + self.apart).topk(self.n_links * self.dilation, largest=False).indices
        return nearest[:, :, :: self.dilation]


def read_pyramid_vig(path: Path) -> dict[str, Tensor]:
    """Read ImageNet's weights of a pyramid ViG, by our names, without what a file cannot give.

    Raises GazeError if the file is not there or holds anything but tensors.
    """
    weights = {}
    for name, weight in read_weights(path).items():
        if NOT_READ.search(name):
            continue
        ours = name
        for theirs, renamed in NAMES_IN_FILES:
            ours = re.sub(theirs, renamed, ours)
        weights[ours] = weight
    return weights


def _apart(channels: int, size: tuple[int, int], n_keys: int) -> Tensor:
    """How far keys are from nodes on the image, to be added to distances of features, (n, keys).

    Minus twice the product of the usual sine and cosine features of places, interpolated where
    keys are fewer.
    """
    halves = [_sines(channels // 2, length) for length in size]
    rows = halves[0][:, None].expand(-1, size[1], -1)
    columns = halves[1][None].expand(size[0], -1, -1)
    places = torch.cat((rows, columns), dim=2).flatten(0, 1)
    near = 2 * places @ places.T / channels
    shape = (len(places), n_keys)
    if near.shape != shape:
        near = functional.interpolate(near[None, None], size=shape, mode="bicubic")[0, 0]
    return -near.float()


def _sines(channels: int, length: int) -> Tensor:
    rate = 10_000.0 ** -(torch.arange(channels // 2, dtype=torch.float64) / (channels / 2))
    angle = torch.arange(length, dtype=torch.float64)[:, None] * rate
    return torch.cat((angle.sin(), angle.cos()), dim=1)


def _conv_norm(
    n_in: int, n_out: int, side: int, *, stride: int = 1, groups: int = 1
) -> nn.Sequential:
    conv = nn.Conv2d(n_in, n_out, side, stride=stride, padding=side // 2, groups=groups)
    return nn.Sequential(conv, nn.BatchNorm2d(n_out))
