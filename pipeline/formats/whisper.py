"""JSON of Whisper, WhisperX and faster-whisper: `segments`, each with `words`."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gazescribe.pipeline.core.errors import ManifestError
from gazescribe.pipeline.core.foreign import read_json
from gazescribe.pipeline.formats.pieces import Content, in_pieces


def read(path: Path, _table: str) -> Content:
    """Read the words, with the times that they have; an aligner gives numerals none."""
    segments = read_json(path, ManifestError).get("segments")
    if not isinstance(segments, list):
        what = "it has no list of segments, as Whisper writes it."
        raise ManifestError(what, where=path)
    return in_pieces(("word", "start", "end"), _words(segments))


def _words(segments: list[Any]) -> Iterator[tuple[str, Any, Any]]:
    for segment in segments:
        for word in segment.get("words", ()):
            yield str(word["word"]).strip(), word.get("start"), word.get("end")
