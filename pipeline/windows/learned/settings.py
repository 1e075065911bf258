"""Section `learned` of `params.yaml`."""

from pydantic import Field

from gazescribe.pipeline.core.yaml_files import Strict
from gazescribe.pipeline.windows.learned.timing import BIN_S


class Learned(Strict):
    """Section `learned`: how fixations are shared out between sentences and search."""

    before_s: float = Field(gt=0, le=60, multiple_of=BIN_S)
    after_s: float = Field(ge=0, le=60, multiple_of=BIN_S)
    start_lag_s: float = Field(ge=0, multiple_of=BIN_S)
    sigma: float = Field(gt=0)
    label_s: float = Field(gt=0)
    exponent: float = Field(gt=0)
    min_share: float = Field(ge=0, lt=1)
    iterations: int = Field(ge=1, le=1000)
    folds: int = Field(ge=2, le=100)
