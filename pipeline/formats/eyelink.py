"""EyeLink recordings as text, by `edf2asc`."""

from collections.abc import Iterator
from pathlib import Path

from gazescribe.pipeline.core.errors import ManifestError
from gazescribe.pipeline.core.foreign import read_text
from gazescribe.pipeline.formats.pieces import Content, in_pieces


def read(path: Path, _table: str) -> Content:
    """Read the fixations."""
    return in_pieces(("eye", "start", "end", "x", "y"), _fixations(path))


def _fixations(path: Path) -> Iterator[tuple[str, ...]]:
    for line in read_text(path, "an EyeLink recording", ManifestError).splitlines():
        if line.startswith("EFIX"):
            _, eye, start, end, _, x, y, *_ = line.split()
            yield eye, start, end, x, y
