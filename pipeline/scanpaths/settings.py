"""Sections `scanpaths` and `score_scanpaths` of `params.yaml`."""

from typing import Annotated

from pydantic import Field

from gazescribe.pipeline.core.yaml_files import Strict

Cells = Annotated[int, Field(ge=1, le=64)]


class Scanpaths(Strict):
    """Which fixations make the scan path of a finding."""

    min_share: float = Field(ge=0, le=1)


class ScoreScanpaths(Strict):
    """How scan paths are compared, and what they are compared with."""

    grid: tuple[Cells, Cells]
    threshold: float = Field(gt=0)
    gap: float = Field(le=0)
    bin_s: float = Field(gt=0)
    edit_grid: tuple[Cells, Cells]
    blur: float = Field(gt=0, le=1)
    inhibition: float = Field(gt=0, le=1)
    inhibited: int = Field(ge=0)
    n_draws: int = Field(ge=1)
    n_bootstrap: int = Field(ge=1)
    confidence: float = Field(gt=0, lt=1)
    seed: int = Field(ge=0)
