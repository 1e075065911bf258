"""Settings of the multiple-instance network: the only definition of each (`models.core.settings`).

What the paper says stands in `params.yaml`; what depends on the machine and on how much is to be
trained stands in `params/<profile>.yaml`, which also say unit and source of each. A setting has its
place in one of the two. A variant changes some of either for one model. `mil_runs` makes the
runs of a CONFIG from them.
"""

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Annotated, Any, Literal

from gazescribe.models.core.settings import (
    NOT_EMPTY,
    Augment,
    Between,
    Count,
    CountOrZero,
    Drawing,
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
from gazescribe.models.mil.supervision import (
    EXPECTED,
    TABLES,
    Source,
    Supervision,
    check_supervision,
    lacking,
    named_in,
    source_of,
    sources_of,
    tables_of,
)
from gazescribe.pipeline.core.class_names import TEN_LABELS
from gazescribe.pipeline.core.errors import ParamsError, nearest

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
DATASET_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")


def _check_layers(layers: tuple[int, ...]) -> None:
    if not layers or len(set(layers)) < len(layers):
        raise ValueError("3, 4 or both expected, each once")


def _check_size(size: tuple[int, ...] | None) -> None:
    if size is not None and len(size) != len(("height", "width")):
        raise ValueError("height and width, or null, expected")


@dataclass(frozen=True)
class MilMethod:
    """What the paper says, of section `mil` of `params.yaml`."""

    supervision: Annotated[Supervision, SettingRule(check_supervision, EXPECTED)]
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
class MilDataset:
    """Folders of a data set that is none of the paper's; null where it has no such thing.

    `associated` and `label_maps` supervise by gaze, `ellipse_maps` by ellipses: it has to be named
    where masks are drawn as well, and need not exist then. `mentions` is the
    file of `gazescribe label`: of its images as unannotated ones it says the labels, else the table
    `certainties` does.
    """

    tables: str
    associated: str | None = None
    label_maps: str | None = None
    ellipse_maps: str | None = None
    mentions: str | None = None


@dataclass(frozen=True)
class MilFolders:
    """Folders, relative to the working folder; those that no run uses need not exist.

    Maps of gaze are drawn from the Gaussians of `associated` and its like, masks of ellipses from
    tables; or both are read from shards, `label_maps`, `ellipse_maps` and their like, which were
    drawn from these (`MilInputs.maps`). The windows also list what was dictated without a look.
    `unannotated` are the data sets whose images have labels alone, `scored_on` those whose readings
    maps are scored on, both by name: mimic, reflacx, or one of `datasets`.
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
    unannotated: Annotated[tuple[str, ...], NOT_EMPTY]
    scored_on: Annotated[tuple[str, ...], NOT_EMPTY]
    datasets: dict[str, MilDataset]


@dataclass(frozen=True)
class MaskDrawing:
    """How masks are drawn from ellipses, as section `heatmaps` of `params.yaml` says.

    Those that maps are scored against have the shape `size`, (height, width); null: that of images.
    `channels` says which labels a column of a data set reaches.
    """

    min_certainty: Annotated[int, Between(1, 5)]
    size: Annotated[tuple[Count, ...] | None, SettingRule(_check_size)]
    channels: dict[str, dict[str, tuple[str, ...]]]


@dataclass(frozen=True)
class MilInputs(MilFolders):
    """Folders, and what the rules say: the labels, and which of them each column reaches.

    `maps` says where maps come from, `drawing` and `masks` how they are drawn here; without the
    second, masks of ellipses are read from shards all the same, as by version 1.0. `labels` are in
    the order of the network's channels; `channels` is by data set of the paper and column;
    `own_channels` by other data set, and column of its certainties, or class of its mentions in
    lower case.
    """

    maps: Literal["gaussians", "shards"]
    drawing: Drawing
    labels: Annotated[tuple[str, ...], NOT_EMPTY]
    channels: dict[str, dict[str, tuple[str, ...]]]
    own_channels: dict[str, dict[str, tuple[str, ...]]]
    masks: MaskDrawing | None = None


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


AS_IN_PAPER: dict[str, object] = {
    "labels": TEN_LABELS,
    "unannotated": ("mimic",),
    "scored_on": ("reflacx",),
}
"""Inputs that count for the hash of a run only where they differ from these, which every run had
before they could: such runs are trained, and stay so."""

DRAWING, MASKS = "drawing", "masks"
"""Of `MilInputs`; count for the hash of a run where its maps, or masks, are drawn."""

PARTS = {"inputs": MilInputs, "runs": tuple[MilRun, ...], "evaluation": MilEvaluation}
"""Of a CONFIG."""


def input_of(inputs: MilInputs, name: str) -> Any:
    """Give the value of a field of inputs; dots lead into its parts, `datasets.mylab.tables`."""
    value: Any = inputs
    for part in name.split("."):
        value = value[part] if isinstance(value, dict) else getattr(value, part)
    return value


def training_inputs(run: MilRun, inputs: MilInputs) -> dict[str, Any]:
    """Give what a run is trained on: folders as text, the labels, and which of them names reach."""
    # What is scored always: nobody that a run is scored on may be among those it is trained on.
    fields = ["images", "channels", *map(tables_of, (*inputs.unannotated, *inputs.scored_on))]
    for dataset in inputs.unannotated:
        if dataset in inputs.datasets:
            fields += [f"own_channels.{dataset}"]
            fields += [f"datasets.{dataset}.mentions"] * bool(inputs.datasets[dataset].mentions)
    for source in sources_of(run.supervision):
        fields += _read_of(source, inputs)
    fields += [name for name, usual in AS_IN_PAPER.items() if getattr(inputs, name) != usual]
    return _values(inputs, fields)


def scoring_inputs(run: MilRun, inputs: MilInputs) -> dict[str, Any]:
    """Give what a run is scored on; its own annotations are counted."""
    sources = scored_sources(inputs)
    fields = [field for source in sources for field in _read_of(source, inputs)]
    if any(source.kind == "ellipse" and is_drawn(source, inputs) for source in sources):
        fields.append(f"{MASKS}.size")
    return training_inputs(run, inputs) | _values(inputs, fields)


def _values(inputs: MilInputs, fields: Sequence[str]) -> dict[str, Any]:
    values = {name: input_of(inputs, name) for name in fields}
    if DRAWING in values:
        values[DRAWING] = asdict(inputs.drawing)
    if inputs.masks and MASKS in values:
        certainty, resize = inputs.masks.min_certainty, inputs.drawing.resize
        values[MASKS] = {"min_certainty": certainty, "resize": resize}
    return values


def is_drawn(source: Source, inputs: MilInputs) -> bool:
    """Tell whether the maps of a source are drawn from Gaussians, or its masks from ellipses."""
    can_be = source.kind != "ellipse" or inputs.masks is not None
    return inputs.maps == "gaussians" and can_be


def _read_of(source: Source, inputs: MilInputs) -> list[str]:
    """Name what is read of a source. So a run that reads no map is the same either way."""
    if not is_drawn(source, inputs):
        return source.folders(drawn=False)
    fields = source.folders(drawn=True)
    if source.kind != "ellipse":
        return [*fields, DRAWING]
    return [*fields, MASKS, f"{MASKS}.channels.{source.dataset}"]


def scored_sources(inputs: MilInputs) -> list[Source]:
    """List what maps are scored against: ellipses where a data set has any, else gaze."""
    return [source_of(_scored_kind(inputs, dataset), dataset) for dataset in inputs.scored_on]


def _scored_kind(inputs: MilInputs, dataset: str) -> str:
    folders = inputs.datasets.get(dataset)
    is_gaze_alone = dataset == "egd" or (folders is not None and folders.ellipse_maps is None)
    return "gaze" if is_gaze_alone else "ellipse"


def input_faults(inputs: MilInputs, runs: Sequence[MilRun]) -> list[str]:
    """Say which data sets that inputs and runs name have not what they are named for."""
    known = ("mimic", *inputs.datasets)
    faults = [
        f"inputs.datasets: small letters, digits, _ and - expected, none of {', '.join(TABLES)},"
        f" found {name}"
        for name in inputs.datasets
        if not DATASET_NAME.fullmatch(name) or name in TABLES
    ]
    faults += [
        f"inputs.unannotated: {', '.join(known)} expected{nearest(name, known)}, found {name}"
        for name in inputs.unannotated
        if name not in known
    ]
    sources = [("inputs.scored_on", _scored_kind(inputs, name), name) for name in inputs.scored_on]
    for run in runs:
        if isinstance(run.supervision, dict):
            sources += [(f"{run.name}.supervision", *named) for named in named_in(run.supervision)]
    faults += _mask_faults(inputs, [name for _, kind, name in sources if kind == "ellipse"])
    for where, kind, name in sources:
        if lack := lacking(inputs.datasets, kind, name, drawn=inputs.maps == "gaussians"):
            faults.append(f"{where}: {lack}")
    return faults


def _mask_faults(inputs: MilInputs, datasets: Sequence[str]) -> list[str]:
    """Say of which data sets it is not known which labels their ellipses are of."""
    if inputs.maps == "shards" or inputs.masks is None:
        return []
    unknown = set(datasets) - set(inputs.masks.channels)
    return [f"inputs.masks.channels: {name} is missing" for name in sorted(unknown)]


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
