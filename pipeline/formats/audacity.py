r"""Labels that Audacity exports: start, end and label, with tabs; lines with \ are frequencies."""

from collections.abc import Iterator
from pathlib import Path

from gazescribe.pipeline.core.errors import ManifestError
from gazescribe.pipeline.core.text_files import text_lines
from gazescribe.pipeline.formats.pieces import Content, in_pieces


def read(path: Path, _table: str) -> Content:
    """Read the labels; those without a text are none."""
    return in_pieces(("word", "start", "end"), list(_rows(path)))


def _rows(path: Path) -> Iterator[tuple[str, float, float]]:
    for number, line in enumerate(text_lines(path), 1):
        if line.startswith("\\") or not line.strip():
            continue
        start, end, label = [*line.split("\t", 2), "", ""][:3]
        try:
            times = float(start.replace(",", ".")), float(end.replace(",", "."))
        except ValueError as fault:
            message = (
                f"line {number} does not begin with two numbers and a tab, as Audacity writes."
            )
            raise ManifestError(message, where=path) from fault
        if label.strip():
            yield label.strip(), *times
