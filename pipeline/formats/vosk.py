"""JSON of Vosk: results, one a pause, each with `result`; or what `vosk-transcriber` writes.

Vosk writes no punctuation. Partial results are heard again in those that follow, and are left out.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gazescribe.pipeline.core.errors import ManifestError
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

MAKER = "Vosk"


def read(path: Path, _table: str) -> Content:
    """Read the words of all results, one behind the other or in a list."""
    values = read_values(path, MAKER)
    if isinstance(values[0], list):
        (values,) = values
    with written_by(path, MAKER):
        words = [word for value in values for word in _words(value, path)]
    return as_content(words)


def _words(result: dict[str, Any], path: Path) -> Iterator[Word]:
    if "partial" in result:
        return
    if "monologues" in result:
        for monologue in result["monologues"]:
            yield from _of_monologue(monologue)
        return
    if result.get("alternatives"):  # the likeliest comes first
        result = result["alternatives"][0]
    if "result" not in result and "text" not in result:
        raise strange(path, MAKER, result)
    if result.get("text") and not result.get("result"):
        remedy = "Call `SetWords(True)` of the recogniser and recognise the audio again."
        raise ManifestError("Vosk wrote a text without times.", where=path, remedy=remedy)
    for word in result.get("result", ()):
        yield Word(as_text(word["word"]), as_seconds(word["start"]), as_seconds(word["end"]))


def _of_monologue(monologue: dict[str, Any]) -> Iterator[Word]:
    for term in monologue["terms"]:
        yield Word(as_text(term["text"]), as_seconds(term["start"]), as_seconds(term["end"]))
