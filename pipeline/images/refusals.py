"""Pictures that are refused by what their header says of them."""

from pathlib import Path

from gazescribe.pipeline.core.errors import GazeError
from gazescribe.pipeline.geometry.sizes import MAX_SIDE

MAX_PIXELS = 10**8
TOO_LARGE = f"this picture has more than {MAX_PIXELS:,} pixels, or {MAX_SIDE:,} on a side."


def refuse_large(path: Path, height: int, width: int) -> None:
    """Refuse by its header what would fill the memory."""
    if height * width > MAX_PIXELS or max(height, width) > MAX_SIDE:
        raise GazeError(TOO_LARGE, where=path, faults=[f"it has {height:,} × {width:,}"])


def refuse_frames(path: Path, n_frames: int) -> None:
    """Refuse what holds several pictures."""
    if n_frames > 1:
        message = "this file holds several frames, where one radiograph is expected."
        raise GazeError(message, where=path, faults=[f"it has {n_frames}"])


def refuse_colour(path: Path, fault: str) -> None:
    """Refuse a picture whose channels, or header, say that it is no grey one."""
    message = "this picture is in colour, where a grey radiograph is expected."
    raise GazeError(message, where=path, faults=[fault])
