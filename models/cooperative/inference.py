"""What a network of the cooperative system predicts of images, for `gazescribe predict`."""

from pathlib import Path

import torch
from torch import Tensor

from gazescribe.models.cooperative.data import unit_range
from gazescribe.models.cooperative.gradcam import gradcam
from gazescribe.models.cooperative.losses import distribution
from gazescribe.models.cooperative.networks import classes_in, rebuilt
from gazescribe.models.cooperative.settings import CooperativeRun
from gazescribe.models.core.checkpoint import Checkpoint
from gazescribe.models.predicting.predictor import BatchOutput, Channel, Predictor
from gazescribe.pipeline.core.errors import ParamsError


def predictor(checkpoint: Checkpoint, path: Path) -> Predictor:
    """Make a checkpoint, read from `path`, ready for `gazescribe predict`.

    It gives probabilities of the diagnoses, the saliency map, and Grad-CAM of the likeliest. Raises
    ParamsError if the network gives neither, wants gaze, which images do not bring, or sees crops.
    Raises GazeError if the weights are not this network's.
    """
    network, run = rebuilt(checkpoint, path)
    _refuse_what_needs_more_than_pictures(run, path)
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
        classes_in(checkpoint, path),
        {name: tuple(Channel(kind) for kind in name.split(",")) for name in offered},
        ask,
    )


def _refuse_what_needs_more_than_pictures(run: CooperativeRun, path: Path) -> None:
    """Raise ParamsError for a network that gives nothing, or sees other than whole images."""
    if run.objective == "triplet":
        raise ParamsError(
            "this is the contrastive stage: it gives neither diagnosis nor map.",
            where=path,
            remedy="Give the checkpoint of a later stage.",
        )
    if run.network == "gazegnn" and run.gaze:
        raise ParamsError(
            "this network wants the reader's gaze, which a picture does not bring.",
            where=path,
            remedy="Give one that was trained without (gaze: false).",
        )
    if run.crops == "published":
        raise ParamsError(
            "this network sees crops of images (crops: published), not whole ones.",
            where=path,
            remedy="Give one that was trained on whole images, or score it by evaluate.",
        )


def _scaled_to_one(maps: Tensor) -> Tensor:
    """Scale each map, (B, H, W), to a maximum of 1; one that is 0 everywhere stays so."""
    highest = maps.amax(dim=(1, 2), keepdim=True)
    return (maps / highest.clamp(min=torch.finfo(maps.dtype).tiny)).float()
