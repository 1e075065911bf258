"""Build any of the networks from a run's settings, and hand weights from stage to stage."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from gazescribe.models.cooperative.classifiers import DenseClassifier, InceptionResNet
from gazescribe.models.cooperative.densenet import Encoder, read_densenet
from gazescribe.models.cooperative.dual_encoder import DualEncoder, Fusion
from gazescribe.models.cooperative.gazegnn import GazeGNN
from gazescribe.models.cooperative.mt_unet import UNet
from gazescribe.models.core.backbones import COUNTER, read_weights
from gazescribe.models.core.checkpoint import Checkpoint, load_weights
from gazescribe.pipeline.core.errors import ParamsError

LAST_OF_INCEPTION = "classif."


def network_of(run: Mapping[str, Any]) -> nn.Module:
    """Build the network of a run, with weights as torch starts them.

    Parameters
    ----------
    run : mapping
        Settings, as a checkpoint keeps them (`dataclasses.asdict` of a `CooperativeRun`).

    Returns
    -------
    Module
        Called with images (B, 1, H, W) in [0, 1] it gives a `Prediction`; a `GazeGNN` that takes
        gaze is called with that, too.
    """
    match run["network"]:
        case "densenet":
            return DenseClassifier(_encoder(run, "block4"), classes=run["objective"] != "triplet")
        case "inception_resnet":
            return InceptionResNet()
        case "gazegnn":
            return _gazegnn(run)
        case "dual_encoder":
            return _dual_encoder(run)
        case "fusion":
            return Fusion(_dual_encoder(run), frozen=run["frozen"])
        case "unet":
            return _unet(run)
    raise ParamsError(f"there is no network {run['network']!r}.")


def inherit(network: nn.Module, earlier: Checkpoint, *, where: object) -> None:
    """Hand over what an earlier stage trained: all of it, or an error.

    Parameters
    ----------
    network : Module
        Of a later stage. Its encoder takes the weights of a `DenseClassifier` but for the last
        layer; its trunk takes those of a `DualEncoder`.
    earlier : Checkpoint
        Of the earlier stage.
    where : object
        Where that lies, for messages.

    Raises
    ------
    SchemaError
        If a weight is missing, left over or of another shape.
    ParamsError
        If the network cannot start from that one.
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
        _fill(_encoder_in(network), weights, where)
    else:
        message = f"{type(network).__name__} cannot start from a network of kind {kind}."
        raise ParamsError(message, where=where)


def load_file(network: nn.Module, path: Path) -> None:
    """Start from weights that were trained elsewhere: ImageNet's, in a local file.

    Raises
    ------
    GazeError
        If the file is not there, holds no weights, or those of another network.
    """
    if isinstance(network, InceptionResNet):
        inner, weights = network.network, read_weights(path)
        # Ours has three classes: its last layer starts afresh.
        fresh, weights = (
            {name: w for name, w in tensors.items() if name.startswith(LAST_OF_INCEPTION) is last}
            for tensors, last in ((inner.state_dict(), True), (weights, False))
        )
        load_weights(inner, fresh | weights, where=path)
    else:
        encoder = _encoder_in(network)
        # Files of 2017 lack counters that nothing here reads.
        counters = {k: v for k, v in encoder.state_dict().items() if k.endswith(COUNTER)}
        _fill(encoder, counters | read_densenet(path), path)


def _fill(encoder: Encoder, weights: Mapping[str, Tensor], where: object) -> None:
    load_weights(encoder, encoder.matching(weights), where=where)


def _encoder_in(network: nn.Module) -> Encoder:
    outer = network.trunk if isinstance(network, Fusion) else network
    encoder = outer.encoder if isinstance(outer, DenseClassifier | DualEncoder) else None
    if encoder is None:
        raise ParamsError(f"{type(network).__name__} has no DenseNet that could take weights.")
    return encoder


def _encoder(run: Mapping[str, Any], tap: Any) -> Encoder:
    return Encoder(run["encoder"], tap=tap, normalise=run["imagenet_normalise"])


def _dual_encoder(run: Mapping[str, Any]) -> DualEncoder:
    return DualEncoder(
        _encoder(run, run["encoder_tap"]) if run["encoder"] else None,
        width=run["unet_channels"],
        saliency_stride=run["saliency_stride"],
        frozen=run["frozen"],
    )


def _unet(run: Mapping[str, Any]) -> UNet:
    return UNet(
        run["unet_blocks"],
        classes=run["objective"] == "joint",
        width=run["unet_channels"],
        saliency_stride=run["saliency_stride"],
    )


def _gazegnn(run: Mapping[str, Any]) -> GazeGNN:
    return GazeGNN(
        (run["image_height"], run["image_width"]),
        gaze=run["gaze"],
        channels=run["graph_channels"],
        blocks=run["graph_blocks"],
    )
