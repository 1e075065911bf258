"""How far two reviewers agree on the mentions of texts that both saw.

An item is a place of a text of which both say something: a mention that the labeler found and both
judged, or one that either added where both reviewed the text to its end. What is compared is the
polarity that each says is right there, `none` where it is no mention of that label.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations
from math import isfinite
from typing import Any

from gazescribe.pipeline.dictation.reviews.consensus import ReviewedPlace, ReviewedText, places_of
from gazescribe.pipeline.dictation.reviews.files import ReviewedMention

NONE = "none"


@dataclass(frozen=True)
class Item:
    """What two reviewers say of one place."""

    words: tuple[str, str]  # polarities
    is_same: bool  # span and label, too


def agreements(texts: Iterable[ReviewedText]) -> list[dict[str, Any]]:
    """Give for each two reviewers the number of items, the share of agreement, and Cohen's kappa.

    Kappa is null where it is not defined: without items, or where both always say the same word.
    """
    texts = list(texts)
    names = sorted({name for text in texts for name in text.reviews})
    rows = []
    for pair in combinations(names, 2):
        shared = [text for text in texts if {*pair} <= {*text.reviews}]
        items = [item for text in shared for item in _items(text, pair)]
        rows.append({"reviewers": list(pair), "n_readings": len(shared), **_measures(items)})
    return rows


def _items(text: ReviewedText, pair: tuple[str, str]) -> Iterator[Item]:
    for place in places_of({name: text.reviews[name] for name in pair}):
        if {*pair} <= {*place.votes}:
            first, second = (place.votes[name] for name in pair)
            yield Item((_word(first, place), _word(second, place)), first == second)


def _word(answer: ReviewedMention | None, place: ReviewedPlace) -> str:
    # Another label is no mention of the one that was found.
    is_other = answer and place.labeled and answer.label != place.labeled.label
    return NONE if answer is None or is_other else answer.polarity


def _measures(items: list[Item]) -> dict[str, Any]:
    n = len(items)
    return {
        "n": n,
        "agreement": sum(item.words[0] == item.words[1] for item in items) / n if n else None,
        "agreement_in_all": sum(item.is_same for item in items) / n if n else None,
        "kappa": _kappa(items),
    }


def _kappa(items: list[Item]) -> float | None:
    if len({word for item in items for word in item.words}) < 2:
        return None
    from sklearn.metrics import cohen_kappa_score

    first, second = zip(*(item.words for item in items), strict=True)
    kappa = float(cohen_kappa_score(first, second))
    return kappa if isfinite(kappa) else None
