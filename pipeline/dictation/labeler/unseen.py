"""Marks that nobody sees: a text is read as if they were not there, and keeps them.

Soft hyphens, joiners, blanks without width, marks of direction and of byte order come with texts
that were copied from pages and put together from files. Without them "effusion" is a word again.
"""

import re
from collections.abc import Iterable

_UNSEEN = re.compile(
    "[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]+"
)


def has_unseen(text: str) -> bool:
    """Tell whether a text has marks that nobody sees."""
    # The first two are faster than the search, and nearly always enough.
    return not (text.isascii() or text.isprintable()) and _UNSEEN.search(text) is not None


def seen(text: str) -> str:
    """Give a text without the marks that nobody sees."""
    return _UNSEEN.sub("", text) if has_unseen(text) else text


def placed_back(text: str, spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Give spans of what is `seen` of a text as spans of the text; none is empty."""
    places: list[int] = []
    after = 0
    for unseen in _UNSEEN.finditer(text):
        places += range(after, unseen.start())
        after = unseen.end()
    places += range(after, len(text))
    return [(places[start], places[end - 1] + 1) for start, end in spans]
