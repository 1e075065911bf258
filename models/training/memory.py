"""How much memory a run takes at most."""

import os
from pathlib import Path
from typing import Literal

import torch

STATUS, FORGET = Path("/proc/self/status"), Path("/proc/self/clear_refs")
FORGET_PEAK = "5"  # proc(5)


def forget_peak(accelerator: Literal["cpu", "gpu"]) -> None:
    """Start anew, as far as the system can: on a CPU other than Linux's it cannot."""
    if accelerator == "gpu":
        torch.cuda.reset_peak_memory_stats()
    elif os.access(FORGET, os.W_OK):
        FORGET.write_text(FORGET_PEAK)


def peak_mib(accelerator: Literal["cpu", "gpu"]) -> float | None:
    """Tell the most that was held since, in MiB; None where the system does not say.

    On a GPU what tensors took there; on a CPU all that this process took, libraries and what
    earlier runs left behind included.
    """
    if accelerator == "gpu":
        return round(torch.cuda.max_memory_allocated() / 2**20, 1)
    if not STATUS.is_file():
        return None
    lines = (line.split() for line in STATUS.read_text(encoding="ascii").splitlines())
    (kib,) = (int(words[1]) for words in lines if words[0] == "VmHWM:")
    return round(kib / 2**10, 1)
