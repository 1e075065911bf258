"""What a network starts from: a file of weights, random ones, or what nobody has said.

`weights` of a run is a file, or `scratch`; null says nothing, and is refused where a file could be
meant. The papers start from ImageNet's weights, in the files below. Nothing is fetched.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

SCRATCH = "scratch"
"""In place of a file: random weights, as torch starts them."""


@dataclass(frozen=True)
class PublishedFile:
    """A file of weights that others published.

    Its name ends in the first digits of its SHA-256; where there are none, that is not known.
    """

    name: str
    source: str

    @property
    def sha256_start(self) -> str:
        """First hexadecimal digits of the SHA-256 of its bytes."""
        digits = re.search(r"-([0-9a-f]{8})\.", self.name)
        return digits[1] if digits else ""

    def __str__(self) -> str:
        digits = f"; SHA-256 {self.sha256_start}…" if self.sha256_start else ""
        return f"{self.name} ({self.source}{digits})"


# Names of torchvision's files are those of its own `url`; that of timm stood in `default_cfgs` of
# its inception_resnet_v2.py as long as it had files of its own.
IMAGENET: Mapping[str, PublishedFile] = {
    "resnet18": PublishedFile(
        "resnet18-f37072fd.pth", "torchvision, ResNet18_Weights.IMAGENET1K_V1"
    ),
    "resnet50": PublishedFile(
        "resnet50-0676ba61.pth", "torchvision, ResNet50_Weights.IMAGENET1K_V1"
    ),
    "densenet121": PublishedFile(
        "densenet121-a639ec97.pth", "torchvision, DenseNet121_Weights.IMAGENET1K_V1"
    ),
    "densenet201": PublishedFile(
        "densenet201-c1103571.pth", "torchvision, DenseNet201_Weights.IMAGENET1K_V1"
    ),
    "inception_resnet_v2": PublishedFile(
        "inception_resnet_v2-940b1cd6.pth", "timm, inception_resnet_v2.tf_in1k"
    ),
    "pvig_ti": PublishedFile(
        "pvig_ti_78.5.pth.tar", "huawei-noah/Efficient-AI-Backbones, release pyramid-vig"
    ),
}
"""By the network that takes them."""


def unsaid(weights: str | None, network: str, key: str) -> list[str]:
    """Say what to write where `weights`, which the parameter `key` sets, are null."""
    if weights is not None:
        return []
    file = IMAGENET.get(network)
    meant = f"name the file that is meant, {file}, or say" if file else "say"
    return [f"{key} is null, so it is not said what {network} starts from: {meant} {SCRATCH}"]


def file_of(weights: str | None) -> Path | None:
    """Give the file that weights are read from; None where they are random or another run's."""
    return None if weights is None or weights == SCRATCH else Path(weights)


def _sha256(file: Path) -> str:
    from gazescribe.models.core.file_hashes import file_hash  # not where settings are read

    return file_hash(file)


def told(weights: str | None, init_from: str | None = None) -> dict[str, str]:
    """Say what a run starts from, for its checkpoint: a file, an earlier run, or nothing."""
    if init_from:
        return {"run": init_from}
    file = file_of(weights)
    return {"file": file.name, "sha256": _sha256(file)} if file else {"weights": SCRATCH}


def warn_of_other_file(run: str, weights: str | None, network: str | None) -> list[str]:
    """Warn where the file of a run is not the one that its paper means."""
    file, meant = file_of(weights), IMAGENET.get(network or "")
    if file is None or meant is None:
        return []
    digest = _sha256(file)
    if digest.startswith(meant.sha256_start):
        return []
    begins = digest[: len(meant.sha256_start)]
    return [f"{run}: SHA-256 of {file.name} begins with {begins}; meant is {meant}"]
