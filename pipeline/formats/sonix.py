"""JSON of Sonix: `transcript`, whose parts have a speaker and words, in seconds."""

import re
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

MAKER = "Sonix"


def read(path: Path, _table: str) -> Content:
    """Read the words; a part without them is a phrase."""
    (content, *_) = read_values(path, MAKER)
    with written_by(path, MAKER):
        if not isinstance(content, dict) or not isinstance(content.get("transcript"), list):
            raise strange(path, MAKER, content)
        words = [word for part in content["transcript"] for word in _words(part)]
    return as_content(words)


def _words(part: dict[str, Any]) -> list[Word]:
    words: list[Word] = []
    for word in part.get("words") or [part]:
        text = as_text(word["text"])
        if words and not re.search(r"\w", text):  # a mark is no word
            words[-1] = words[-1]._replace(text=words[-1].text + text.strip())
            continue
        times = as_seconds(word["start_time"]), as_seconds(word["end_time"])
        words.append(Word(text, *times, as_text(part.get("speaker"))))
    return words
