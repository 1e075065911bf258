"""Sizes of maps and images, as options and parameters write them."""

from gazescribe.pipeline.core.errors import ParamsError


def parse_size(text: str | int) -> tuple[int, int] | None:
    """Read a size: N or HxW in model pixels; `native` is None.

    Raises
    ------
    ParamsError
        If it is none of these.
    """
    if str(text) == "native":
        return None
    sides = str(text).lower().split("x")
    if len(sides) > 2 or not all(side.isascii() and side.isdigit() and int(side) for side in sides):
        raise ParamsError(
            f"size {text!r} is neither N nor HxW in model pixels.", remedy="Say 512, or 640x512."
        )
    return int(sides[0]), int(sides[-1])
