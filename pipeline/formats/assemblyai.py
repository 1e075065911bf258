"""JSON of AssemblyAI: `words`, in milliseconds."""

from pathlib import Path
from typing import Any

from gazescribe.pipeline.core.errors import ManifestError, quote
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

MAKER = "AssemblyAI"


def read(path: Path, _table: str) -> Content:
    """Read the words."""
    (content, *_) = read_values(path, MAKER)
    with written_by(path, MAKER):
        status = content.get("status", "completed")
        if status != "completed":
            message = f"the status of this transcript is {quote(status)}, not completed."
            raise ManifestError(message, where=path)
        if not isinstance(content.get("words"), list):
            raise strange(path, MAKER, content)
        words = [_word(word) for word in content["words"]]
    return as_content(words)


def _word(word: dict[str, Any]) -> Word:
    speaker, channel = (as_text(word.get(name)) for name in ("speaker", "channel"))
    times = as_seconds(word["start"], 1e3), as_seconds(word["end"], 1e3)
    return Word(as_text(word["text"]), *times, speaker, channel)
