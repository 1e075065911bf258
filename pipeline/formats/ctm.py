"""Time-marked words (CTM) of NIST's scoring tools and Kaldi.

A line is: file, channel, start, duration, word, and perhaps confidence, type and speaker; lines
with `;;` are comments. Source: NIST SCTK, "ctm" file format.
"""

from collections.abc import Iterator
from pathlib import Path

from gazescribe.pipeline.core.errors import ManifestError
from gazescribe.pipeline.core.text_files import text_lines
from gazescribe.pipeline.formats.pieces import Content, in_pieces
from gazescribe.pipeline.formats.speech import SILENCE

NAMES = ("word", "start", "end", "file", "channel", "confidence", "speaker")


def read(path: Path, _table: str) -> Content:
    """Read the words; of alternatives the first counts."""
    return in_pieces(NAMES, list(_rows(path)))


def _rows(path: Path) -> Iterator[tuple[object, ...]]:
    is_second = False
    for number, line in enumerate(text_lines(path), 1):
        cells = line.split(";;")[0].split()
        if not cells:
            continue
        if len(cells) < 5:
            message = f"line {number} has {len(cells)} cells; file, channel, start, duration, word"
            raise ManifestError(f"{message} are needed.", where=path)
        file, channel, start, duration, word, *more = cells
        if word in {"<ALT_BEGIN>", "<ALT>", "<ALT_END>"}:
            is_second = word == "<ALT>"
        elif not is_second and word not in {"@", *SILENCE}:
            times = _times(start, duration)
            if times is None:
                message = f"line {number} has no number as its start or duration."
                raise ManifestError(message, where=path)
            confidence, _kind, speaker, *_ = [*more, "", "", ""]
            yield word, *times, file, channel, confidence, speaker


def _times(start: str, duration: str) -> tuple[float, float] | None:
    try:
        return float(start), round(float(start) + float(duration), 6)
    except ValueError:
        return None
