"""Sections `evaluate_labels` and `degrade` of `params.yaml`."""

from pydantic import Field

from gazescribe.pipeline.core.yaml_files import Strict

REFERENCES = {"certainty_above_0": 1, "certainty_from_3": 3}  # least certainties; first: Table 4


class EvaluateLabels(Strict):
    """Section `evaluate_labels`: mentions against the readers' own certainties."""

    phase: int = Field(ge=1, le=3)
    n_bootstrap: int = Field(ge=1)
    confidence: float = Field(gt=0, lt=1)
    seed: int = Field(ge=0)
    n_examples: int = Field(ge=0)


class Degrade(Strict):
    """Section `degrade`: a label's mentions made worse."""

    label: str
    drop_share: float = Field(ge=0, le=1)
    add_share: float = Field(ge=0, le=1)
    seed: int = Field(ge=0)
