"""Section `heatmaps` of `params.yaml`."""

from typing import Literal

from pydantic import Field

from gazescribe.pipeline.core.yaml_files import Strict


class Heatmaps(Strict):
    """Section `heatmaps`: how maps are drawn."""

    size: int | str
    amplitude: Literal["mass", "peak"]
    resize: Literal["direct", "published"]
    saliency_from: Literal["fixations", "samples"]
    samples_sigma_px: float = Field(gt=0)
    min_certainty: int = Field(ge=1, le=5)
