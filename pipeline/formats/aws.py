"""JSON of AWS Transcribe, Transcribe Medical included: `results.items`."""

from collections.abc import Iterator, Sequence
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

MAKER = "AWS Transcribe"


def read(path: Path, _table: str) -> Content:
    """Read the words; punctuation, which has no time, joins the word before it."""
    (content, *_) = read_values(path, MAKER)
    with written_by(path, MAKER):
        if "TranscriptionJob" in content:
            remedy = "Save the file that its TranscriptFileUri names."
            message = "this describes a job of AWS Transcribe, and is not its transcript."
            raise ManifestError(message, where=path, remedy=remedy)
        results = content.get("results")
        if not isinstance(results, dict) or not isinstance(results.get("items"), list):
            raise strange(path, MAKER, content)
        words = list(_words(results))
    return as_content(words)


def _words(results: dict[str, Any]) -> Iterator[Word]:
    speakers = _speakers(results)
    channels = (results.get("channel_labels") or {}).get("channels") or ()
    for channel in channels:
        yield from _joined(channel["items"], speakers, as_text(channel["channel_label"]))
    if not channels:
        yield from _joined(results["items"], speakers, "")


def _speakers(results: dict[str, Any]) -> dict[str, str]:
    """Give who speaks by the time of a word, where the words do not say it themselves."""
    segments = (results.get("speaker_labels") or {}).get("segments") or ()
    return {
        as_text(item["start_time"]): as_text(
            item.get("speaker_label", segment.get("speaker_label", ""))
        )
        for segment in segments
        for item in segment.get("items", ())
        if "start_time" in item
    }


def _joined(items: Sequence[Any], speakers: dict[str, str], channel: str) -> Iterator[Word]:
    word = None
    for item in items:
        text = as_text(item["alternatives"][0]["content"])
        if item.get("type") == "punctuation" and word is not None:
            word = word._replace(text=word.text + text)
            continue
        if word is not None:
            yield word
        start = item.get("start_time")
        speaker = as_text(item.get("speaker_label") or speakers.get(as_text(start), ""))
        word = Word(text, as_seconds(start), as_seconds(item.get("end_time")), speaker, channel)
    if word is not None:
        yield word
