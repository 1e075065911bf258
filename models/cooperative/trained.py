"""The network of a run: as it starts, as a checkpoint brings it back; what it predicts.

No Lightning here: it takes 20 s to import, and who applies a network does without.
"""

import dataclasses
from pathlib import Path

import torch
from torch import Tensor, nn

from gazescribe.models.cooperative.data import unit_range
from gazescribe.models.cooperative.gradcam import gradcam
from gazescribe.models.cooperative.losses import distribution
from gazescribe.models.cooperative.networks import inherit, load_file, network_of
from gazescribe.models.cooperative.settings import CooperativeRun
from gazescribe.models.cooperative.splits import SPLIT_FILE, differences, split_sha256
from gazescribe.models.core.checkpoint import FILE, Checkpoint, load_checkpoint, load_weights
from gazescribe.models.core.config import read_settings
from gazescribe.models.predicting.predictor import BatchOutput, Channel, Predictor
from gazescribe.pipeline.core.errors import ParamsError
from gazescribe.pipeline.core.schemas import DIAGNOSES

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
    return *_rebuilt(checkpoint, path), checkpoint


def predictor(checkpoint: Checkpoint, path: Path) -> Predictor:
    """Make a checkpoint, read from `path`, ready for `gazescribe predict`.

    It gives probabilities of the diagnoses, the saliency map, and Grad-CAM of the likeliest.

    Raises
    ------
    ParamsError
        If the network gives neither, or wants gaze, which images do not bring.
    GazeError
        As `restored` does.
    """
    network, run = _rebuilt(checkpoint, path)
    if run.objective == "triplet":
        what = "this is the contrastive stage: it gives neither diagnosis nor map."
        raise ParamsError(what, where=path, remedy="Give the checkpoint of a later stage.")
    if run.network == "gazegnn" and run.gaze:
        what = "this network wants the reader's gaze, which a picture does not bring."
        remedy = "Give one that was trained without (gaze: false)."
        raise ParamsError(what, where=path, remedy=remedy)
    kinds = []
    if run.network in ("dual_encoder", "fusion", "unet"):
        kinds.append("saliency")
    if run.objective in ("cross_entropy", "joint"):
        kinds.append("gradcam")
    offered = [",".join(kinds), *kinds]  # both at once unless one is asked for

    def ask(images: Tensor, kind: str) -> BatchOutput:
        scaled = unit_range(images)
        maps: dict[str, Tensor] = {}
        if "gradcam" in kind:
            prediction, evidence = gradcam(network, scaled)
            if evidence is not None:
                maps["gradcam"] = evidence
        else:
            prediction = network(scaled)
        if prediction.saliency is not None:
            maps["saliency"] = distribution(prediction.saliency)
        probabilities = images.new_zeros((len(images), 0), dtype=torch.float64)
        if prediction.classes is not None:
            probabilities = prediction.classes.double().softmax(dim=1)
        shown = [_scaled_to_one(maps[name]) for name in kind.split(",")]
        return BatchOutput(probabilities, torch.stack(shown, 1))

    return Predictor(
        checkpoint,
        network,
        DIAGNOSES if "gradcam" in kinds else (),
        {name: tuple(Channel(kind) for kind in name.split(",")) for name in offered},
        ask,
    )


def _rebuilt(checkpoint: Checkpoint, path: Path) -> tuple[nn.Module, CooperativeRun]:
    """Build the network of a checkpoint, with its weights, in evaluation mode and frozen."""
    run: CooperativeRun = read_settings(CooperativeRun, checkpoint.run, where=path)
    network = network_of(checkpoint.run)
    load_weights(network, checkpoint.weights, where=path)
    return network.eval().requires_grad_(requires_grad=False), run


def _scaled_to_one(maps: Tensor) -> Tensor:
    """Scale each map, (B, H, W), to a maximum of 1; one that is 0 everywhere stays so."""
    highest = maps.amax(dim=(1, 2), keepdim=True)
    return (maps / highest.clamp(min=torch.finfo(maps.dtype).tiny)).float()


def _check_shared(run: CooperativeRun, split: str, earlier: Checkpoint, where: Path) -> None:
    faults = [
        f"{name} is {getattr(run, name)!r} in {run.name}, {earlier.run[name]!r} there"
        for name in INHERITED
        if getattr(run, name) != earlier.run[name]
    ]
    faults = faults or _split_faults(split, earlier, where.with_name(SPLIT_FILE))
    if faults:
        what = f"{run.name} cannot start from {run.init_from}."
        remedy = f"Train {run.init_from} again, with these settings and on these data."
        raise ParamsError(what, where=where, remedy=remedy, faults=faults)


def _split_faults(split: str, earlier: Checkpoint, path: Path) -> list[str]:
    """Tell who was in another split then: the checkpoint decides, the file at `path` has names."""
    beside = path.read_text(encoding="utf-8") if path.is_file() else ""
    of_file, wanted = split_sha256(beside), split_sha256(split)
    found = earlier.training["training"].get("split_sha256", of_file)
    if found == wanted:
        return []
    named = differences(split, beside) if found == of_file and beside else []
    return named or [f"its split is another, or not known; no {path.name} beside it says which"]
