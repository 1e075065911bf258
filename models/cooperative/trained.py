"""The network of a run: as it starts, and as a checkpoint brings it back.

No Lightning here: it takes 20 s to import, and applying a network does not need it.
"""

import dataclasses
from pathlib import Path

from torch import nn

from gazescribe.models.cooperative.networks import inherit, load_file, network_of
from gazescribe.models.cooperative.settings import CooperativeRun
from gazescribe.models.cooperative.splits import SPLIT_FILE, differences, split_sha256
from gazescribe.models.core.checkpoint import FILE, Checkpoint, load_checkpoint, load_weights
from gazescribe.models.core.config import read_settings
from gazescribe.pipeline.core.errors import ParamsError

SYSTEM = "cooperative"
INHERITED = ("split", "n_folds", "fold", "split_seed", "imagenet_normalise")
"""Settings that a run must share with the one it starts from, beside who is in which split: else
one has seen the other's test images, or sees images as the other never did."""


def started(run: CooperativeRun, out: Path, split: str) -> nn.Module:
    """Build the network that a run begins with.

    Parameters
    ----------
    run : CooperativeRun
        Settings.
    out : pathlib.Path
        Folder of all runs.
    split : str
        Who is in which split of this run, as `splits.split_csv` gives it.

    Returns
    -------
    Module
        With random weights, those of a file, or those of an earlier run.

    Raises
    ------
    GazeError
        If such weights are not exactly what the network needs, or if the earlier run had other
        images to train on: it may have learnt those that test this one.
    """
    network = network_of(dataclasses.asdict(run))
    if run.weights:
        load_file(network, Path(run.weights))
    if run.init_from:
        path = out / run.init_from / FILE
        earlier = load_checkpoint(path, system=SYSTEM)
        _check_shared(run, split, earlier, path)
        inherit(network, earlier, where=path)
    return network


def restored(path: Path) -> tuple[nn.Module, CooperativeRun, Checkpoint]:
    """Read a trained network, ready to be applied.

    Parameters
    ----------
    path : pathlib.Path
        A checkpoint of this system.

    Returns
    -------
    Module
        On the CPU, in evaluation mode; no parameter takes part in a gradient, so that Grad-CAM
        keeps only what lies behind the layer it taps.
    CooperativeRun
        Settings it was trained with.
    Checkpoint
        All that its file says.

    Raises
    ------
    GazeError
        If the file is not a checkpoint of this system.
    """
    checkpoint = load_checkpoint(path, system=SYSTEM)
    return *rebuilt(checkpoint, path), checkpoint


def rebuilt(checkpoint: Checkpoint, path: Path) -> tuple[nn.Module, CooperativeRun]:
    """Build the network of a checkpoint, with its weights, in evaluation mode and frozen."""
    run: CooperativeRun = read_settings(CooperativeRun, checkpoint.run, where=path)
    network = network_of(checkpoint.run)
    load_weights(network, checkpoint.weights, where=path)
    return network.eval().requires_grad_(requires_grad=False), run


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
    beside = path.read_text(encoding="utf-8") if path.is_file() else ""
    file_digest = split_sha256(beside)
    digest = earlier.training["training"].get("split_sha256", file_digest)
    if digest == split_sha256(split):
        return []
    named = differences(split, beside) if digest == file_digest and beside else []
    return named or [f"its split is another, or not known; no {path.name} beside it says which"]
