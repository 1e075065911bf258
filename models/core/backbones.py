"""Backbones: ResNets that give the features of chosen layers.

`resnet50` and `resnet18` are torchvision's; `tiny` is a narrow one of the same four layers for
images of 64 to 128 pixels on a CPU. Weights come from a local file or not at all: nothing is
fetched. The classifier `fc` of torchvision's stays, so that their weight files fit as they are; it
is neither applied nor trained.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from safetensors.torch import load_file
from torch import Tensor, nn
from torchvision.models import ResNet, resnet18, resnet50
from torchvision.models.resnet import BasicBlock

from gazescribe.models.core.checkpoint import check_finite
from gazescribe.models.core.torch_files import read_torch
from gazescribe.pipeline.core.errors import GazeError, shorten
from gazescribe.pipeline.core.foreign import check_file

BackboneName = Literal["resnet50", "resnet18", "tiny"]

STRIDES = (4, 8, 16, 32)  # pixels of the image a cell of layers 1 to 4 stands for, a side
CHANNELS: dict[str, tuple[int, ...]] = {
    "resnet50": (256, 512, 1024, 2048),
    "resnet18": (64, 128, 256, 512),
    "tiny": (16, 32, 64, 128),
}
IMAGENET_MEAN = (0.485, 0.456, 0.406)  # torchvision's, of its three channels in [0, 1]
IMAGENET_SD = (0.229, 0.224, 0.225)
UNUSED = "fc."
COUNTER = "num_batches_tracked"  # older weight files have none; nothing here reads it
WANTED = "Expected is a state dict: .safetensors, or .pth that torch.save wrote."


class TinyResNet(nn.Module):
    """torchvision's ResNet with one basic block a layer and a quarter of the channels."""

    def __init__(self) -> None:
        super().__init__()
        widths = CHANNELS["tiny"]
        self.conv1 = nn.Conv2d(3, widths[0], kernel_size=7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(widths[0])
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(kernel_size=3, stride=2, padding=1)
        self.layer1 = nn.Sequential(BasicBlock(widths[0], widths[0]))
        self.layer2 = _halving(widths[0], widths[1])
        self.layer3 = _halving(widths[1], widths[2])
        self.layer4 = _halving(widths[2], widths[3])
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")


class Backbone(nn.Module):
    """A ResNet up to its deepest chosen layer.

    `layers` to give are of 1 to 4, rising; `channels` and `strides` are those of each. `weights` is
    a file with the state dict of the same network, `.safetensors` or written by `torch.save`; an
    `fc` in it is not read. Without it, torchvision's initialisation. Raises GazeError if the weight
    file cannot be read or is of another network.
    """

    def __init__(
        self, name: BackboneName, layers: tuple[int, ...], weights: str | Path | None = None
    ) -> None:
        super().__init__()
        self.layers = layers
        self.channels = tuple(CHANNELS[name][layer - 1] for layer in layers)
        self.strides = tuple(STRIDES[layer - 1] for layer in layers)
        build = {"resnet50": resnet50, "resnet18": resnet18, "tiny": TinyResNet}[name]
        self.resnet: ResNet | TinyResNet = build()
        if weights is not None:
            load_backbone(self.resnet, Path(weights), name)
        if isinstance(self.resnet, ResNet):
            self.resnet.fc.requires_grad_(requires_grad=False)

    def forward(self, images: Tensor) -> list[Tensor]:
        """Map (B, 3, H, W) to the chosen layers, (B, channels, ⌈H / stride⌉, ⌈W / stride⌉)."""
        net = self.resnet
        features = net.maxpool(net.relu(net.bn1(net.conv1(images))))
        chosen = []
        stages = (net.layer1, net.layer2, net.layer3, net.layer4)
        for number, stage in enumerate(stages[: max(self.layers)], start=1):
            features = stage(features)
            if number in self.layers:
                chosen.append(features)
        return chosen


def load_backbone(net: nn.Module, path: Path, name: str) -> None:
    """Fill a network from a local weight file; all but `fc` must fit.

    Raises GazeError naming every parameter that is not as expected.
    """
    expected = _used(net.state_dict())
    weights = _used(read_weights(path))
    if faults := _faults(expected, weights):
        raise GazeError(
            f"not the weights of {name}: {len(faults)} entries are not as they should be.",
            where=path,
            remedy=f"Give the state dict of {name} and nothing else, or set `weights: scratch`.",
            faults=faults,
        )
    net.load_state_dict(weights, strict=False)


def read_weights(path: Path) -> dict[str, Tensor]:
    """Read a local weight file: `.safetensors`, or a state dict that `torch.save` wrote.

    Raises GazeError if there is no such file, or it holds anything but named tensors of finite
    numbers.
    """
    if not path.exists():
        raise GazeError(
            "there is no such weight file.",
            where=path,
            remedy="Nothing is downloaded: copy the file there, or set `weights: scratch`.",
        )
    check_file(path, GazeError)
    try:
        content = load_file(path) if path.suffix == ".safetensors" else read_torch(path)
    except Exception as error:  # parsers fail in any way
        problem = error.what if isinstance(error, GazeError) else error
        reason = shorten(problem, 200) or type(error).__name__
        message = f"cannot be read as weights ({reason})."
        raise GazeError(message, where=path, remedy=WANTED) from error
    if not isinstance(content, Mapping):
        raise GazeError(f"holds a {type(content).__name__}.", where=path, remedy=WANTED)
    faults = [
        f"{key} is of type {type(value).__name__}"
        for key, value in content.items()
        if not isinstance(value, Tensor)
    ]
    if faults:
        raise GazeError("holds more than tensors.", where=path, remedy=WANTED, faults=faults)
    check_finite(content, where=path)
    return dict(content)


def _used(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {key: value for key, value in weights.items() if not key.startswith(UNUSED)}


def _halving(channels: int, width: int) -> nn.Sequential:
    """Give a layer of one block that halves the resolution."""
    shortcut = nn.Sequential(
        nn.Conv2d(channels, width, kernel_size=1, stride=2, bias=False), nn.BatchNorm2d(width)
    )
    return nn.Sequential(BasicBlock(channels, width, stride=2, downsample=shortcut))


def _faults(expected: Mapping[str, Tensor], weights: Mapping[str, Tensor]) -> list[str]:
    faults = [f"{key} is not part of this network" for key in weights if key not in expected]
    for key, value in expected.items():
        if key in weights:
            shape, shape_in_file = tuple(value.shape), tuple(weights[key].shape)
            if shape != shape_in_file:
                faults.append(f"{key} has shape {shape_in_file}, not {shape}")
        elif not key.endswith(COUNTER):
            faults.append(f"{key} is missing")
    return faults
