"""Open the page of an export as a browser would: its texts, and what its pictures show.

It refuses scripts, links out of the export, and pictures that are no PNG within the page.
"""

import base64
import hashlib
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gazescribe.pipeline.export.opened import FileColumn, Refused, colour_numbers

SHOWN = "pictures"
"""The column with the digest of each picture of a page; see `digest_of`."""
TAGS = frozenset(
    (
        *("html", "head", "meta", "title", "style", "body", "main", "section", "h1", "h2", "p"),
        *("a", "ul", "li", "code", "strong", "figure", "figcaption", "img"),
        *("table", "caption", "thead", "tbody", "tr", "th", "td"),
    )
)
ATTRIBUTES = frozenset(
    (
        "lang",
        "charset",
        "name",
        "content",
        "href",
        "src",
        "alt",
        "width",
        "height",
        "scope",
        "class",
    )
)
INSIDE = "data:image/png;base64,"
LOADING = ("url(", "@import", "\\")  # how a style sheet loads a file, or hides that it does


def open_page(path: Path) -> Iterator[FileColumn]:
    """Give the texts of a page, its attributes, and a digest of each picture in it."""
    page = _Page()
    page.feed(path.read_text(encoding="utf-8"))
    page.close()
    yield FileColumn("text", page.texts)
    yield FileColumn("attributes", page.attributes)
    yield FileColumn(SHOWN, page.pictures)


def digest_of(numbers: NDArray[Any]) -> str:
    """Give a checksum of a picture by its pixels, 0 to 255, shape (height, width)."""
    pixels = np.ascontiguousarray(numbers, dtype=np.uint8)
    return hashlib.sha256(repr(pixels.shape).encode() + pixels.tobytes()).hexdigest()


class _Page(HTMLParser):
    """Gathers what a page holds; refuses what it does not know."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.attributes: list[str] = []
        self.pictures: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in TAGS:
            raise Refused(f"it has a <{tag}>, which no page of an export needs")
        for name, value in attrs:
            if name not in ATTRIBUTES:
                raise Refused(f"it has the attribute {name}, which no page of an export needs")
            self._attribute(tag, name, value or "")

    def _attribute(self, tag: str, name: str, value: str) -> None:
        if name == "src" and tag == "img" and value.startswith(INSIDE):
            content = base64.b64decode(value.removeprefix(INSIDE), validate=True)
            self.pictures.append(digest_of(colour_numbers(content, "a picture of it")))
            return
        if name == "src" or (name == "href" and (":" in value or value.startswith("/"))):
            raise Refused(f"its <{tag}> leads out of the export")
        self.attributes.append(value)

    def handle_data(self, data: str) -> None:
        if self.lasttag == "style" and any(word in data.casefold() for word in LOADING):
            raise Refused("its style sheet loads a file")
        self.texts.append(data)

    def handle_comment(self, data: str) -> None:
        self.texts.append(data)

    def unknown_decl(self, data: str) -> None:
        self.texts.append(data)

    def handle_pi(self, data: str) -> None:
        self.texts.append(data)
