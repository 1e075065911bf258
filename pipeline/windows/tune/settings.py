"""Section `tune` of `params.yaml`, and all that the search depends on."""

from typing import Annotated, Literal

from pydantic import Field

from gazescribe.pipeline.core.yaml_files import Strict
from gazescribe.pipeline.maps.settings import Heatmaps
from gazescribe.pipeline.windows.learned.settings import Learned
from gazescribe.pipeline.windows.settings import Associate


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


class LearnedShares(Strict):
    """Fixations shared out between sentences by a model that learns, by section `learned`."""

    used: bool
    exponents: list[Annotated[float, Field(gt=0)]] = Field(min_length=1)


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
    learned: LearnedShares


class SearchSettings(Strict):
    """What the search needs: its own section, and those of the stages it searches for."""

    tune: Tune
    associate: Associate
    learned: Learned
    heatmaps: Heatmaps
