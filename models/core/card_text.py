"""The model card of a checkpoint, as a person reads it in a terminal.

Prose is that of the card; its lists of dotted names become tables of what belongs together.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from textwrap import fill
from typing import Any, TypeAlias

Path: TypeAlias = tuple[str, ...]
Row: TypeAlias = tuple[Path, Mapping[str, Any]]

WIDTH = 100  # of lines, as the card has its prose
SECTIONS = {
    "Training data": "training",
    "Scores": "metrics",
    "Settings": "run",
    "Versions": "versions",
}
"""Sections of the card that are lists, and what of the metadata they hold."""


def card_text(metadata: Mapping[str, Any]) -> str:
    """Write the card of a checkpoint, from its metadata (`models.core.checkpoint`)."""
    head, *sections = re.split(r"^## ", metadata["card"], flags=re.MULTILINE)
    name, _, about = head.removeprefix("# ").partition("\n")
    parts = [name, fill(about.strip(), WIDTH)]
    for section in sections:
        title, _, text = section.partition("\n")
        content = metadata[SECTIONS[title]] if title in SECTIONS else None
        body = "\n\n".join(_tables(content)) if content else text.replace("**", "").strip()
        parts.append(f"{title.upper()}\n\n{body}")
    return "\n\n".join(parts)


def _tables(content: Mapping[str, Any]) -> Iterator[str]:
    """Write what stands alone as a list, and rows with the same names as one table."""
    alike: dict[tuple[Path, Path], list[Row]] = {}
    alone: list[Sequence[str]] = []
    for path, cells in _rows(content, ()):
        alike.setdefault((path[:-1], tuple(cells)), []).append((path, cells))
    for rows in alike.values():
        if len(rows) == 1:
            path, cells = rows[0]
            alone += [(" ".join([*path, name]), _cell(value)) for name, value in cells.items()]
    if alone:
        yield _aligned(alone, numbers=False)
    for rows in alike.values():
        if len(rows) > 1:
            yield _table(rows)


def _rows(content: Mapping[str, Any], path: Path) -> Iterator[Row]:
    """Give what holds no more mappings: its place, and its values by name."""
    values = {name: value for name, value in content.items() if not isinstance(value, Mapping)}
    if values:
        yield path, values
    for name, value in content.items():
        if isinstance(value, Mapping):
            yield from _rows(value, (*path, name))


def _table(rows: Sequence[Row]) -> str:
    """Write rows below a line of names; turned over where there are more names than rows."""
    columns = list(rows[0][1])
    table = [["", *columns]]
    for path, cells in rows:
        table.append(["".join(path[-1:]), *(_cell(cells[column]) for column in columns)])
    if len(columns) > len(rows):
        table = [list(column) for column in zip(*table, strict=True)]
    table[0][0] = " ".join(rows[0][0][:-1])
    return _aligned(table, numbers=True)


def _aligned(table: Sequence[Sequence[str]], *, numbers: bool) -> str:
    """Write cells below one another: the first of a row to the left, numbers to the right."""
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    lines = []
    for first, *others in table:
        cells = [first.ljust(widths[0])]
        for text, width in zip(others, widths[1:], strict=True):
            cells.append(text.rjust(width) if numbers else text)
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list | tuple):
        return ", ".join(map(_cell, value)) or "none"
    return str(value)
