"""The network of a run: as it starts, and as a checkpoint brings it back.

No Lightning here: it takes 20 s to import, and applying a network does not need it.
"""

import dataclasses
from pathlib import Path

import torch
from torch import Tensor

from gazescribe.models.core.checkpoint import Checkpoint, load_checkpoint, load_weights
from gazescribe.models.core.config import read_settings
from gazescribe.models.mil.losses import image_probability, pooled_logits
from gazescribe.models.mil.network import MilNetwork
from gazescribe.models.mil.settings import MilRun


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
    return *rebuilt(checkpoint, path), checkpoint


def rebuilt(checkpoint: Checkpoint, path: Path) -> tuple[MilNetwork, MilRun]:
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
