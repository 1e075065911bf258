"""Words that name anatomy which has a box: `rules/anatomy.yaml`, applied to dictations."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gazescribe.pipeline.core.errors import RuleError
from gazescribe.pipeline.core.resources import resource
from gazescribe.pipeline.core.yaml_files import Strict, read_yaml

Floats = NDArray[np.float64]

SIDES = ("xmin_px", "ymin_px", "xmax_px", "ymax_px")


class AnatomyFile(Strict):
    """Content of `anatomy.yaml`: boxes, and the phrases for each."""

    about: str
    regions: dict[str, list[str]]


@dataclass(frozen=True)
class AnatomyPhrases:
    """Phrases that name boxes.

    `regions`: phrase, in lower case with single blanks, to the boxes it names together; `pattern`:
    any of the phrases, longest first.
    """

    regions: dict[str, tuple[str, ...]]
    pattern: re.Pattern[str]


@dataclass(frozen=True)
class Naming:
    """One phrase of a dictation that names boxes."""

    word_s: float  # when its first word begins
    sentence_s: float  # when the sentence of that word begins
    boxes: Floats  # shape (n, 4): xmin, ymin, xmax, ymax in image pixels; n is at least 1
    regions: tuple[str, ...]  # their names
    sentence: int  # the number of that sentence


def load_anatomy(rules: Path | None = None) -> AnatomyPhrases:
    """Read `anatomy.yaml` of a rules folder; a RuleError where it names no phrase."""
    path = (rules or resource("rules")) / "anatomy.yaml"
    content = read_yaml(path, AnatomyFile, RuleError)
    regions: dict[str, list[str]] = {}
    for region, phrases in content.regions.items():
        for phrase in phrases:
            regions.setdefault(_plain(phrase), []).append(region)
    if not regions or "" in regions:
        raise RuleError("every region needs phrases of at least one word.", where=path)
    # Longest first, for a pattern takes the first that fits: "left lung" before "lung".
    longest = sorted(regions, key=lambda phrase: (-len(phrase), phrase))
    spelt = ("[\\s-]+".join(map(re.escape, phrase.split(" "))) for phrase in longest)
    pattern = re.compile(rf"\b(?:{'|'.join(spelt)})\b", re.IGNORECASE)
    return AnatomyPhrases({phrase: tuple(names) for phrase, names in regions.items()}, pattern)


def _plain(phrase: str) -> str:
    return " ".join(re.split(r"[\s-]+", phrase.strip())).casefold()


def namings(
    text: str,
    words: Mapping[str, Any],
    sentences: Mapping[str, Any],
    regions: Mapping[str, Any],
    anatomy: AnatomyPhrases,
    left_out: Counter[str],
) -> Iterator[Naming]:
    """Find the phrases of a dictation that name boxes, in the order of the text.

    `words`, `sentences` and `regions` are columns of the reading's tables; `left_out` takes phrases
    that cannot be used, by reason.
    """
    boxes = dict(
        zip(regions["region"], np.stack([regions[side] for side in SIDES], 1), strict=True)
    )
    begin_s = dict(zip(sentences["sentence"], sentences["onset_s"], strict=True))
    for match in anatomy.pattern.finditer(text):
        names = anatomy.regions[_plain(match[0])]
        named = [name for name in names if name in boxes]
        spoken = (words["char_end"] > match.start()) & (words["char_start"] < match.end())
        if not named:
            left_out["phrases whose box is missing"] += 1
        elif not spoken.any():
            left_out["phrases without a time"] += 1
        else:
            first = int(spoken.argmax())
            sentence, word_s = words["sentence"][first], float(words["onset_s"][first])
            sentence_s = float(begin_s.get(sentence, word_s))
            sides = np.array([boxes[name] for name in named])
            yield Naming(word_s, sentence_s, sides, tuple(named), int(sentence))
