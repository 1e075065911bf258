"""JSON of Rev.ai: `monologues`, each of a speaker, whose `elements` are words and marks."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gazescribe.pipeline.formats.pieces import Content
from gazescribe.pipeline.formats.speech import (
    Word,
    as_content,
    as_seconds,
    as_text,
    read_values,
    strange,
    written_by,
)

MAKER = "Rev.ai"


def read(path: Path, _table: str) -> Content:
    """Read the words; marks, which have no time, join the word before them."""
    (content, *_) = read_values(path, MAKER)
    with written_by(path, MAKER):
        if not isinstance(content, dict) or not isinstance(content.get("monologues"), list):
            raise strange(path, MAKER, content)
        words = [word for monologue in content["monologues"] for word in _words(monologue)]
    return as_content(words)


def _words(monologue: dict[str, Any]) -> Iterator[Word]:
    speaker = as_text(monologue.get("speaker"))
    word: Word | None = None
    for element in monologue["elements"]:
        text = as_text(element["value"])
        if element["type"] == "punct":
            if word is not None:  # blanks are marks, too
                word = word._replace(text=word.text + text.strip())
            continue
        if word is not None:
            yield word
        times = as_seconds(element.get("ts")), as_seconds(element.get("end_ts"))
        word = Word(text, *times, speaker)
    if word is not None:
        yield word
