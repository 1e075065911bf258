"""Section `fixations`: how fixations are found in samples."""

from typing import Literal

from pydantic import Field

from gazescribe.pipeline.core.yaml_files import Strict


class Detection(Strict):
    """Section `fixations`: how fixations are found in samples."""

    method: Literal["idt", "ivt", "i2mc"]
    smooth_s: float = Field(ge=0)
    min_duration_s: float = Field(gt=0)
    dispersion_deg: float = Field(gt=0)
    velocity_deg_s: float = Field(gt=0)
    velocity_window_s: float = Field(gt=0)
    noise_factor: float = Field(ge=0)
    interpolate_s: float = Field(ge=0)
    cutoff_sd: float = Field(gt=0)
    merge_deg: float = Field(ge=0)
    merge_s: float = Field(ge=0)
    seed: int = Field(ge=0, lt=2**32)
