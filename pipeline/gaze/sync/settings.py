"""Section `sync` of `params.yaml`."""

from pydantic import Field

from gazescribe.pipeline.core.yaml_files import Strict


class Sync(Strict):
    """How far apart gaze and speech, recorded gaze and eyes are looked for."""

    reach_s: float = Field(gt=0, le=60)
    step_s: float = Field(gt=0, le=1)
    smooth_s: float = Field(ge=0)
    expected_arrival_s: float
    max_off_deg: float = Field(gt=0)
    n_bootstrap: int = Field(ge=1)
    confidence: float = Field(gt=0, lt=1)
    seed: int = Field(ge=0)
