"""Sections of the parameters for the networks, and the settings of each run that follow from them.

What the paper says stands in `params.yaml`; what depends on the machine and on how much is to be
trained stands in `params/<profile>.yaml`. A setting has its place in one of the two. A variant
changes some of either for one model. `models/mil/settings.py` reads the result on the machine that
trains; a test keeps the two equal.
"""

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, model_validator

from gazescribe.pipeline.core.errors import ParamsError
from gazescribe.pipeline.core.yaml_files import Strict, check

ModelName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
Share = Annotated[float, Field(ge=0, le=1)]
Off = BeforeValidator(lambda value: "off" if value is False else value)
"""YAML reads off as false."""


def _each_once(layers: list[Any]) -> list[Any]:
    if len(set(layers)) < len(layers):
        raise ValueError("each layer is joined once")
    return layers


class Augment(Strict):
    """Ranges of the affine draws."""

    degrees: float = Field(ge=0, le=180)
    translate: Share
    scale_min: float = Field(gt=0)
    scale_max: float = Field(gt=0)
    interpolation: Literal["bilinear", "nearest"]

    @model_validator(mode="after")
    def _rising(self) -> Self:
        if self.scale_min > self.scale_max:
            raise ValueError(f"scale_min {self.scale_min} is above scale_max {self.scale_max}")
        return self


class MilMethod(Strict):
    """What the paper says, of section `mil` of `params.yaml`."""

    supervision: Literal["none", "ellipse", "gaze", "report", "egd", "degraded"]
    annotated_share: Share
    share_rule: Literal["subjects", "published"]
    drop_duplicates: bool
    objective: Literal["mil", "cross_entropy"]
    layers: Annotated[list[Literal[3, 4]], Field(min_length=1), AfterValidator(_each_once)]
    decoder: bool
    balanced: Annotated[Literal["published", "all", "off"], Off]
    lambda_annotated: float = Field(ge=0)
    lambda_decoder: float = Field(ge=0)
    map_threshold: Share
    normalise: Literal["once", "twice"]
    lr: float = Field(gt=0)
    weight_decay: float = Field(ge=0)
    amsgrad: bool
    augment: Augment


class MilSize(Strict):
    """What a profile says, of section `mil` of `params/<profile>.yaml`."""

    backbone: Literal["resnet50", "resnet18", "tiny"]
    weights: str | None
    image_size: int = Field(ge=32, le=4096, multiple_of=32)
    max_unannotated: Annotated[int, Field(ge=0)] | None
    epochs: int = Field(ge=1)
    batch_size: int = Field(ge=1)
    precision: Annotated[Literal["32", "16-mixed", "bf16-mixed"], BeforeValidator(str)]
    channels_last: bool
    compile: bool
    workers: int = Field(ge=0)
    log: Literal["csv", "dvclive"]


class MilRun(MilMethod, MilSize):
    """One network to train: all of both, and which cells its layers give."""

    name: str
    model: ModelName
    seed: int = Field(ge=0)
    grid: int = Field(ge=1)


class MilInputs(Strict):
    """Folders that the stages before wrote, relative to the working folder."""

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


class MilEvaluation(Strict):
    """How trained networks are scored."""

    thresholds: Literal["published", "all"]


class Mil(MilMethod):
    """Section `mil` of `params.yaml`."""

    inputs: MilInputs
    evaluation: MilEvaluation
    variants: dict[ModelName, dict[str, Any]]


class MilProfile(MilSize):
    """Section `mil` of `params/<profile>.yaml`."""

    models: list[ModelName] = Field(min_length=1)
    seeds: list[Annotated[int, Field(ge=0)]] = Field(min_length=1)

    @property
    def frame(self) -> str:
        """Size of its images, as options say it."""
        return f"{self.image_size}x{self.image_size}"


def mil_runs(method: Mil, size: MilProfile) -> list[MilRun]:
    """Resolve the settings of each run: every model with every seed.

    Parameters
    ----------
    method : Mil
        Section of `params.yaml`.
    size : MilProfile
        Section of the profile.

    Returns
    -------
    list of MilRun
        Models in the profile's order, seeds within.

    Raises
    ------
    ParamsError
        If a model has no variant, or a variant says what no run can have; all faults at once.
    """
    common = {
        **method.model_dump(include=set(MilMethod.model_fields)),
        **size.model_dump(include=set(MilSize.model_fields)),
    }
    unknown = [model for model in size.models if model not in method.variants]
    if unknown:
        what = f"there is no variant {', '.join(unknown)}."
        known = ", ".join(method.variants)
        raise ParamsError(what, where="mil.models of the profile", remedy=f"Known are {known}.")
    return [
        _run(common, method.variants[model], model, seed)
        for model in size.models
        for seed in size.seeds
    ]


def _run(common: dict[str, Any], variant: dict[str, Any], model: str, seed: int) -> MilRun:
    changed = {**common, **variant}
    named = {"name": f"{model}-seed{seed}", "model": model, "seed": seed, "grid": 1}
    run = check({**changed, **named}, MilRun, ParamsError, where=f"mil.variants.{model}")
    cell_px = 2 ** (1 + min(run.layers))  # 16 pixels of the image in layer 3, 32 in layer 4
    return run.model_copy(update={"grid": run.image_size // cell_px})
