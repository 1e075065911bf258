"""How long before its mention a region was looked at: rows of the table `mention_leads`.

The visit that counts is the last one that begins before the sentence does; where none does, the
first that begins later, and the lead is below 0. (Eye-voice span: Griffin and Bock, Psychol. Sci.
11 (2000) 274, from the begin of the last gaze at a thing to its name; Holmqvist et al. 2011, 13.)
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from gazescribe.pipeline.gaze.sync.anatomy import AnatomyPhrases, namings
from gazescribe.pipeline.geometry.looking import find_visits
from gazescribe.pipeline.maps.label_weights import Columns
from gazescribe.pipeline.measures.gaze import Gaze
from gazescribe.pipeline.measures.regions import Region, Shape

Row = dict[str, Any]


def mentioned_sentences(windows: Columns) -> dict[str, list[int]]:
    """Sentences that mention each label, rising, from a reading's rows of `windows`."""
    sentences_by_label: dict[str, set[int]] = {}
    for labels, sentence in zip(windows["labels"], windows["sentence"], strict=True):
        if sentence is not None and not np.isnan(sentence):
            for label in labels:
                sentences_by_label.setdefault(label, set()).add(int(sentence))
    return {label: sorted(numbers) for label, numbers in sorted(sentences_by_label.items())}


def label_leads(
    gaze: Gaze,
    regions: Sequence[Region],
    spoken: Mapping[str, Sequence[int]],
    sentences: Columns,
    words_s: Mapping[tuple[str, int], float],
) -> Iterator[Row]:
    """Give the lead of each sentence that mentions a label over each region of the label's name.

    `gaze` is all gaze of the reading; `words_s` says when a label is said in a sentence, where
    mentions were given.
    """
    begins_s = dict(zip(sentences["sentence"].tolist(), sentences["onset_s"].tolist(), strict=True))
    for label, numbers in spoken.items():
        for region in regions:
            if region.kind in ("ellipse", "own") and region.name.casefold() == label.casefold():
                for number in numbers:
                    if number in begins_s:
                        word_s = words_s.get((label, number))
                        yield _lead(gaze, region, label, number, begins_s[number], word_s)


def anatomy_leads(
    gaze: Gaze,
    text: str | None,
    parts: Mapping[str, Columns],
    anatomy: AnatomyPhrases,
    left_out: Counter[str],
) -> Iterator[Row]:
    """Give the lead of each phrase that names anatomy which has a box; its first in a sentence.

    `parts` are the rows of `words`, `sentences` and `regions`, by column. A phrase that names
    several boxes means them together.
    """
    seen = set()
    columns = (parts["words"], parts["sentences"], parts["regions"])
    for named in namings(text or "", *columns, anatomy, left_out):
        name = " + ".join(named.regions)
        if (named.sentence, name) not in seen:
            seen.add((named.sentence, name))
            shapes = tuple(Shape(tuple(box)) for box in named.boxes.tolist())
            region = Region("anatomy", name, shapes)
            yield _lead(gaze, region, "", named.sentence, named.sentence_s, named.word_s)


def _lead(
    gaze: Gaze, region: Region, label: str, sentence: int, sentence_s: float, word_s: float | None
) -> Row:
    visits = find_visits(region.holds(gaze.places_px), gaze.follows)
    row: Row = {"label": label, "kind": region.kind, "region": region.name, "sentence": sentence}
    row |= {"sentence_s": sentence_s, "word_s": word_s}
    if not len(visits.begins):
        return row
    begins_s = gaze.onset_s[visits.begins]
    number = max(int(np.searchsorted(begins_s, sentence_s, side="right")) - 1, 0)
    look_s = float(begins_s[number])
    row["look_s"] = look_s
    row["visit_s"] = float(gaze.offset_s[visits.ends[number] - 1]) - look_s
    row["lead_s"] = sentence_s - look_s
    row["word_lead_s"] = None if word_s is None else word_s - look_s
    return row
