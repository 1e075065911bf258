"""Keys of a YAML file with the comments behind them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

LISTS = {"models"}  # mappings that are one value: which models are trained


@dataclass(frozen=True)
class Entry:
    """A key; `value` is None where it holds other keys."""

    key: str
    value: str | None
    comment: str
    heading: str
    """Comment lines of its own before it, at its indentation."""


def read_entries(path: Path) -> list[Entry]:
    """Read every key of a file in its order, with its comments."""
    text = path.read_text()
    lines = text.splitlines()
    found = list(_keys(yaml.compose(text), ""))
    ends = [key.start_mark.line for _, key, _ in found[1:]] + [len(lines)]
    entries, heading = [], ""
    for (name, key, node), end in zip(found, ends, strict=True):
        comment, next_heading = _comments(lines, key.start_mark.line, end)
        entries.append(Entry(name, _value(name, node, text), comment, heading))
        heading = next_heading
    return entries


def _keys(node: yaml.MappingNode, prefix: str) -> Iterator[tuple[str, yaml.Node, yaml.Node]]:
    for key, value in node.value:
        name = f"{prefix}{key.value}"
        yield name, key, value
        if _holds_keys(name, value):
            yield from _keys(value, f"{name}.")


def _holds_keys(name: str, node: yaml.Node) -> bool:
    is_list = name.rpartition(".")[2] in LISTS
    return isinstance(node, yaml.MappingNode) and not node.flow_style and not is_list


def _value(name: str, node: yaml.Node, text: str) -> str | None:
    if _holds_keys(name, node):
        return None
    if isinstance(node, yaml.MappingNode) and not node.flow_style:
        return ", ".join(key.value for key, _ in node.value)
    return re.sub(r"\s+", " ", text[node.start_mark.index : node.end_mark.index])


def _comments(lines: list[str], first: int, end: int) -> tuple[str, str]:
    """Give the comment of the key in a line, and the heading of the key in line `end`.

    A comment that begins where the next key begins is the heading of what follows.
    """
    indentation = len(lines[end]) - len(lines[end].lstrip()) if end < len(lines) else 0
    own, heading = [], []
    for line in lines[first:end]:
        before, mark, comment = line.partition("# ")
        if mark and before == " " * indentation:
            heading.append(comment)
        elif mark:
            own.append(comment)
    return " ".join(own), " ".join(heading)
