"""What a recogniser hears in an audio file, and what it was told before."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Settings:
    """What changes what is heard; kept with each transcript."""

    engine: str  # of ENGINES
    model: str | None  # name of its folder, and its size
    language: str | None  # as "en"; None: the recogniser finds out
    prompt: str | None  # words that it may expect
    version: str  # of the recogniser


@dataclass(frozen=True)
class HeardWord:
    """A word; its text begins with a blank, or goes on with the word before (Whisper's way)."""

    text: str
    start_s: float
    end_s: float
    probability: float


@dataclass(frozen=True)
class Segment:
    """A stretch of speech."""

    text: str
    start_s: float
    end_s: float
    words: list[HeardWord]


@dataclass(frozen=True)
class Heard:
    """An audio file."""

    duration_s: float
    language: str
    segments: list[Segment]

    def as_json(self) -> dict[str, Any]:
        """Give it as openai-whisper writes it, which `format: whisper` reads."""
        segments = [
            {
                "id": number,
                "start": segment.start_s,
                "end": segment.end_s,
                "text": segment.text,
                "words": [
                    {
                        "word": word.text,
                        "start": word.start_s,
                        "end": word.end_s,
                        "probability": word.probability,
                    }
                    for word in segment.words
                ],
            }
            for number, segment in enumerate(self.segments)
        ]
        return {
            "text": "".join(segment.text for segment in self.segments),
            "segments": segments,
            "language": self.language,
            "duration": self.duration_s,
        }


Recogniser = Callable[[Path], Heard]
"""Hears an audio file; raises GazeError where it cannot be read."""
