"""Sections of the parameters for the cooperative network and its baselines, and their runs.

As for the other network (`pipeline.networks`): what the paper says stands in `params.yaml`, sizes
and which models are trained in `params/<profile>.yaml`, a setting in one of the two. A model is a
variant of both. `models/cooperative/settings.py` reads the result; a test keeps the two equal.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from gazescribe.pipeline.core.errors import ParamsError
from gazescribe.pipeline.core.yaml_files import Strict, check
from gazescribe.pipeline.networks import ModelName

Side = Annotated[int, Field(ge=32, le=4096, multiple_of=32)]
Variants = dict[ModelName, dict[str, Any]]


class CooperativeMethod(Strict):
    """What the paper says, of section `cooperative` of `params.yaml`."""

    frozen: Literal[True, False, "parameters"]
    cache_features: bool
    encoder_tap: Literal["block4", "transition3"]
    imagenet_normalise: bool
    unet_blocks: Literal["plain", "bare", "residual_encoder", "residual"]
    saliency_stride: Literal[1, 2, 4, 8]
    gaze: bool
    mining: Literal["all", "hard", "published"]
    margin: float = Field(ge=0)
    unit_length: bool
    weighing: Literal["sum", "published", "paper"]
    loss_pixels: Literal["valid", "all"]
    split: Literal["table", "folds", "published"]
    n_folds: int = Field(ge=3)
    split_seed: int = Field(ge=0)
    optimiser: Literal["adam", "adamw"]
    weight_decay: float = Field(ge=0)


class CooperativeSize(Strict):
    """What a profile says, of section `cooperative` of `params/<profile>.yaml`."""

    encoder: Literal["densenet201", "densenet121", "tiny"] | None
    unet_channels: int = Field(ge=1)
    graph_channels: list[Annotated[int, Field(ge=4, multiple_of=4)]] = Field(
        min_length=4, max_length=4
    )
    graph_blocks: list[Annotated[int, Field(ge=1)]] = Field(min_length=4, max_length=4)
    image_height: Side
    image_width: Side
    lr: float = Field(gt=0)
    epochs: int = Field(ge=1)
    patience: Annotated[int, Field(ge=1)] | None
    lr_patience: Annotated[int, Field(ge=1)] | None
    batch_size: int = Field(ge=1)
    precision: Annotated[Literal["32", "16-mixed", "bf16-mixed"], BeforeValidator(str)]
    channels_last: bool
    compile: bool
    workers: int = Field(ge=0)
    log: Literal["csv", "dvclive"]


class CooperativeRun(CooperativeMethod, CooperativeSize):
    """One network to train, or one stage of it."""

    name: str
    model: ModelName
    seed: int = Field(ge=0)
    network: Literal["densenet", "inception_resnet", "gazegnn", "dual_encoder", "fusion", "unet"]
    objective: Literal["triplet", "cross_entropy", "saliency", "joint"]
    init_from: str | None
    weights: str | None
    fold: Annotated[int, Field(ge=0)] | None


class CooperativeInputs(Strict):
    """Folders that the stages before wrote, relative to the working folder."""

    images: str
    egd: str
    saliency_maps: str


class Cooperative(CooperativeMethod):
    """Section `cooperative` of `params.yaml`."""

    inputs: CooperativeInputs
    variants: Variants


class CooperativeProfile(CooperativeSize):
    """Section `cooperative` of `params/<profile>.yaml`."""

    models: Variants = Field(min_length=1)
    seeds: list[Annotated[int, Field(ge=0)]] = Field(min_length=1)
    evaluation_batch_size: int = Field(ge=1)
    densenet_weights: str | None
    inception_weights: str | None

    @property
    def frame(self) -> str:
        """Size of its images, as options say it."""
        return f"{self.image_height}x{self.image_width}"


def cooperative_runs(method: Cooperative, size: CooperativeProfile) -> list[CooperativeRun]:
    """Resolve the settings of each run: every model with every seed.

    Parameters
    ----------
    method : Cooperative
        Section of `params.yaml`.
    size : CooperativeProfile
        Section of the profile.

    Returns
    -------
    list of CooperativeRun
        Models in the profile's order, seeds within.

    Raises
    ------
    ParamsError
        If a model has no variant, starts from one that is not trained before it, or says what no
        run can have.
    """
    _check_models(method.variants, size.models)
    return [_run(method, size, model, seed) for model in size.models for seed in size.seeds]


def _check_models(variants: Variants, models: Variants) -> None:
    names = list(models)
    faults = [f"there is no variant {name}" for name in names if name not in variants]
    for number, name in enumerate(names):
        first = variants.get(name, {}).get("init_from")
        if first and first not in names[:number]:
            faults.append(f"{name} starts from {first}, which is not among the models before it")
    if faults:
        remedy = f"Known are {', '.join(variants)}."
        what = "these models cannot be trained."
        raise ParamsError(what, where="cooperative.models", remedy=remedy, faults=faults)


def _run(method: Cooperative, size: CooperativeProfile, model: str, seed: int) -> CooperativeRun:
    settings = {
        **method.model_dump(include=set(CooperativeMethod.model_fields)),
        **size.model_dump(include=set(CooperativeSize.model_fields)),
        "init_from": None,
        **method.variants[model],
        **size.models[model],
    }
    first = settings["init_from"]
    named = {
        "name": f"{model}-seed{seed}",
        "model": model,
        "seed": seed,
        "init_from": first and f"{first}-seed{seed}",
        "fold": seed % settings["n_folds"] if settings["split"] == "folds" else None,
    }
    content = {"weights": _weights(settings, size), **settings, **named}
    return check(content, CooperativeRun, ParamsError, where=f"cooperative.variants.{model}")


def _weights(settings: Mapping[str, Any], size: CooperativeProfile) -> str | None:
    """File that a network starts from, where it starts from one."""
    network = settings.get("network")
    if network == "inception_resnet":
        return size.inception_weights
    has_encoder = network in ("densenet", "dual_encoder", "fusion") and settings["encoder"]
    return size.densenet_weights if has_encoder and not settings["init_from"] else None
