"""Section `scanpaths` of `params.yaml`."""

from pydantic import Field

from gazescribe.pipeline.core.yaml_files import Strict


class Scanpaths(Strict):
    """Which fixations make the scan path of a finding."""

    min_share: float = Field(ge=0, le=1)
