"""Settings of the cooperative network and its baselines, as CONFIG says them (`core.config`).

`pipeline/networks.py` writes them from the parameters; `params.yaml` and `params/` say what each
is, its unit and its source. A test keeps the two definitions equal. One class describes every
model; what a network has no use for, it does not look at.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Literal

from gazescribe.models.core.config import Between

NETWORKS = {
    "densenet": ("triplet", "cross_entropy"),
    "inception_resnet": ("cross_entropy",),
    "gazegnn": ("cross_entropy",),
    "dual_encoder": ("saliency",),
    "fusion": ("cross_entropy", "joint"),
    "unet": ("saliency", "joint"),
}
"""Networks, and what each can be trained for."""

MULTIPLE = 32  # of image sides: five halvings
GRAPH_MULTIPLE = 4  # of graph_channels: sine and cosine of two axes
INCEPTION_PX = 75  # least image side
ONE_PLACE_PX = {
    "densenet": 32,
    "dual_encoder": 32,
    "fusion": 32,
    "inception_resnet": 96,
    "gazegnn": 4096,
}
"""Largest image side at which a layer normalises over the batch at a single place of each image, so
that it needs two of them."""
N_CLASSES = 3

HEIRS = (
    ("densenet", "cross_entropy"),
    ("dual_encoder", "saliency"),
    ("fusion", "cross_entropy"),
    ("fusion", "joint"),
)
"""Networks, and what they are trained for, that can start from another run."""


@dataclass(frozen=True)
class Inputs:
    """Folders, relative to the working folder."""

    images: str
    egd: str
    saliency_maps: str


@dataclass(frozen=True)
class Run:
    """One network to train, or one stage of it."""

    name: str
    model: str
    seed: Annotated[int, Between(0)]
    network: Literal["densenet", "inception_resnet", "gazegnn", "dual_encoder", "fusion", "unet"]
    objective: Literal["triplet", "cross_entropy", "saliency", "joint"]
    init_from: str | None
    weights: str | None
    frozen: Literal[True, False, "parameters"]
    cache_features: bool
    encoder: Literal["densenet201", "densenet121", "tiny"] | None
    encoder_tap: Literal["block4", "transition3"]
    imagenet_normalise: bool
    unet_blocks: Literal["plain", "bare", "residual_encoder", "residual"]
    unet_channels: Annotated[int, Between(1)]
    saliency_stride: Literal[1, 2, 4, 8]
    gaze: bool
    graph_channels: tuple[Annotated[int, Between(4)], ...]
    graph_blocks: tuple[Annotated[int, Between(1)], ...]
    mining: Literal["all", "hard", "published"]
    margin: Annotated[float, Between(0)]
    unit_length: bool
    weighing: Literal["sum", "published", "paper"]
    loss_pixels: Literal["valid", "all"]
    image_height: Annotated[int, Between(32, 4096)]
    image_width: Annotated[int, Between(32, 4096)]
    split: Literal["table", "folds", "published"]
    n_folds: Annotated[int, Between(3)]
    fold: Annotated[int, Between(0)] | None
    split_seed: Annotated[int, Between(0)]
    optimiser: Literal["adam", "adamw"]
    lr: Annotated[float, Between(0, above=True)]
    weight_decay: Annotated[float, Between(0)]
    epochs: Annotated[int, Between(1)]
    patience: Annotated[int, Between(1)] | None
    lr_patience: Annotated[int, Between(1)] | None
    batch_size: Annotated[int, Between(1)]
    precision: Literal["32", "16-mixed", "bf16-mixed"]
    channels_last: bool
    compile: bool
    workers: Annotated[int, Between(0)]
    log: Literal["csv", "dvclive"]


@dataclass(frozen=True)
class Evaluation:
    """How trained networks are scored."""

    batch_size: Annotated[int, Between(1)]


def run_faults(run: Run) -> list[str]:
    """Say what in a run does not go together; nothing where all does."""
    return [*_network_faults(run), *_start_faults(run), *_number_faults(run)]


def _network_faults(run: Run) -> Iterator[str]:
    if run.objective not in NETWORKS[run.network]:
        known = ", ".join(NETWORKS[run.network])
        yield f"network {run.network} is trained for {known}, not {run.objective}"
    if run.encoder is None and run.network in ("densenet", "fusion"):
        yield f"network {run.network} needs an encoder"
    if {len(run.graph_channels), len(run.graph_blocks)} != {4}:
        yield "graph_channels and graph_blocks need four numbers each"
    if any(channels % GRAPH_MULTIPLE for channels in run.graph_channels):
        said = ", ".join(map(str, run.graph_channels))
        yield f"graph_channels are {said}, not all a multiple of {GRAPH_MULTIPLE}"


def _start_faults(run: Run) -> Iterator[str]:
    kind = run.network, run.objective
    if run.init_from and run.weights:
        yield "init_from and weights exclude each other"
    if run.init_from and kind not in HEIRS:
        yield f"network {run.network} cannot start from another run (init_from)"
    if run.weights and run.network in ("gazegnn", "unet"):
        yield f"network {run.network} starts from no file (weights)"
    if kind == ("fusion", "cross_entropy") and not run.init_from:
        yield "network fusion needs a dual_encoder to start from (init_from)"
    if kind == ("fusion", "joint") and run.frozen is not False:
        yield "joint training needs frozen: false"
    if run.encoder is None and run.network == "dual_encoder" and (run.init_from or run.weights):
        yield "without an encoder there is nothing to start (init_from, weights)"


def _number_faults(run: Run) -> Iterator[str]:
    for name in ("image_height", "image_width"):
        if getattr(run, name) % MULTIPLE:
            yield f"{name} is {getattr(run, name)}, not a multiple of {MULTIPLE}"
    size = run.image_height, run.image_width
    said = f"network {run.network} at {size[0]} × {size[1]}"
    if run.network == "inception_resnet" and min(size) < INCEPTION_PX:
        yield f"{said}: image sides need {INCEPTION_PX} pixels or more"
    if run.batch_size == 1 and max(size) <= ONE_PLACE_PX.get(run.network, 0):
        yield f"{said}: batch_size is 1, and needs 2 or more"
    if run.split == "folds" and (run.fold is None or run.fold >= run.n_folds):
        yield f"split folds needs a fold below {run.n_folds}, got {run.fold}"
    if run.objective == "triplet" and run.batch_size % N_CLASSES:
        yield f"batch_size is {run.batch_size}, not a multiple of {N_CLASSES} classes"
