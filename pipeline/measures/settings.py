"""Section `measures` of `params.yaml`."""

from typing import Annotated

from pydantic import Field

from gazescribe.pipeline.core.yaml_files import Strict

Cells = Annotated[int, Field(ge=1, le=64)]


class Measures(Strict):
    """What measures are taken of."""

    max_saccade_s: float = Field(gt=0)
    coverage_deg: float = Field(gt=0)
    lungs: list[str]
    entropy_grid: tuple[Cells, Cells]
