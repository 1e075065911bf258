"""What networks are trained and applied on."""

import os
import platform
import time
from dataclasses import dataclass
from pathlib import Path
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

    @property
    def draws(self) -> bool:
        """Whether maps are drawn on the device; for a CPU the processes that load draw them."""
        return self.accelerator == "gpu"


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


def finished(device: "torch.device") -> float:
    """Wait until a device has done what it was given, and give the time in seconds."""
    import torch

    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter()


def machine_name(device: "torch.device") -> str:
    """Name a device: the GPU, or the processor and the number of its threads that torch uses."""
    import torch

    if device.type == "cuda":
        return str(torch.cuda.get_device_name(device))
    return f"{_processor()}, threads: {torch.get_num_threads()}"


def _processor() -> str:
    # Python's own answer is empty on most Linux systems.
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text(encoding="utf-8").splitlines() if cpuinfo.is_file() else []
    for line in lines:
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.processor() or platform.machine()
