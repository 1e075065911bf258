"""What a network of this system says of pictures, for `models.prediction`."""

from pathlib import Path

import torch
from torch import Tensor

from models.cooperative.data import unit_range
from models.cooperative.evaluation import distribution
from models.cooperative.gradcam import gradcam
from models.cooperative.trained import restored
from models.prediction import Answer, Predictor
from pipeline.errors import ParamsError
from pipeline.schemas import DIAGNOSES

ONE_MAP = ("",)
"""Its maps belong to no label: Grad-CAM is of the most probable diagnosis."""


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
    looks = run.network in ("dual_encoder", "fusion", "unet")
    diagnoses = run.objective in ("cross_entropy", "joint")

    def ask(images: Tensor, kind: str) -> Answer:
        found, evidence = gradcam(network, unit_range(images))
        maps = found.saliency if kind == "saliency" else evidence
        if maps is None:
            raise ParamsError(f"this network draws no map {kind!r}.", where=path)
        maps = distribution(maps) if kind == "saliency" else maps
        highest = maps.amax(dim=(1, 2), keepdim=True).clamp(min=torch.finfo(maps.dtype).tiny)
        chances = images.new_zeros((len(images), 0), dtype=torch.float64)
        if found.classes is not None:
            chances = found.classes.double().softmax(dim=1)
        return Answer(chances, (maps / highest)[:, None].float())

    kinds = ["saliency"] * looks + ["gradcam"] * diagnoses
    return Predictor(
        checkpoint,
        network,
        DIAGNOSES if diagnoses else (),
        dict.fromkeys(kinds, ONE_MAP),
        ask,
    )
