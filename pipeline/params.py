"""The parameters: `params.yaml`, read and checked in this one place.

Values live in the file alone, never here; a missing or unknown key is an error that names the
nearest known one. Stages get their section, never the file.
"""

from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import Field

from pipeline.demo.settings import Demo
from pipeline.errors import ParamsError
from pipeline.ingest.settings import Ingest
from pipeline.labeler.settings import Conventions
from pipeline.resources import resource
from pipeline.strict import Strict, check, read_yaml

Section = TypeVar("Section", bound=Strict)

StartRule = Literal[
    "startofsentence",
    "mention",
    "endofsentence",
    "allsentences",
    "double",
    "andpause",
    "single",
    "all",
]
EndRule = Literal["startofsentence", "endofsentence", "firstmention", "lastmention", "nextword"]


class Associate(Strict):
    """Section `associate`: which gaze belongs to which mention."""

    unit: Literal["sentence", "mention"]
    start: StartRule
    lag_s: float = Field(ge=0)
    end: EndRule
    mention_time: Literal["start", "end"]
    trailing_text: Literal["sentence", "drop"]
    uncertain_opens: bool
    sigma_deg: float = Field(gt=0)


class Heatmaps(Strict):
    """Section `heatmaps`: how maps are drawn."""

    size: int | str
    amplitude: Literal["mass", "peak"]
    resize: Literal["direct", "published"]
    saliency_from: Literal["fixations", "samples"]
    samples_sigma_px: float = Field(gt=0)
    min_certainty: int = Field(ge=1, le=5)


class SoftWindows(Strict):
    """Weights over the time to the mention instead of windows with edges."""

    used: bool
    shapes: list[Literal["box", "triangle", "hann"]] = Field(min_length=1)
    onsets_s: list[float] = Field(min_length=1)
    widths_s: list[Annotated[float, Field(gt=0)]] = Field(min_length=1)


class Contrast(Strict):
    """Maps less the map of all gaze."""

    used: bool
    strengths: list[Annotated[float, Field(gt=0, le=1)]] = Field(min_length=1)


class Context(Strict):
    """Gaze of the sentences before and after."""

    used: bool
    weights: list[Annotated[float, Field(ge=-1, le=1)]] = Field(min_length=1)


class Tune(Strict):
    """Section `tune`: the search over extraction windows."""

    phases: list[Annotated[int, Field(ge=1, le=3)]] = Field(min_length=1)
    size: int = Field(ge=1)
    resize: Literal["direct", "published"]
    thresholds: Literal["all", "published"]
    n_bootstrap: int = Field(ge=1)
    confidence: float = Field(gt=0, lt=1)
    seed: int = Field(ge=0)
    soft: SoftWindows
    contrast: Contrast
    context: Context


class EvaluateLabels(Strict):
    """Section `evaluate_labels`: mentions against the readers' own certainties."""

    phase: int = Field(ge=1, le=3)
    n_bootstrap: int = Field(ge=1)
    confidence: float = Field(gt=0, lt=1)
    seed: int = Field(ge=0)
    n_examples: int = Field(ge=0)


class Params(Strict):
    """All sections of `params.yaml`."""

    ingest: Ingest
    label: Conventions
    evaluate_labels: EvaluateLabels
    associate: Associate
    heatmaps: Heatmaps
    tune: Tune
    demo: Demo


def load_params(path: Path | None = None) -> Params:
    """Read the parameters.

    Parameters
    ----------
    path : pathlib.Path, optional
        The file; else `params.yaml` in the working folder, else the packaged one.

    Raises
    ------
    ParamsError
        If a key is missing, unknown or out of range; all faults at once.
    """
    return read_yaml(path or resource("params.yaml"), Params, ParamsError)


def override(section: Section, **given: object) -> Section:
    """Replace values of a section by options of the command line; None means not given.

    Raises
    ------
    ParamsError
        If a value is out of range.
    """
    changed = {key: value for key, value in given.items() if value is not None}
    content = {**section.model_dump(), **changed}
    return check(content, type(section), ParamsError, where="options")
