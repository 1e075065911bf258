"""Sizes of maps and images, as options and parameters write them."""

from gazescribe.pipeline.core.errors import ParamsError, shorten

MAX_SIDE = 16_384
"""Pixels of a side of any picture or map; the largest radiographs have some 5,000."""


def is_scaled(size: tuple[int, int], image_size: tuple[int, int]) -> bool:
    """Whether a picture of `size` can be an image of `image_size` at another scale.

    Both are (height, width); a copy has its sides rounded, up or down.
    """
    (height, width), (image_height, image_width) = size, image_size
    off = abs(height * image_width - width * image_height)
    return off < image_height + image_width


def parse_size(text: str | int) -> tuple[int, int] | None:
    """Read a size: N or HxW in model pixels; `native` is None.

    Raises
    ------
    ParamsError
        If it is none of these, or has a side longer than `MAX_SIDE`.
    """
    if str(text) == "native":
        return None
    sides = str(text).lower().split("x")
    digits = [side.lstrip("0") for side in sides if side.isascii() and side.isdigit()]
    if len(sides) > 2 or len(digits) < len(sides) or "" in digits:
        raise ParamsError(
            f"size {shorten(repr(text))} is neither N nor HxW in model pixels.",
            remedy="Say 512, or 640x512.",
        )
    # Python reads no number of thousands of digits.
    if any(len(side) > len(str(MAX_SIDE)) or int(side) > MAX_SIDE for side in digits):
        message = f"size {shorten(text)} has a side of more than {MAX_SIDE:,} pixels."
        raise ParamsError(message, remedy="Say 512, or 640x512.")
    return int(digits[0]), int(digits[-1])
