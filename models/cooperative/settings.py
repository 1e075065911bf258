"""Settings of the cooperative network and its baselines: the only definition of each.

As for the other network (`models.mil.settings`): what the paper says stands in `params.yaml`, sizes
and which models are trained in `params/<profile>.yaml`, a setting in one of the two; a variant
changes some of either. One class describes every model; a network ignores what it has no use for.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Annotated, Any, Literal

from gazescribe.models.core.settings import (
    NOT_EMPTY,
    Between,
    Count,
    CountOrZero,
    Drawing,
    NotNegative,
    Positive,
    Seeds,
    SettingRule,
    Side,
    Training,
    Variants,
    values_of,
)
from gazescribe.models.core.starting_weights import file_of, unsaid
from gazescribe.pipeline.core.errors import ParamsError
from gazescribe.pipeline.core.values import DIAGNOSES

TRAINS_AS = 2
"""Stands for the arithmetic of training: raise it when a change alters what training computes, so
that runs which are trained already are trained anew."""
SCORES_AS = 3
"""Likewise for the scores of a checkpoint."""

PACE = (
    *("network", "objective", "frozen", "cache_features", "encoder", "unet_channels"),
    *("graph_channels", "graph_blocks", "saliency_stride", "image_height", "image_width"),
    *("batch_size", "precision", "channels_last", "compile", "workers", "checkpointing"),
)
"""Settings that decide how long an epoch takes."""
MEMORY = (
    *("network", "objective", "frozen", "cache_features", "encoder", "encoder_tap"),
    *("imagenet_normalise", "unet_blocks", "unet_channels", "graph_channels", "graph_blocks"),
    *("gaze", "crops", "saliency_stride", "mining", "weighing", "loss_pixels", "image_height"),
    *("image_width", "batch_size", "precision", "checkpointing"),
)
"""Settings that decide how much memory a step takes."""

NETWORKS = {
    "densenet": ("triplet", "cross_entropy"),
    "inception_resnet": ("cross_entropy",),
    "gazegnn": ("cross_entropy",),
    "dual_encoder": ("saliency",),
    "fusion": ("cross_entropy", "joint"),
    "unet": ("saliency", "joint"),
}
"""Networks, and what each can be trained for."""
WITH_ENCODER = ("densenet", "dual_encoder", "fusion")

WEIGHTS = {"inception_resnet": "inception_weights", "gazegnn": "gazegnn_weights"}
"""Keys of the profile that name files of weights; `densenet_weights` of all others."""

N_STAGES = 4  # of GazeGNN
INCEPTION_PX = 75  # least image side
ONE_PLACE_PX = {
    "densenet": 32,
    "dual_encoder": 32,
    "fusion": 32,
    "inception_resnet": 96,
    "gazegnn": 4096,
}
"""Largest image side at which a layer normalises over the batch at a single place of each image, so
that it needs two of them."""
N_CLASSES = len(DIAGNOSES)
"""Of EGD; other data have others, which no setting depends on."""
EGD = "egd"

HEIRS = (
    ("densenet", "cross_entropy"),
    ("dual_encoder", "saliency"),
    ("fusion", "cross_entropy"),
    ("fusion", "joint"),
)
"""Networks, and what they are trained for, that can start from another run."""


def _check_four(values: tuple[int, ...]) -> None:
    if len(values) != N_STAGES:
        raise ValueError(f"{N_STAGES} numbers expected, one a stage")


@dataclass(frozen=True)
class CooperativeMethod:
    """What the paper says, of section `cooperative` of `params.yaml`."""

    frozen: Literal[True, False, "parameters"]
    cache_features: Literal[True, False, "all"]
    encoder_tap: Literal["block4", "transition3"]
    imagenet_normalise: bool
    crops: Literal["none", "published"]
    unet_blocks: Literal["plain", "bare", "residual_encoder", "residual"]
    saliency_stride: Literal[1, 2, 4, 8]
    gaze: bool
    mining: Literal["all", "hard", "published"]
    margin: NotNegative
    unit_length: bool
    weighing: Literal["sum", "published", "paper"]
    loss_pixels: Literal["valid", "all"]
    split: Literal["table", "folds", "published"]
    n_folds: Annotated[int, Between(3)]
    split_seed: CountOrZero
    shuffle: bool
    optimiser: Literal["adam", "adamw"]
    weight_decay: NotNegative


@dataclass(frozen=True)
class CooperativeSize(Training):
    """What a profile says, of section `cooperative` of `params/<profile>.yaml`."""

    encoder: Literal["densenet201", "densenet121", "tiny"] | None
    unet_channels: Count
    # Sine and cosine of two axes share the channels.
    graph_channels: Annotated[
        tuple[Annotated[int, Between(4, multiple_of=4)], ...], SettingRule(_check_four)
    ]
    graph_blocks: Annotated[tuple[Count, ...], SettingRule(_check_four)]
    image_height: Side
    image_width: Side
    checkpointing: bool
    lr: Positive
    patience: Count | None
    lr_patience: Count | None


@dataclass(frozen=True)
class CooperativeRun(CooperativeMethod, CooperativeSize):
    """One network to train, or one stage of it."""

    name: str
    model: str
    seed: CountOrZero
    network: Literal["densenet", "inception_resnet", "gazegnn", "dual_encoder", "fusion", "unet"]
    objective: Literal["triplet", "cross_entropy", "saliency", "joint"]
    init_from: str | None
    weights: str | None
    fold: CountOrZero | None


@dataclass(frozen=True)
class CooperativeFolders:
    """Folders, relative to the working folder.

    Maps are drawn from the Gaussians of `associated`, or read from shards, `saliency_maps`, which
    were drawn from these (`CooperativeInputs.maps`).
    """

    images: str
    tables: Annotated[dict[str, str], NOT_EMPTY]  # by data set, as the next
    saliency_maps: dict[str, str]
    classes: tuple[str, ...] | None  # in the order of the networks' outputs; None: of the data
    deepgaze: str | None = None  # file of a baseline
    associated: dict[str, str] = field(default_factory=dict)  # by data set

    def __post_init__(self) -> None:
        """Check that all maps are of a data set that has tables."""
        for name in ("saliency_maps", "associated"):
            if unknown := sorted(set(getattr(self, name)) - set(self.tables)):
                known = ", ".join(self.tables)
                raise ValueError(f"{name} of {', '.join(unknown)}: tables are of {known} alone")
        if self.classes is not None and len(set(self.classes)) < max(len(self.classes), 2):
            raise ValueError("classes: two or more expected, each once")


@dataclass(frozen=True)
class SaliencyDrawing(Drawing):
    """Of fixations, or of samples under a blur in image pixels; always drawn at model size."""

    saliency_from: Literal["fixations", "samples"]
    samples_sigma_px: Positive


@dataclass(frozen=True)
class CooperativeInputs(CooperativeFolders):
    """Folders; where maps come from, and how they are drawn here."""

    maps: Literal["gaussians", "shards"] = "shards"
    drawing: SaliencyDrawing = SaliencyDrawing("mass", "direct", "fixations", 1.0)

    @property
    def maps_of(self) -> dict[str, str]:
        """The folders that maps come from, by data set."""
        return self.associated if self.maps == "gaussians" else self.saliency_maps


@dataclass(frozen=True)
class CooperativeEvaluation:
    """How trained networks are scored."""

    batch_size: Count


@dataclass(frozen=True)
class CooperativeSection(CooperativeMethod):
    """Section `cooperative` of `params.yaml`."""

    inputs: CooperativeFolders
    variants: Variants


@dataclass(frozen=True)
class CooperativeProfile(CooperativeSize):
    """Section `cooperative` of `params/<profile>.yaml`."""

    models: Annotated[Variants, NOT_EMPTY]
    seeds: Seeds
    evaluation_batch_size: Count
    densenet_weights: str | None
    inception_weights: str | None
    gazegnn_weights: str | None

    @property
    def frame(self) -> str:
        """Size of its images, as options say it."""
        return f"{self.image_height}x{self.image_width}"


PARTS = {
    "inputs": CooperativeInputs,
    "runs": tuple[CooperativeRun, ...],
    "evaluation": CooperativeEvaluation,
}
"""Of a CONFIG."""


def training_inputs(run: CooperativeRun, inputs: CooperativeInputs) -> dict[str, Any]:  # noqa: ARG001  all runs read all
    """Give what a run is trained on: folders as text, and the order of classes where it is said.

    EGD's have the names that they had when there was no other data set, so that runs which are
    trained already stay.
    """
    tables = {"egd" if name == EGD else f"tables.{name}": v for name, v in inputs.tables.items()}
    drawn = inputs.maps == "gaussians"
    key = "associated" if drawn else "saliency_maps"
    maps = {
        key if name == EGD else f"{key}.{name}": folder for name, folder in inputs.maps_of.items()
    }
    drawing = {"drawing": asdict(inputs.drawing)} if drawn else {}
    classes = {} if inputs.classes is None else {"classes": inputs.classes}
    return {"images": inputs.images, **tables, **maps, **drawing, **classes}


def scoring_inputs(run: CooperativeRun, inputs: CooperativeInputs) -> dict[str, Any]:
    """Give what a run is scored on, likewise."""
    baseline = {} if inputs.deepgaze is None else {"deepgaze": inputs.deepgaze}
    return {**training_inputs(run, inputs), **baseline}


def input_faults(inputs: CooperativeInputs, runs: Sequence[CooperativeRun]) -> list[str]:  # noqa: ARG001  every network's takes them
    """Say which data sets have maps in shards alone, though maps are to be drawn."""
    if inputs.maps == "shards":
        return []
    return [
        f"inputs.associated: {name} has saliency_maps alone, and maps are drawn (maps: gaussians)"
        for name in inputs.saliency_maps
        if name not in inputs.associated
    ]


def run_faults(run: CooperativeRun) -> list[str]:
    """Say what in a run does not go together; nothing where all does."""
    return [*_network_faults(run), *_start_faults(run), *start_faults(run), *_number_faults(run)]


def network_of_file(run: CooperativeRun) -> str | None:
    """Name the network whose weights a file can give this run; None where it takes no file."""
    is_stage_3 = (run.network, run.objective) == ("fusion", "cross_entropy")
    if run.init_from or is_stage_3:
        return None
    if run.network == "inception_resnet":
        return "inception_resnet_v2"
    if run.network == "gazegnn":
        # With images of its own, as published, it starts as published; else from scratch.
        return "pvig_ti" if run.crops == "published" else None
    return run.encoder if run.network in WITH_ENCODER else None


def start_faults(run: CooperativeRun) -> list[str]:
    """Say what is not said of the weights that a run starts from."""
    network = network_of_file(run)
    key = WEIGHTS.get(run.network, "densenet_weights")
    return unsaid(run.weights, network, f"cooperative.{key}") if network else []


def _network_faults(run: CooperativeRun) -> Iterator[str]:
    if run.objective not in NETWORKS[run.network]:
        objectives = ", ".join(NETWORKS[run.network])
        yield f"network {run.network} is trained for {objectives}, not {run.objective}"
    if run.checkpointing and run.compile:
        yield "checkpointing and compile exclude each other"
    if run.encoder is None and run.network in ("densenet", "fusion"):
        yield f"network {run.network} needs an encoder"


def _start_faults(run: CooperativeRun) -> Iterator[str]:
    kind = run.network, run.objective
    if run.init_from and run.weights:
        yield "init_from and weights exclude each other"
    if run.init_from and kind not in HEIRS:
        yield f"network {run.network} cannot start from another run (init_from)"
    if file_of(run.weights) and run.network == "unet":
        yield f"network {run.network} starts from no file (weights)"
    if kind == ("fusion", "cross_entropy") and not run.init_from:
        yield "network fusion needs a dual_encoder to start from (init_from)"
    if kind == ("fusion", "joint") and run.frozen is not False:
        yield "joint training needs frozen: false"
    start = run.init_from or file_of(run.weights)
    if run.encoder is None and run.network == "dual_encoder" and start:
        yield "without an encoder there is nothing to start (init_from, weights)"


def _number_faults(run: CooperativeRun) -> Iterator[str]:
    size = run.image_height, run.image_width
    network = f"network {run.network} at {size[0]} × {size[1]}"
    if run.network == "inception_resnet" and min(size) < INCEPTION_PX:
        yield f"{network}: image sides need {INCEPTION_PX} pixels or more"
    if run.crops == "published" and (run.network != "gazegnn" or run.gaze):
        yield f"network {run.network}: crops: published are for a gazegnn without gaze"
    if run.crops == "published" and size[0] != size[1]:
        yield f"{network}: crops: published are squares"
    if run.batch_size == 1 and max(size) <= ONE_PLACE_PX.get(run.network, 0):
        yield f"{network}: batch_size is 1, and needs 2 or more"
    if run.split == "folds" and (run.fold is None or run.fold >= run.n_folds):
        yield f"split folds needs a fold below {run.n_folds}, got {run.fold}"


def cooperative_runs(
    section: CooperativeSection, profile: CooperativeProfile
) -> list[CooperativeRun]:
    """Resolve the settings of each run: every model with every seed.

    Models are in the profile's order, seeds within. Raises ParamsError if a model has no variant,
    starts from one that is not trained before it, or sets what no run can have.
    """
    _check_models(section.variants, profile.models)
    return [
        _run(section, profile, model, seed) for model in profile.models for seed in profile.seeds
    ]


def _check_models(variants: Variants, models: Variants) -> None:
    names = list(models)
    faults = [f"there is no variant {name}" for name in names if name not in variants]
    for number, name in enumerate(names):
        first = {**variants.get(name, {}), **models[name]}.get("init_from")
        if first and first not in names[:number]:
            faults.append(f"{name} starts from {first}, which is not among the models before it")
    if faults:
        remedy = f"Known are {', '.join(variants)}."
        message = "these models cannot be trained."
        raise ParamsError(message, where="cooperative.models", remedy=remedy, faults=faults)


def _run(
    section: CooperativeSection, profile: CooperativeProfile, model: str, seed: int
) -> CooperativeRun:
    from gazescribe.pipeline.core.yaml_files import check  # pydantic: not where networks train

    settings = {
        **values_of(section, CooperativeMethod),
        **values_of(profile, CooperativeSize),
        "init_from": None,
        **section.variants[model],
        **profile.models[model],
    }
    first = settings["init_from"]
    named = {
        "name": f"{model}-seed{seed}",
        "model": model,
        "seed": seed,
        "init_from": first and f"{first}-seed{seed}",
        "fold": seed % settings["n_folds"] if settings["split"] == "folds" else None,
    }
    content = {"weights": _weights(settings, profile), **settings, **named}
    return check(content, CooperativeRun, ParamsError, where=f"cooperative.variants.{model}")


def _weights(settings: Mapping[str, Any], profile: CooperativeProfile) -> str | None:
    """File that a network starts from, where it starts from one."""
    network = settings.get("network")
    if network == "inception_resnet":
        return profile.inception_weights
    if network == "gazegnn" and settings["crops"] == "published":
        return profile.gazegnn_weights
    has_encoder = network in WITH_ENCODER and settings["encoder"]
    return profile.densenet_weights if has_encoder and not settings["init_from"] else None
