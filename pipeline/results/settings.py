"""Section `tabulate` of `params.yaml`."""

from pydantic import Field

from gazescribe.pipeline.core.yaml_files import Strict


class Tabulate(Strict):
    """Section `tabulate`: tables and figures of the networks' scores."""

    n_bootstrap: int = Field(ge=1)
    confidence: float = Field(gt=0, lt=1)
    seed: int = Field(ge=0)
    n_examples: int = Field(ge=1)
    min_patients: int = Field(ge=2)
