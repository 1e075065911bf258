"""JSON of Rev.ai: `monologues`, each of a speaker, whose `elements` are words and marks."""

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

MAKER = "Rev.ai"


def read(path: Path, _table: str) -> Content:
    """Read the words; marks, which have no time, join the word before them."""
    words: list[Word] = []
    with written_by(path, MAKER):
        for monologue in read_list(path, MAKER, "monologues"):
            speaker, spoken = as_text(monologue.get("speaker")), list[Word]()
            for element in monologue["elements"]:
                text = as_text(element["value"])
                if element["type"] == "punct":  # blanks are marks, too
                    add_mark(spoken, text)
                    continue
                times = as_seconds(element.get("ts")), as_seconds(element.get("end_ts"))
                spoken.append(Word(text, *times, speaker))
            words += spoken
    return as_content(words)
