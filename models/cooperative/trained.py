"""The network of a run: as it starts, and as a checkpoint brings it back.

No Lightning here: it takes 20 s to import, and who applies a network does without.
"""

import dataclasses
from pathlib import Path

from torch import nn

from models.checkpoint import FILE, Checkpoint, load_checkpoint, load_weights
from models.config import read_settings
from models.cooperative.networks import inherit, load_file, network_of
from models.cooperative.settings import Run
from pipeline.errors import ParamsError

SYSTEM = "cooperative"
INHERITED = ("split", "n_folds", "fold", "split_seed", "imagenet_normalise")
"""Settings that a run must share with the one it starts from: else one has seen the other's test
images, or sees images as the other never did."""


def started(run: Run, out: Path) -> nn.Module:
    """Build the network that a run begins with.

    Parameters
    ----------
    run : Run
        Settings.
    out : pathlib.Path
        Folder of all runs.

    Returns
    -------
    Module
        With random weights, those of a file, or those of an earlier run.

    Raises
    ------
    GazeError
        If such weights are not exactly what the network needs, or the earlier run had other
        patients to train on.
    """
    network = network_of(dataclasses.asdict(run))
    if run.weights:
        load_file(network, Path(run.weights))
    if run.init_from:
        path = out / run.init_from / FILE
        earlier = load_checkpoint(path, system=SYSTEM)
        _check_shared(run, earlier, path)
        inherit(network, earlier, where=path)
    return network


def restored(path: Path) -> tuple[nn.Module, Run, Checkpoint]:
    """Read a trained network, ready to be applied.

    Parameters
    ----------
    path : pathlib.Path
        A checkpoint of this system.

    Returns
    -------
    Module
        On the CPU, in evaluation mode.
    Run
        Settings it was trained with.
    Checkpoint
        All that its file says.

    Raises
    ------
    GazeError
        If the file is not a checkpoint of this system.
    """
    checkpoint = load_checkpoint(path, system=SYSTEM)
    run: Run = read_settings(Run, checkpoint.run, where=path)
    network = network_of(checkpoint.run)
    load_weights(network, checkpoint.weights, where=path)
    return network.eval(), run, checkpoint


def _check_shared(run: Run, earlier: Checkpoint, where: Path) -> None:
    faults = [
        f"{name} is {getattr(run, name)!r} in {run.name}, {earlier.run[name]!r} there"
        for name in INHERITED
        if getattr(run, name) != earlier.run[name]
    ]
    if faults:
        what = f"{run.name} cannot start from {run.init_from}."
        raise ParamsError(what, where=where, faults=faults)
