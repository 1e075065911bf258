"""How much memory processes can share: what lies in /dev/shm, of which containers have little."""

import shutil
import sys
from pathlib import Path

SHARED = Path("/dev/shm")  # noqa: S108  looked at, not written to
MORE = "In a container: docker run --shm-size=2g, or --ipc=host."


def free_shared_memory() -> int | None:
    """Tell how many bytes are free; None on systems that have no such folder."""
    if sys.platform != "linux":
        return None
    return shutil.disk_usage(SHARED).free if SHARED.is_dir() else 0


def in_words(n_bytes: int) -> str:
    """Say how much of it is free."""
    return f"{SHARED} has {n_bytes / 1e6:,.1f} MB free"
