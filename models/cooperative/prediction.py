"""What a network of this system says of pictures, for `models.predicting.predictor`."""

from pathlib import Path

import torch
from torch import Tensor

from gazescribe.models.cooperative.data import unit_range
from gazescribe.models.cooperative.evaluation import distribution
from gazescribe.models.cooperative.gradcam import gradcam
from gazescribe.models.cooperative.trained import restored
from gazescribe.models.predicting.predictor import Answer, Channel, Predictor
from gazescribe.pipeline.core.errors import ParamsError
from gazescribe.pipeline.core.schemas import DIAGNOSES


def predictor(path: Path) -> Predictor:
    """Read a checkpoint: probabilities of the diagnoses, saliency map, Grad-CAM of the likeliest.

    Raises
    ------
    ParamsError
        If the network gives neither, or wants gaze, which pictures do not bring.
    GazeError
        As `restored` does.
    """
    network, run, checkpoint = restored(path)
    if run.objective == "triplet":
        what = "this is the contrastive stage: it gives neither diagnosis nor map."
        raise ParamsError(what, where=path, remedy="Give the checkpoint of a later stage.")
    if run.network == "gazegnn" and run.gaze:
        what = "this network wants the reader's gaze, which a picture does not bring."
        raise ParamsError(
            what, where=path, remedy="Give one that was trained without (gaze: false)."
        )
    kinds = []
    if run.network in ("dual_encoder", "fusion", "unet"):
        kinds.append("saliency")
    if run.objective in ("cross_entropy", "joint"):
        kinds.append("gradcam")
    offered = [",".join(kinds), *kinds]  # both at once unless one is asked for

    def ask(images: Tensor, wanted: str) -> Answer:
        ready = unit_range(images)
        drawn: dict[str, Tensor] = {}
        if "gradcam" in wanted:
            found, evidence = gradcam(network, ready)
            drawn |= {} if evidence is None else {"gradcam": evidence}
        else:
            found = network(ready)
        if found.saliency is not None:
            drawn["saliency"] = distribution(found.saliency)
        chances = images.new_zeros((len(images), 0), dtype=torch.float64)
        if found.classes is not None:
            chances = found.classes.double().softmax(dim=1)
        return Answer(chances, torch.stack([_to_one(drawn[kind]) for kind in wanted.split(",")], 1))

    return Predictor(
        checkpoint,
        network,
        DIAGNOSES if "gradcam" in kinds else (),
        {name: tuple(Channel(kind) for kind in name.split(",")) for name in offered},
        ask,
    )


def _to_one(maps: Tensor) -> Tensor:
    """Scale each map, (B, H, W), to a maximum of 1; one that is 0 everywhere stays so."""
    highest = maps.amax(dim=(1, 2), keepdim=True)
    return (maps / highest.clamp(min=torch.finfo(maps.dtype).tiny)).float()
