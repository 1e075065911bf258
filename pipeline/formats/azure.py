"""JSON of Azure's speech services: recognition (simple or detailed), batch and fast transcription.

Times are in ticks of 100 ns, in batches also as "PT1.3S", in fast transcription in ms. Words have
no marks where the sentence has: they take those of its `Display`.
"""

import re
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
    with_marks,
    written_by,
)

MAKER = "Azure Speech"
TICKS = 1e7  # a second
_ISO = re.compile(r"PT(?:(\d+)H)?(?:(\d+)M)?(?:([\d.]+)S)?", re.IGNORECASE)


def read(path: Path, _table: str) -> Content:
    """Read the words of the likeliest alternative of each phrase, or the phrase without words."""
    values = read_values(path, MAKER)
    if isinstance(values[0], list):
        (values,) = values
    with written_by(path, MAKER):
        words = [word for value in values for word in _words(value, path)]
    return as_content(words)


def _words(content: dict[str, Any], path: Path) -> Iterator[Word]:
    lower = {name.lower(): value for name, value in content.items()}  # each service has its case
    phrases = lower.get("recognizedphrases", lower.get("phrases"))
    if "audiofileresults" in lower:  # version 2
        phrases = [part for file in content["AudioFileResults"] for part in file["SegmentResults"]]
    if phrases is None and not {"recognitionstatus", "nbest", "displaytext"} & {*lower}:
        raise strange(path, MAKER, content)
    for phrase in [content] if phrases is None else phrases:
        yield from _of_phrase({name.lower(): value for name, value in phrase.items()})


def _of_phrase(phrase: dict[str, Any]) -> Iterator[Word]:
    best = {**phrase}
    if phrase.get("nbest"):  # the likeliest comes first
        best |= {name.lower(): value for name, value in phrase["nbest"][0].items()}
    text = next((best[name] for name in ("display", "displaytext", "text") if best.get(name)), "")
    speaker, channel = (
        as_text(next((best[name] for name in names if best.get(name) is not None), ""))
        for names in (("speaker", "speakerid"), ("channel", "channelnumber"))
    )
    words = best.get("displaywords") or best.get("words") or ()
    if words:
        timed = [_timed(word, speaker, channel) for word in words]
        yield from with_marks(as_text(text), timed)
    elif text:
        yield _timed({**phrase, "text": text}, speaker, channel)


def _timed(entry: dict[str, Any], speaker: str, channel: str) -> Word:
    lower = {name.lower(): value for name, value in entry.items()}
    (text, *_) = (lower[name] for name in ("displaytext", "word", "text") if name in lower)
    start_s, duration_s = _seconds(lower, "offset"), _seconds(lower, "duration")
    is_timed = start_s is not None and duration_s is not None
    end_s = round(start_s + duration_s, 7) if is_timed else None  # type: ignore[operator]  # neither is None
    return Word(as_text(text), start_s, end_s, speaker, channel)


def _seconds(entry: dict[str, Any], name: str) -> float | None:
    if f"{name}milliseconds" in entry:
        return as_seconds(entry[f"{name}milliseconds"], 1e3)
    if f"{name}inticks" in entry:
        return as_seconds(entry[f"{name}inticks"], TICKS)
    value = entry.get(name)
    if isinstance(value, str) and (match := _ISO.fullmatch(value)):
        hours, minutes, seconds = (float(part or 0) for part in match.groups())
        return 3600 * hours + 60 * minutes + seconds
    return as_seconds(value, TICKS)
