"""The network of a run: as it starts, as a checkpoint brings it back; what it predicts.

No Lightning here: it takes 20 s to import, and who applies a network does without.
"""

import dataclasses
from pathlib import Path

import torch
from torch import Tensor

from gazescribe.models.core.checkpoint import Checkpoint, load_checkpoint, load_weights
from gazescribe.models.core.config import read_settings
from gazescribe.models.mil.losses import image_probability, pooled_logits
from gazescribe.models.mil.maps import localisation_maps
from gazescribe.models.mil.network import MilNetwork
from gazescribe.models.mil.settings import MilRun
from gazescribe.models.predicting.predictor import BatchOutput, Channel, Predictor
from gazescribe.pipeline.core.class_names import TEN_LABELS
from gazescribe.pipeline.core.errors import SchemaError
from gazescribe.pipeline.core.schemas import MIL_MAPS


def network_of(run: MilRun) -> MilNetwork:
    """Build the network that a run begins with: random, or from the weight file it names."""
    return MilNetwork(
        backbone=run.backbone,
        layers=run.layers,
        grid=run.grid,
        decoder=run.decoder,
        normalise=run.normalise,
        weights=run.weights,
    )


def restored(path: Path) -> tuple[MilNetwork, MilRun, Checkpoint]:
    """Read a trained network, ready to be applied.

    Parameters
    ----------
    path : pathlib.Path
        A checkpoint of this network.

    Returns
    -------
    MilNetwork
        On the CPU, in evaluation mode.
    MilRun
        Settings it was trained with.
    Checkpoint
        All that its file says.

    Raises
    ------
    GazeError
        If the file is not a checkpoint of this network.
    """
    checkpoint = load_checkpoint(path, system="mil")
    return *_rebuilt(checkpoint, path), checkpoint


def predictor(checkpoint: Checkpoint, path: Path) -> Predictor:
    """Make a checkpoint, read from `path`, ready for `gazescribe predict`.

    The map to draw is the one with the best IoU on validation, which the checkpoint says once it is
    evaluated. Before, it is what the paper found best: the decoder's where the network learnt from
    maps, else the spatial activations (Lanfredi et al. 2023, Section 3).

    Raises
    ------
    GazeError
        If the weights are not this network's, or its labels are others.
    """
    network, run = _rebuilt(checkpoint, path)
    if tuple(checkpoint.labels) != TEN_LABELS:
        labels = ", ".join(checkpoint.labels)
        what = f"its labels are {labels}; {', '.join(TEN_LABELS)} expected."
        raise SchemaError(what, where=path)
    kinds = [kind for kind in MIL_MAPS if run.decoder or kind != "decoder"]
    paper = "decoder" if run.decoder and run.supervision != "none" else "spatial"
    best = (checkpoint.metrics or {}).get("map") or paper
    channels = tuple(Channel("label", label) for label in TEN_LABELS)

    def ask(images: Tensor, kind: str) -> BatchOutput:
        output = network(images, decode=kind == "decoder")
        maps = localisation_maps(network, output)
        return BatchOutput(probability_of(output.logits, run), maps[kind])

    maps = dict.fromkeys(sorted(kinds, key=lambda kind: kind != best), channels)
    return Predictor(checkpoint, network, TEN_LABELS, maps, ask)


def _rebuilt(checkpoint: Checkpoint, path: Path) -> tuple[MilNetwork, MilRun]:
    """Build the network of a checkpoint, with its weights, in evaluation mode."""
    run: MilRun = read_settings(MilRun, checkpoint.run, where=path)
    network = network_of(dataclasses.replace(run, weights=None))
    load_weights(network, checkpoint.weights, where=path)
    return network.eval(), run


def probability_of(logits: Tensor, run: MilRun) -> Tensor:
    """Probability of each label, in float64: near 1 float32 makes ties that are none.

    Parameters
    ----------
    logits : Tensor, shape (B, 10, h, w)
        Of the grid.
    run : MilRun
        Settings of the network.

    Returns
    -------
    Tensor of float64, shape (B, 10)
    """
    if run.objective == "cross_entropy":
        return torch.sigmoid(pooled_logits(logits.double()))
    return image_probability(logits.double(), balanced=run.balanced)
