"""What networks are trained and applied on."""

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from gazescribe.pipeline.core.errors import GazeError

if TYPE_CHECKING:  # torch takes seconds to import
    import torch

Accelerator = Literal["cpu", "gpu"] | None
"""What was asked for; None: a GPU where there is one."""


@dataclass(frozen=True)
class Machine:
    """What to train on: 'cpu' or 'gpu', and how many processes or devices."""

    accelerator: Literal["cpu", "gpu"]
    devices: int = 1


def process_rank() -> int:
    """Give this process a number among those that train together; Lightning starts all but 0."""
    return int(os.environ.get("LOCAL_RANK", "0"))


def choose_machine(accelerator: Accelerator, devices: int) -> Machine:
    """Choose GPUs where there are some, unless told otherwise; refuse more than there are."""
    import torch

    n_gpus = torch.cuda.device_count()
    chosen = accelerator or ("gpu" if n_gpus else "cpu")
    if chosen == "gpu" and n_gpus < devices:
        raise GazeError(
            f"{devices} GPUs were asked for, {n_gpus} found.", remedy="Lower --devices."
        )
    return Machine(chosen, devices)


def choose_device(accelerator: Accelerator) -> "torch.device":
    """Choose a GPU where there is one, unless told otherwise; refuse one where there is none."""
    import torch

    has_gpu = torch.cuda.is_available()
    if accelerator == "gpu" and not has_gpu:
        raise GazeError("a GPU was asked for, none found.", remedy="Leave --accelerator out.")
    return torch.device("cuda" if has_gpu and accelerator != "cpu" else "cpu")
