"""JSON of Deepgram: `results.channels`, each with alternatives of which the first is the best."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gazescribe.pipeline.formats.pieces import Content
from gazescribe.pipeline.formats.speech import (
    Word,
    as_content,
    as_seconds,
    as_text,
    read_list,
    written_by,
)

MAKER = "Deepgram"


def read(path: Path, _table: str) -> Content:
    """Read the words, with punctuation where the service was asked for it."""
    with written_by(path, MAKER):
        words = list(_words(read_list(path, MAKER, "results", "channels")))
    return as_content(words)


def _words(channels: list[Any]) -> Iterator[Word]:
    for number, channel in enumerate(channels):
        for word in channel["alternatives"][0]["words"]:
            text = as_text(word.get("punctuated_word") or word["word"])
            speaker = as_text(word.get("speaker"))
            times = as_seconds(word["start"]), as_seconds(word["end"])
            yield Word(text, *times, speaker, str(number))
