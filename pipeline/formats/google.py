"""JSON of Google Speech-to-Text, version 1 or 2: answers, operations and batches.

Times are "1.300s" as REST and Python write them, or seconds and nanos as Node.js does.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from gazescribe.pipeline.core.errors import ManifestError, shorten
from gazescribe.pipeline.formats.pieces import Content
from gazescribe.pipeline.formats.speech import (
    Word,
    as_content,
    as_text,
    read_values,
    strange,
    written_by,
)

MAKER = "Google Speech-to-Text"
INSIDE = ("response", "transcript", "inlineResult", "inline_result")  # of these, results
SPEAKERS = ("speakerLabel", "speaker_label", "speakerTag", "speaker_tag")


def read(path: Path, _table: str) -> Content:
    """Read the words of the likeliest alternative of each result, or its phrase without words."""
    values = read_values(path, MAKER)
    if isinstance(values[0], list):
        (values,) = values
    with written_by(path, MAKER):
        results = [result for value in values for result in _results(value, path)]
        words = list(_words(results))
    return as_content(words)


def _results(value: dict[str, Any], path: Path) -> list[Any]:
    results = value.get("results")
    if "alternatives" in value:  # a result alone, of a list of them
        return [value]
    if isinstance(results, list):
        return results
    if isinstance(results, dict):  # a batch, by file
        if len(results) > 1:
            names = ", ".join(shorten(name.rsplit("/", 1)[-1], 30) for name in results)
            message = f"it holds the transcripts of {len(results)} audio files ({names})."
            raise ManifestError(message, where=path, remedy="Save a JSON file for each.")
        (value,) = results.values()
        return _results(value, path)
    for name in INSIDE:
        if isinstance(value.get(name), dict):
            return _results(value[name], path)
    if "name" in value and "done" not in value and "metadata" in value:
        raise ManifestError("the operation was not done when this was saved.", where=path)
    raise strange(path, MAKER, value)


def _words(results: Sequence[dict[str, Any]]) -> Iterator[Word]:
    final = [result for result in results if _either(result, "isFinal", "is_final") is not False]
    by_result = [_of_result(result) for result in final]
    # Version 1 says all words again, with their speakers, in its last result.
    has_speakers = any(word.speaker for words in by_result for word in words)
    ended_s: dict[str, float] = {}  # by channel
    for result, words in zip(final, by_result, strict=True):
        channel = _channel(result)
        begin_s = ended_s.get(channel, 0.0)
        end_s = _seconds(_either(result, "resultEndTime", "resultEndOffset", "result_end_time"))
        if end_s is not None:
            ended_s[channel] = end_s
        if words:
            if not has_speakers or any(word.speaker for word in words):
                yield from words
        elif result.get("alternatives"):
            text = as_text(result["alternatives"][0].get("transcript", ""))
            yield Word(text, begin_s, end_s, "", channel)


def _of_result(result: dict[str, Any]) -> list[Word]:
    alternatives = result.get("alternatives") or [{}]
    return [_word(word, _channel(result)) for word in alternatives[0].get("words") or ()]


def _word(word: dict[str, Any], channel: str) -> Word:
    start = _either(word, "startTime", "startOffset", "start_time", "start_offset")
    end = _either(word, "endTime", "endOffset", "end_time", "end_offset")
    start_s, end_s = _seconds(start), _seconds(end)
    if start_s is None and end_s is not None:
        start_s = 0.0  # a zero is left out
    speaker = next((as_text(word[name]) for name in SPEAKERS if word.get(name)), "")
    return Word(as_text(word["word"]), start_s, end_s, speaker, channel)


def _channel(result: dict[str, Any]) -> str:
    channel = _either(result, "channelTag", "channel_tag")
    return as_text(channel) if channel else ""


def _seconds(value: Any) -> float | None:
    if value is None:
        return None
    if isinstance(value, dict):
        return int(value.get("seconds") or 0) + int(value.get("nanos") or 0) / 1e9
    return float(str(value).removesuffix("s"))


def _either(entry: dict[str, Any], *names: str) -> Any:
    return next((entry[name] for name in names if name in entry), None)
