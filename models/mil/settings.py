"""Settings of the multiple-instance network, as CONFIG says them (`models.core.config`).

`pipeline/networks.py` writes them from the parameters; `params.yaml` and `params/` say what each
is, its unit and its source. A test keeps the two definitions equal.
"""

from dataclasses import dataclass
from typing import Annotated, Literal

from gazescribe.models.core.config import Between
from gazescribe.models.training.augment import Augment

Share = Annotated[float, Between(0, 1)]


@dataclass(frozen=True)
class Inputs:
    """Folders, relative to the working folder; those that no run uses need not exist.

    `associated` and its like hold the windows that `label_maps` and its like were drawn from: they
    also know what was said without a look. `channels` is `rules/columns.yaml`: for each data set,
    which of the ten labels each of its own columns reaches.
    """

    images: str
    mimic: str
    reflacx: str
    egd: str
    associated: str
    egd_associated: str
    degraded_associated: str
    label_maps: str
    report_maps: str
    ellipse_maps: str
    egd_maps: str
    degraded_maps: str
    channels: dict[str, dict[str, tuple[str, ...]]]


@dataclass(frozen=True)
class Run:
    """One network to train."""

    name: str
    model: str
    seed: Annotated[int, Between(0)]
    supervision: Literal["none", "ellipse", "gaze", "report", "egd", "degraded"]
    annotated_share: Share
    share_rule: Literal["subjects", "published"]
    drop_duplicates: bool
    max_unannotated: Annotated[int, Between(0)] | None
    objective: Literal["mil", "cross_entropy"]
    backbone: Literal["resnet50", "resnet18", "tiny"]
    weights: str | None
    image_size: Annotated[int, Between(32, 4096)]
    layers: tuple[Literal[3, 4], ...]
    grid: Annotated[int, Between(1)]
    decoder: bool
    balanced: Literal["published", "all", "off"]
    lambda_annotated: Annotated[float, Between(0)]
    lambda_decoder: Annotated[float, Between(0)]
    map_threshold: Share
    normalise: Literal["once", "twice"]
    epochs: Annotated[int, Between(1)]
    batch_size: Annotated[int, Between(1)]
    lr: Annotated[float, Between(0, above=True)]
    weight_decay: Annotated[float, Between(0)]
    amsgrad: bool
    augment: Augment
    precision: Literal["32", "16-mixed", "bf16-mixed"]
    channels_last: bool
    compile: bool
    workers: Annotated[int, Between(0)]
    log: Literal["csv", "dvclive"]


@dataclass(frozen=True)
class Evaluation:
    """How trained networks are scored."""

    thresholds: Literal["published", "all"]
    batch_size: Annotated[int, Between(1)]


def run_faults(run: Run) -> list[str]:
    """Say what in a run does not go together; nothing where all does."""
    faults = []
    if not run.layers or len(set(run.layers)) < len(run.layers):
        faults.append(f"layers are {list(run.layers)}: 3, 4 or both expected, each once")
    if run.augment.scale_min > run.augment.scale_max:
        low, high = run.augment.scale_min, run.augment.scale_max
        faults.append(f"augment.scale_min is {low}, above scale_max, which is {high}")
    return faults
