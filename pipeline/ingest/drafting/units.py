"""Units of columns, by their names where these say them, else by their values."""

import re
from collections.abc import Sequence

import numpy as np

TIMES = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}  # seconds
NAMED = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), "s"),
    **dict.fromkeys(("ms", "msec", "millisecond", "milliseconds"), "ms"),
    **dict.fromkeys(("us", "µs", "μs", "usec", "microseconds"), "us"),
    **dict.fromkeys(("ns", "nsec", "nanoseconds"), "ns"),
    **dict.fromkeys(("px", "pix", "pixel", "pixels"), "px"),
}
LASTING_S = {"fixations": (0.03, 3.0), "words": (0.03, 30.0), "samples": (0.0004, 0.06)}
"""How long the median of each lasts: fixations, words or phrases, the time between samples."""


def stem_of(name: str) -> str:
    """Give the letters and digits of a column's name, in lower case, without its unit."""
    return re.sub(r"[^a-z0-9]", "", _cut(name)[0].lower())


def named_unit(name: str) -> str | None:
    """Give the unit that a column's name ends with, if it does."""
    return _cut(name)[1]


def _cut(name: str) -> tuple[str, str | None]:
    match = re.fullmatch(r"(.+?)(?:\s*[\[(]\s*([^\])]+)\s*[\])]|[_\s]([a-zµμ]+))\s*", name.strip())
    if match is None:
        return name, None
    unit = NAMED.get((match[2] or match[3]).strip().lower())
    return (match[1] if unit or match[2] else name), unit


def time_unit(table: str, lengths: Sequence[float]) -> tuple[str | None, str]:
    """Guess the unit of times by how long things last; None where no unit fits, and why."""
    positive = [length for length in lengths if length > 0]
    if not positive:
        return None, "no two times differ"
    median = float(np.median(positive))
    low, high = LASTING_S[table]
    fitting = [unit for unit, length_s in TIMES.items() if low <= median * length_s <= high]
    why = f"median length {median:g}"
    return (fitting[0] if len(fitting) == 1 else None), why


def place_unit(x: Sequence[float], y: Sequence[float]) -> tuple[str | None, str]:
    """Guess whether positions are shares or per cent; each may be of the image or of the screen."""
    if not x or not y:
        return None, "there is no number"
    low, high = np.percentile([*x, *y], [5, 95]).tolist()
    x_px, y_px = (f"{min(values):g} to {max(values):g}" for values in (x, y))
    why = f"x is {x_px}, y is {y_px}"
    if low >= -0.5 and high <= 1.5:
        return "share", why
    return ("percent" if min(*x, *y) >= 0 and max(*x, *y) <= 100 else None), why
