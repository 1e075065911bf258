"""What a network is applied on."""

from typing import TYPE_CHECKING, Literal

from gazescribe.pipeline.core.errors import GazeError

if TYPE_CHECKING:  # torch takes seconds to import
    import torch


def choose_device(accelerator: Literal["cpu", "gpu"] | None) -> "torch.device":
    """Choose a GPU where there is one, unless told otherwise; refuse one where there is none."""
    import torch

    has_gpu = torch.cuda.is_available()
    if accelerator == "gpu" and not has_gpu:
        raise GazeError("a GPU was asked for, none found.", remedy="Leave --accelerator out.")
    return torch.device("cuda" if has_gpu and accelerator != "cpu" else "cpu")
