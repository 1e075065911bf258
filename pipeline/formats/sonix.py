"""JSON of Sonix: `transcript`, whose parts have a speaker and words, in seconds."""

import re
from pathlib import Path

from gazescribe.pipeline.formats.pieces import Content
from gazescribe.pipeline.formats.speech import (
    Word,
    add_mark,
    as_content,
    as_seconds,
    as_text,
    read_list,
    written_by,
)

MAKER = "Sonix"


def read(path: Path, _table: str) -> Content:
    """Read the words; a part without them is a phrase."""
    words: list[Word] = []
    with written_by(path, MAKER):
        for part in read_list(path, MAKER, "transcript"):
            speaker, spoken = as_text(part.get("speaker")), list[Word]()
            for word in part.get("words") or [part]:
                text = as_text(word["text"])
                if spoken and not re.search(r"\w", text):
                    add_mark(spoken, text)
                    continue
                times = as_seconds(word["start_time"]), as_seconds(word["end_time"])
                spoken.append(Word(text, *times, speaker))
            words += spoken
    return as_content(words)
