"""A draft as YAML: what is guessed has its reason behind it, what cannot be is an open question."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from gazescribe.pipeline.core.yaml_files import QUESTION

DEEPEST = 6  # columns from which keys stand in one line: those of a cell
_RESOLVER: Any = yaml.resolver.Resolver()
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_./ -]*(?<! )")


@dataclass(frozen=True)
class Guess:
    """A value and why it was guessed."""

    value: Any
    why: str


@dataclass(frozen=True)
class Question:
    """A value that only the lab knows."""

    text: str


def as_yaml(content: Any, indent: int = 0) -> Iterator[str]:
    """Write nested keys, one a line; lists and the innermost keys stand in one line."""
    for key, value in content.items():
        start = f"{' ' * indent}{scalar(key)}:"
        guess = value if isinstance(value, Guess) else Guess(value, "")
        comment = f"  # {guess.why}" if guess.why else ""
        inner = guess.value
        if isinstance(inner, dict) and indent < DEEPEST:
            yield f"{start}{comment}"
            yield from as_yaml(inner, indent + 2)
        else:
            yield f"{start} {_flow(inner)}{comment}"


def _flow(value: Any) -> str:
    if isinstance(value, Guess):
        return _flow(value.value)
    if isinstance(value, Question):
        return f"{QUESTION} {json.dumps(value.text, ensure_ascii=False)}"
    if isinstance(value, dict):
        return (
            "{" + ", ".join(f"{scalar(key)}: {_flow(inner)}" for key, inner in value.items()) + "}"
        )
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    return scalar(value)


def scalar(value: Any) -> str:
    """Write a name or a number; in quotes where YAML would read it as something else."""
    if not isinstance(value, str):
        return json.dumps(value)
    is_text = _RESOLVER.resolve(yaml.ScalarNode, value, (True, False)).endswith(":str")
    is_safe = is_text and _PLAIN.fullmatch(value)
    if is_safe:
        return value
    return (
        f"'{value}'"
        if "\\" in value and "'" not in value
        else json.dumps(value, ensure_ascii=False)
    )
