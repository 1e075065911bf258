"""Settings of the multiple-instance network: the only definition of each (`models.core.settings`).

What the paper says stands in `params.yaml`; what depends on the machine and on how much is to be
trained stands in `params/<profile>.yaml`, which also say unit and source of each. A setting has its
place in one of the two. A variant changes some of either for one model. `mil_runs` makes the
runs of a CONFIG from them.
"""

from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal, NamedTuple

from gazescribe.models.core.settings import (
    NOT_EMPTY,
    Augment,
    Count,
    CountOrZero,
    ModelName,
    NotNegative,
    Positive,
    Seeds,
    SettingRule,
    Share,
    Side,
    Training,
    Variants,
    Yaml,
    values_of,
)
from gazescribe.models.core.starting_weights import unsaid
from gazescribe.pipeline.core.errors import ParamsError

TRAINS_AS = 1
"""Stands for the arithmetic of training: raise it when a change alters what training computes, so
that runs which are trained already are trained anew."""
SCORES_AS = 1
"""Likewise for the scores of a checkpoint."""


PACE = (
    *("backbone", "image_size", "max_unannotated", "batch_size", "precision", "channels_last"),
    *("compile", "workers", "supervision", "annotated_share", "decoder", "layers"),
)
"""Settings that decide how long an epoch takes."""
MEMORY = (
    *("backbone", "image_size", "batch_size", "precision", "supervision", "decoder", "layers"),
    *("objective", "lambda_cam", "amsgrad"),
)
"""Settings that decide how much memory a step takes."""


class Supervision(NamedTuple):
    """Where annotations come from: fields of `MilInputs`."""

    dataset: str
    maps: str
    associated: str | None


SUPERVISIONS = {
    "ellipse": Supervision("reflacx", "ellipse_maps", None),
    "gaze": Supervision("reflacx", "label_maps", "associated"),
    "degraded": Supervision("reflacx", "degraded_maps", "degraded_associated"),
    "report": Supervision("reflacx", "report_maps", None),
    "egd": Supervision("egd", "egd_maps", "egd_associated"),
}


def _check_layers(layers: tuple[int, ...]) -> None:
    if not layers or len(set(layers)) < len(layers):
        raise ValueError("3, 4 or both expected, each once")


@dataclass(frozen=True)
class MilMethod:
    """What the paper says, of section `mil` of `params.yaml`."""

    supervision: Literal["none", "ellipse", "gaze", "report", "egd", "degraded"]
    annotated_share: Share
    share_rule: Literal["subjects", "published"]
    drop_duplicates: bool
    objective: Literal["mil", "cross_entropy"]
    pooled_loss: Literal["sum", "mean"]
    layers: Annotated[tuple[Literal[3, 4], ...], SettingRule(_check_layers)]
    decoder: bool
    balanced: Annotated[Literal["published", "all", "off"], Yaml(value=False, text="off")]
    lambda_annotated: NotNegative
    lambda_decoder: NotNegative
    lambda_cam: NotNegative
    map_threshold: Share
    iou_every: CountOrZero
    normalise: Literal["once", "twice"]
    lr: Positive
    weight_decay: NotNegative
    amsgrad: bool
    augment: Augment


@dataclass(frozen=True)
class MilSize(Training):
    """What a profile says, of section `mil` of `params/<profile>.yaml`."""

    backbone: Literal["resnet50", "resnet18", "tiny"]
    weights: str | None
    image_size: Side
    max_unannotated: CountOrZero | None


@dataclass(frozen=True)
class MilRun(MilMethod, MilSize):
    """One network to train: all of both, and how many cells a side its layers give."""

    name: str
    model: str
    seed: CountOrZero
    grid: Count


@dataclass(frozen=True)
class MilFolders:
    """Folders, relative to the working folder; those that no run uses need not exist.

    `associated` and its like hold the windows that `label_maps` and its like were drawn from: they
    also list what was dictated without a look.
    """

    images: str
    mimic: str
    reflacx: str
    egd: str
    associated: str
    egd_associated: str
    degraded_associated: str
    label_maps: str
    report_maps: str
    ellipse_maps: str
    egd_maps: str
    degraded_maps: str


@dataclass(frozen=True)
class MilInputs(MilFolders):
    """Folders, and of `rules/columns.yaml` which of the ten labels each column reaches.

    `channels` is by data set and column.
    """

    channels: dict[str, dict[str, tuple[str, ...]]]


@dataclass(frozen=True)
class MilScoring:
    """What the paper says of the evaluation."""

    thresholds: Literal["published", "all"]


@dataclass(frozen=True)
class MilEvaluation(MilScoring):
    """How trained networks are scored; the runs of one seed give examples."""

    batch_size: Count
    example_seed: CountOrZero


@dataclass(frozen=True)
class MilSection(MilMethod):
    """Section `mil` of `params.yaml`."""

    inputs: MilFolders
    evaluation: MilScoring
    variants: Variants


@dataclass(frozen=True)
class MilProfile(MilSize):
    """Section `mil` of `params/<profile>.yaml`."""

    models: Annotated[tuple[ModelName, ...], NOT_EMPTY]
    seeds: Seeds

    @property
    def frame(self) -> str:
        """Size of its images, as options say it."""
        return f"{self.image_size}x{self.image_size}"


PARTS = {"inputs": MilInputs, "runs": tuple[MilRun, ...], "evaluation": MilEvaluation}
"""Of a CONFIG."""


def training_inputs(run: MilRun, inputs: MilInputs) -> dict[str, Any]:
    """Give what a run is trained on: folders as text, and which labels columns reach."""
    # REFLACX always: nobody that a run is scored on may be among those that it is trained on.
    fields = ["images", "mimic", "reflacx", "channels"]
    if run.supervision != "none":
        source = SUPERVISIONS[run.supervision]
        fields += [source.dataset, source.maps]
        if source.associated:
            fields.append(source.associated)
    return {name: getattr(inputs, name) for name in fields}


def scoring_inputs(run: MilRun, inputs: MilInputs) -> dict[str, Any]:
    """Give what a run is scored on; its own annotations are counted."""
    return {**training_inputs(run, inputs), "ellipse_maps": inputs.ellipse_maps}


def start_faults(run: MilRun) -> list[str]:
    """Say what is not said of the weights that a run starts from."""
    return unsaid(run.weights, run.backbone, "mil.weights")


run_faults = start_faults
"""What in a run does not go together; nothing else of this network."""


def mil_runs(section: MilSection, profile: MilProfile) -> list[MilRun]:
    """Resolve the settings of each run: every model with every seed.

    Models are in the profile's order, seeds within. Raises ParamsError if a model has no variant,
    or a variant sets what no run can have; all faults at once.
    """
    unknown = [model for model in profile.models if model not in section.variants]
    if unknown:
        message = f"there is no variant {', '.join(unknown)}."
        remedy = f"Known are {', '.join(section.variants)}."
        raise ParamsError(message, where="mil.models of the profile", remedy=remedy)
    return [
        _run(section, profile, model, seed) for model in profile.models for seed in profile.seeds
    ]


def _run(section: MilSection, profile: MilProfile, model: str, seed: int) -> MilRun:
    from gazescribe.pipeline.core.yaml_files import check  # pydantic: not where networks train

    settings = {
        **values_of(section, MilMethod),
        **values_of(profile, MilSize),
        **section.variants[model],
        "name": f"{model}-seed{seed}",
        "model": model,
        "seed": seed,
        "grid": 1,  # follows from what is checked here; set below
    }
    run = check(settings, MilRun, ParamsError, where=f"mil.variants.{model}")
    cell_px = 2 ** (1 + min(run.layers))  # 16 pixels of the image in layer 3, 32 in layer 4
    return replace(run, grid=run.image_size // cell_px)
