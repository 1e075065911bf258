"""JSON of Whisper and its kin: openai-whisper and its API, WhisperX, faster-whisper, whisper.cpp.

Also stable-ts, whisper-timestamped and the pipelines of transformers, which write the same or
`chunks`. Segments without words are phrases.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gazescribe.pipeline.formats.pieces import Content
from gazescribe.pipeline.formats.speech import (
    MARK,
    Word,
    as_content,
    as_seconds,
    as_text,
    read_values,
    strange,
    with_marks,
    written_by,
)

MAKER = "Whisper"
SILENCE = {"[BLANK_AUDIO]"}  # whisper.cpp's word for it


def read(path: Path, _table: str) -> Content:
    """Read the words, with the times that they have; an aligner gives numerals none."""
    (content, *others) = read_values(path, MAKER)
    if others or isinstance(content, list):  # segments alone, as people save those of a program
        segments = [content, *others] if others else content
        if segments and all(isinstance(part, dict) and "word" in part for part in segments):
            segments = [{"words": segments}]  # words alone
        content = {"segments": segments}
    with written_by(path, MAKER):
        words = _words(content, path)
    return as_content(words)


def _words(content: dict[str, Any], path: Path) -> list[Word]:
    segments = content.get("segments")
    if isinstance(content.get("transcription"), list):
        return _of_cpp(content["transcription"])
    if isinstance(content.get("chunks"), list):  # transformers
        return [_chunk(chunk) for chunk in content["chunks"]]
    if isinstance(segments, list) and any(segment.get("words") for segment in segments):
        texts = [_text(entry) for segment in segments for entry in segment.get("words") or ()]
        is_spaced = sum(text.startswith(" ") for text in texts) * 2 >= len(texts)
        return [word for segment in segments for word in _of_segment(segment, is_spaced=is_spaced)]
    loose = content.get("words") or content.get("word_segments")
    if isinstance(loose, list) and loose:  # OpenAI's API leaves the marks to its `text`
        return _marked(as_text(content.get("text", "")), _joined(loose, "", is_spaced=False))
    if isinstance(segments, list):
        return [word for segment in segments for word in _of_segment(segment, is_spaced=False)]
    raise strange(path, MAKER, content)


def _of_segment(segment: dict[str, Any], *, is_spaced: bool) -> list[Word]:
    speaker = _speaker(segment)
    words = segment.get("words")
    if words:
        return _marked(
            as_text(segment.get("text", "")), _joined(words, speaker, is_spaced=is_spaced)
        )
    start_s, end_s = as_seconds(segment.get("start")), as_seconds(segment.get("end"))
    return [Word(as_text(segment["text"]), start_s, end_s, speaker)]


def _marked(text: str, words: list[Word]) -> list[Word]:
    """Take the marks of a text of these words where none of them has one."""
    if any(MARK.search(word.text) for word in words):
        return words
    marked = with_marks(text, words)
    return marked if len(marked) == len(words) else words


def _joined(entries: Sequence[Any], speaker: str, *, is_spaced: bool) -> list[Word]:
    """Make words of a segment's.

    Where most begin with a blank (`is_spaced`), others go on with the word before (" 2", ".5").
    """
    words: list[Word] = []
    for entry in entries:
        text = _text(entry)
        # A word without a time has no speaker either: it is of who speaks around it.
        word = Word(text, *_times(entry), _speaker(entry) or speaker)
        if is_spaced and words and not text.startswith(" "):
            words[-1] = _grown(words[-1], word)
        else:
            words.append(word)
    return words


def _grown(word: Word, rest: Word) -> Word:
    end_s = word.end_s if rest.end_s is None else rest.end_s
    return word._replace(text=word.text + rest.text, end_s=end_s)


def _text(entry: Any) -> str:
    if isinstance(entry, list):  # faster-whisper's tuples: start, end, word, probability
        return as_text(entry[2])
    return as_text(entry["word"] if "word" in entry else entry["text"])


def _times(entry: Any) -> tuple[float | None, float | None]:
    if isinstance(entry, list):
        return as_seconds(entry[0]), as_seconds(entry[1])
    return as_seconds(entry.get("start")), as_seconds(entry.get("end"))


def _speaker(entry: Any) -> str:
    return as_text(entry.get("speaker")) if isinstance(entry, dict) else ""


def _chunk(chunk: dict[str, Any]) -> Word:
    start, end = chunk["timestamp"]
    return Word(as_text(chunk["text"]), as_seconds(start), as_seconds(end))


def _of_cpp(parts: Sequence[Any]) -> list[Word]:
    """Give the words of whisper.cpp's tokens, or phrases where they are not there."""
    words: list[Word] = []
    for part in parts:
        tokens = [token for token in part.get("tokens", ()) if _is_spoken(token)]
        is_token = bool(tokens) and all("offsets" in token for token in tokens)
        for entry in tokens if is_token else [part]:
            offsets = entry["offsets"]
            times = as_seconds(offsets["from"], 1e3), as_seconds(offsets["to"], 1e3)
            word = Word(as_text(entry["text"]), *times, _speaker(part))
            # Also with `-ml 1`, where each token is a part.
            if words and not word.text.startswith(" "):
                words[-1] = _grown(words[-1], word)
            elif word.text.strip() not in SILENCE:
                words.append(word)
    return words


def _is_spoken(token: dict[str, Any]) -> bool:
    """Tell words from signs such as [_BEG_] and [_TT_250]."""
    return not as_text(token["text"]).startswith("[_")
