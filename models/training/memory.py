"""How much memory a run takes at most, and how much there is."""

import os
from pathlib import Path
from typing import Literal

import torch

STATUS, FORGET = Path("/proc/self/status"), Path("/proc/self/clear_refs")
MEMORY = Path("/proc/meminfo")
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
    kib = _kib_of(STATUS, "VmHWM:")
    return None if kib is None else round(kib / 2**10, 1)


def free_bytes() -> int | None:
    """Tell how much main memory is free, or could be; None where the system does not say."""
    kib = _kib_of(MEMORY, "MemAvailable:")
    return None if kib is None else kib * 2**10


def _kib_of(path: Path, name: str) -> int | None:
    if not path.is_file():
        return None
    lines = (line.split() for line in path.read_text(encoding="ascii").splitlines())
    return next((int(words[1]) for words in lines if words[0] == name), None)
