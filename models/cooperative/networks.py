"""The network of a run: as it starts, from random weights, a file or an earlier stage; as restored.

No Lightning here: it takes 20 s to import, and applying a network does not need it.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import timm
from torch import Tensor, nn

from gazescribe.models.cooperative.blocks import Contracting, CooperativeOutput, Expanding
from gazescribe.models.cooperative.densenet import DenseClassifier, Encoder, read_densenet
from gazescribe.models.cooperative.dual_encoder import DualEncoder, Fusion
from gazescribe.models.cooperative.gazegnn import FRESH, GazeGNN, read_pyramid_vig
from gazescribe.models.cooperative.mt_unet import UNet
from gazescribe.models.cooperative.settings import N_CLASSES, CooperativeRun
from gazescribe.models.cooperative.splits import SPLIT_FILE, differences, split_sha256
from gazescribe.models.core.backbones import COUNTER, read_weights
from gazescribe.models.core.checkpoint import FILE, Checkpoint, load_checkpoint, load_weights
from gazescribe.models.core.config import read_settings
from gazescribe.models.core.starting_weights import file_of
from gazescribe.pipeline.core.errors import ParamsError, SchemaError
from gazescribe.pipeline.core.foreign import parsing, read_text

SYSTEM = "cooperative"
LAST_OF_INCEPTION = "classif."
INHERITED = ("split", "n_folds", "fold", "split_seed", "imagenet_normalise")
"""Settings that a run must share with the one it starts from, beside who is in which split: else
one has seen the other's test images, or sees images as the other never did."""


class InceptionResNet(nn.Module):
    """Inception-ResNet-v2 of timm; the grey image is repeated in its three channels."""

    def __init__(self, n_classes: int = 3) -> None:
        super().__init__()
        name = "inception_resnet_v2"
        self.network: nn.Module = timm.create_model(name, pretrained=False, num_classes=n_classes)

    def forward(self, images: Tensor) -> CooperativeOutput:
        """Diagnose grey images in [0, 1], (B, 1, H, W), sides of 75 pixels or more."""
        return CooperativeOutput(classes=self.network(images.expand(-1, 3, -1, -1)))


def network_of(run: Mapping[str, Any], n_classes: int = N_CLASSES) -> nn.Module:
    """Build the network of a run, with weights as torch starts them.

    `run` has the settings as a checkpoint keeps them (`dataclasses.asdict` of a `CooperativeRun`).
    `n_classes` are the diagnoses of a network that tells any.
    The network is called with images (B, 1, H, W) in [0, 1] and gives a `CooperativeOutput`; a
    `GazeGNN` that takes gaze is called with that, too.
    """
    network = _built(run, n_classes)
    for part in network.modules():
        if isinstance(part, Encoder | Contracting | Expanding):
            part.checkpointing = run["checkpointing"]
    return network


def _built(run: Mapping[str, Any], n_classes: int) -> nn.Module:
    match run["network"]:
        case "densenet":
            encoder = Encoder(run["encoder"], normalise=run["imagenet_normalise"])
            is_contrast = run["objective"] == "triplet"
            return DenseClassifier(encoder, n_classes=0 if is_contrast else n_classes)
        case "inception_resnet":
            return InceptionResNet(n_classes)
        case "gazegnn":
            return GazeGNN(
                (run["image_height"], run["image_width"]),
                gaze=run["gaze"],
                normalise=run["imagenet_normalise"],
                channels=run["graph_channels"],
                blocks=run["graph_blocks"],
                n_classes=n_classes,
            )
        case "dual_encoder":
            return _dual_encoder(run)
        case "fusion":
            return Fusion(_dual_encoder(run), n_classes=n_classes, frozen=run["frozen"])
        case "unet":
            return UNet(
                run["unet_blocks"],
                n_classes=n_classes if run["objective"] == "joint" else 0,
                width=run["unet_channels"],
                saliency_stride=run["saliency_stride"],
            )
    raise ParamsError(f"there is no network {run['network']!r}.")


def _dual_encoder(run: Mapping[str, Any]) -> DualEncoder:
    encoder = None
    if run["encoder"]:
        normalise = run["imagenet_normalise"]
        encoder = Encoder(run["encoder"], tap=run["encoder_tap"], normalise=normalise)
    return DualEncoder(
        encoder,
        width=run["unet_channels"],
        saliency_stride=run["saliency_stride"],
        frozen=run["frozen"],
    )


def started(run: CooperativeRun, out: Path, split: str, n_classes: int) -> nn.Module:
    """Build the network that a run begins with, for so many diagnoses.

    `out` is the folder of all runs, `split` who is in which split of this run, as
    `splits.split_csv` gives it. Raises GazeError if such weights are not exactly what the network
    needs, or if the earlier run had other images to train on: it may have learnt those that test
    this one.
    """
    network = network_of(dataclasses.asdict(run), n_classes)
    if file := file_of(run.weights):
        load_file(network, file)
    if run.init_from:
        path = out / run.init_from / FILE
        earlier = load_checkpoint(path, system=SYSTEM)
        _check_shared(run, split, earlier, path)
        inherit(network, earlier, where=path)
    return network


def restored(path: Path) -> tuple[nn.Module, CooperativeRun, Checkpoint]:
    """Read a trained network and its settings from its checkpoint; raises as `rebuilt` does."""
    checkpoint = load_checkpoint(path, system=SYSTEM)
    return *rebuilt(checkpoint, path), checkpoint


def outputs_of(run: CooperativeRun, classes: Sequence[str]) -> tuple[str, ...]:
    """Name what the network of a run gives, as its checkpoint says it: classes come first."""
    if run.objective == "triplet":
        return ("embedding",)
    outputs = () if run.objective == "saliency" else tuple(classes)
    drawn = run.network == "fusion" or run.objective in ("saliency", "joint")
    return (*outputs, "saliency") if drawn else outputs


def classes_in(checkpoint: Checkpoint, path: Path) -> tuple[str, ...]:
    """Name the classes that a trained network, read from `path`, tells apart, as its outputs are.

    None of one that draws alone. Raises SchemaError if the checkpoint does not say them.
    """
    objective = checkpoint.run["objective"]
    if objective in ("triplet", "saliency"):
        return ()
    drawn = checkpoint.run["network"] == "fusion" or objective == "joint"
    classes = tuple(checkpoint.labels[:-1] if drawn else checkpoint.labels)
    if len(classes) < 2:
        message = f"its labels are {', '.join(checkpoint.labels) or 'none'}: no classes to tell."
        raise SchemaError(message, where=path, remedy="Train it again.")
    return classes


def rebuilt(checkpoint: Checkpoint, path: Path) -> tuple[nn.Module, CooperativeRun]:
    """Build the network of a checkpoint, on the CPU, with its weights, in evaluation mode.

    Raises GazeError if the checkpoint is not one of this system.
    """
    run: CooperativeRun = read_settings(CooperativeRun, checkpoint.run, where=path)
    network = network_of(checkpoint.run, len(classes_in(checkpoint, path)))
    load_weights(network, checkpoint.weights, where=path)
    # Without gradients of parameters, Grad-CAM keeps only what lies behind the layer it taps.
    return network.eval().requires_grad_(requires_grad=False), run


def inherit(network: nn.Module, earlier: Checkpoint, *, where: object) -> None:
    """Hand over what an earlier stage trained, in the checkpoint at `where`: all, or an error.

    The encoder of a later stage takes the weights of a `DenseClassifier` but for the last layer;
    its trunk takes those of a `DualEncoder`. Raises SchemaError if a weight is missing, left over
    or of another shape. Raises ParamsError if the network cannot start from that one.
    """
    kind = earlier.run["network"]
    if kind == "dual_encoder" and isinstance(network, Fusion):
        load_weights(network.trunk, earlier.weights, where=where)
    elif kind == "densenet":
        if isinstance(network, Fusion) and network.frozen is not False:
            message = "a frozen Fusion needs a trained decoder, which a densenet does not bring."
            raise ParamsError(
                message, where=where, remedy="Start it from a dual_encoder (init_from)."
            )
        weights = {
            name.removeprefix("encoder."): weight
            for name, weight in earlier.weights.items()
            if not name.startswith("classifier.")
        }
        encoder = _encoder_in(network)
        load_weights(encoder, encoder.matching(weights), where=where)
    else:
        message = f"{type(network).__name__} cannot start from a network of kind {kind}."
        raise ParamsError(message, where=where)


def load_file(network: nn.Module, path: Path) -> None:
    """Start from weights that were trained elsewhere: ImageNet's, in a local file.

    Raises GazeError if the file is not there, holds no weights, or those of another network.
    """
    if isinstance(network, InceptionResNet):
        inner, weights = network.network, read_weights(path)
        # Ours has other classes: its last layer starts afresh.
        fresh, weights = (
            {name: w for name, w in tensors.items() if name.startswith(LAST_OF_INCEPTION) is last}
            for tensors, last in ((inner.state_dict(), True), (weights, False))
        )
        load_weights(inner, fresh | weights, where=path)
    elif isinstance(network, GazeGNN):
        state = network.state_dict()
        fresh = {
            name: weight
            for name, weight in state.items()
            if name.startswith(FRESH) or name.endswith(COUNTER)
        }
        load_weights(network, fresh | read_pyramid_vig(path), where=path)
    else:
        encoder = _encoder_in(network)
        # Files of 2017 lack counters that nothing here reads.
        counters = {k: v for k, v in encoder.state_dict().items() if k.endswith(COUNTER)}
        weights = counters | read_densenet(path)
        load_weights(encoder, encoder.matching(weights), where=path)


def _encoder_in(network: nn.Module) -> Encoder:
    outer = network.trunk if isinstance(network, Fusion) else network
    encoder = outer.encoder if isinstance(outer, DenseClassifier | DualEncoder) else None
    if encoder is None:
        raise ParamsError(f"{type(network).__name__} has no DenseNet that could take weights.")
    return encoder


def _check_shared(run: CooperativeRun, split: str, earlier: Checkpoint, where: Path) -> None:
    faults = [
        f"{name} is {getattr(run, name)!r} in {run.name}, {earlier.run[name]!r} there"
        for name in INHERITED
        if getattr(run, name) != earlier.run[name]
    ]
    faults = faults or _split_faults(split, earlier, where.with_name(SPLIT_FILE))
    if faults:
        raise ParamsError(
            f"{run.name} cannot start from {run.init_from}.",
            where=where,
            remedy=f"Train {run.init_from} again, with these settings and on these data.",
            faults=faults,
        )


def _split_faults(split: str, earlier: Checkpoint, path: Path) -> list[str]:
    """Tell who was in another split then: the checkpoint decides, the file at `path` has names."""
    beside = read_text(path) if path.is_file() else ""
    with parsing(path, "a table of splits", remedy="Train it again."):
        file_digest = split_sha256(beside)
    digest = earlier.training["training"].get("split_sha256", file_digest)
    if digest == split_sha256(split):
        return []
    named = differences(split, beside) if digest == file_digest and beside else []
    return named or [f"its split is another, or not known; no {path.name} beside it says which"]
