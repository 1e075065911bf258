"""Subtitles: SRT, and WebVTT with and without times of words.

Own readers, for the libraries lose the times of words (pysubs2) or do not undo what recognisers do
to show a word at a time: the lines of YouTube that are shown twice, the line of Whisper's
`--highlight_words` that is shown once for each word.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import unescape
from itertools import pairwise
from pathlib import Path

from gazescribe.pipeline.core.errors import ManifestError
from gazescribe.pipeline.core.text_files import text_lines
from gazescribe.pipeline.formats.pieces import Content
from gazescribe.pipeline.formats.speech import Word, as_content

TOUCH_S = 0.1  # cues that follow one another at once; a line in both is shown on, not said again
_TIME = r"(?:(\d+):)?(\d{1,2}):(\d{1,2})(?:[.,:](\d{1,3}))?"
_CUE = re.compile(rf"\s*{_TIME}\s*-->\s*{_TIME}(?:\s.*)?")
_MOMENT = re.compile(rf"<{_TIME}>")
_SPOKEN_BY = re.compile(r"<v(?:\.[^\s>]*)?\s+([^>]*)>")
_DIARIZED = re.compile(r"\s*\[((?:SPEAKER|Speaker|speaker)[ _]?\w{1,20})\]:\s*")  # as WhisperX
_TURN = re.compile(r"((?:Unknown )?Speaker(?: \d+)?):\s+")  # as Otter
_HIGHLIGHT = re.compile(r"<u>(.*?)</u>")
_TAG = re.compile(r"</?[A-Za-z][^>]*>|\{\\[^}]*\}|</>")


@dataclass
class Cue:
    """What is shown for some time; `lines` are as written, with their tags."""

    start_s: float
    end_s: float
    lines: list[str]


def read(path: Path, _table: str) -> Content:
    """Read phrases, or words where they have times of their own."""
    cues = list(_cues(path))
    text = "\n".join(line for cue in cues for line in cue.lines)
    if _MOMENT.search(text):
        words = [word for cue in _once(cues) for word in _timed_words(cue)]
    elif _HIGHLIGHT.search(text) and _is_highlighted(cues):
        words = [word for cue in cues for word in _highlighted(cue)]
    else:
        words = list(_phrases([*_once(cues)] if _is_rolled_up(cues) else cues))
    return as_content(words)


def _cues(path: Path) -> Iterator[Cue]:
    """Find the cues, each with what stands below its line of times."""
    lines = [line.rstrip("\r\n") for line in text_lines(path)]
    is_webvtt = bool(lines) and lines[0].startswith("WEBVTT")
    times = {place: match for place, line in enumerate(lines) if (match := _CUE.fullmatch(line))}
    if not times:
        raise ManifestError("there is no cue in it (00:00:01.000 --> 00:00:02.000).", where=path)
    is_numbered = lines[max(min(times) - 1, 0)].strip().isdigit()
    for (place, match), following in zip(times.items(), [*times, len(lines)][1:], strict=True):
        shown = lines[place + 1 : following]
        if is_webvtt:  # what stands behind an empty line is a name, a note or a style
            shown = shown[: shown.index("") if "" in shown else None]
        shown = [line for line in shown if line.strip()]  # in SRT, blank lines end nothing
        if not is_webvtt and is_numbered and following < len(lines) and shown:
            shown.pop()  # the number of the next cue
        groups = match.groups()
        yield Cue(_seconds(groups[:4]), _seconds(groups[4:]), shown)


def _seconds(parts: Sequence[str | None]) -> float:
    hours, minutes, seconds, fraction = parts
    whole = 3600 * int(hours or 0) + 60 * int(minutes or 0) + int(seconds or 0)
    return whole + int((fraction or "0").ljust(3, "0")) / 1000


def _phrases(cues: Sequence[Cue]) -> Iterator[Word]:
    """Give a phrase for each cue; Otter names who speaks only where a turn begins."""
    turn = ""
    for cue in cues:
        phrase = _phrase(cue)
        if match := _TURN.match(phrase.text):
            turn = match[1]
            phrase = phrase._replace(text=phrase.text[match.end() :])
        yield phrase._replace(speaker=phrase.speaker or turn)


def _phrase(cue: Cue) -> Word:
    text = " ".join(cue.lines)
    speaker, text = _speaker(text)
    return Word(_plain(text), cue.start_s, cue.end_s, speaker)


def _speaker(text: str) -> tuple[str, str]:
    """Take who speaks out of a text."""
    if match := _SPOKEN_BY.search(text):
        return unescape(match[1]).strip(), text
    if match := _DIARIZED.match(text):
        return match[1], text[match.end() :]
    return "", text


def _plain(text: str) -> str:
    """Take the tags out of a text."""
    return re.sub(r"\s+", " ", unescape(_TAG.sub("", _MOMENT.sub("", text)))).strip()


def _once(cues: Sequence[Cue]) -> Iterator[Cue]:
    """Take out lines that are shown on from the cue before, as YouTube's roll up."""
    before, ended_s = [""], 0.0
    for cue in cues:
        plain = [_plain(line) for line in cue.lines]
        is_next = cue.start_s - ended_s <= TOUCH_S
        lines = [
            line
            for line, text in zip(cue.lines, plain, strict=True)
            if not (is_next and text in before)
        ]
        yield Cue(cue.start_s, cue.end_s, lines)
        before, ended_s = plain, cue.end_s


def _is_rolled_up(cues: Sequence[Cue]) -> bool:
    """Tell whether cues show lines of the one before on, as YouTube's do without times of words."""
    n_on, has_rolled = 0, False
    for cue, following in pairwise(cues):
        before, lines = ({_plain(line) for line in shown.lines} for shown in (cue, following))
        is_on = following.start_s - cue.end_s <= TOUCH_S and bool(before & lines)
        n_on += is_on
        has_rolled |= is_on and bool(lines - before)
    return has_rolled and n_on * 2 >= len(cues) - 1


def _timed_words(cue: Cue) -> Iterator[Word]:
    """Cut a cue at its times: each counts for what stands behind it."""
    speaker, text = _speaker(" ".join(cue.lines))
    matches = list(_MOMENT.finditer(text))
    starts = [0, *(match.end() for match in matches)]
    stops = [*(match.start() for match in matches), len(text)]
    times = [cue.start_s, *(_seconds(match.groups()) for match in matches), cue.end_s]
    for start, stop, (start_s, end_s) in zip(starts, stops, pairwise(times), strict=True):
        yield Word(_plain(text[start:stop]), start_s, max(start_s, end_s), speaker)


def _is_highlighted(cues: Sequence[Cue]) -> bool:
    """Tell whether one word after the other is underlined in a line that stays."""
    texts = [_plain(" ".join(cue.lines)) for cue in cues]
    n_again = sum(text == following for text, following in pairwise(texts))
    return n_again * 2 >= len(cues) - 1


def _highlighted(cue: Cue) -> Iterator[Word]:
    """Give the word that is underlined; a cue without one shows the line between two words."""
    text = " ".join(cue.lines)
    for match in _HIGHLIGHT.finditer(text):
        yield Word(_plain(match[1]), cue.start_s, cue.end_s, _speaker(text)[0])
