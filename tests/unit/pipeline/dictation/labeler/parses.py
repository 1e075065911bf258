"""Sentences parsed by hand.

`[effusion]` is a finding, `{heart}` a structure, `|fold|` a mimic, `<no>` a trigger.
"""

import re

from gazescribe.pipeline.dictation.labeler.clauses import Hit, Item, Parse
from gazescribe.pipeline.dictation.labeler.phrases import cut_words
from gazescribe.pipeline.dictation.labeler.rules import Concept, Trigger

SIGNS = {"[": "finding", "{": "structure", "|": "mimic", "<": None}


def trigger(
    direction, effect=None, *, reach="clause", order=2, finite=False, words=30, name="", **more
):
    """Make a trigger; `more` is attached, alone …"""
    more = {"attached": False, **more}
    rule_id = name or f"test.{direction}"
    return Trigger(rule_id, direction, effect, reach, words, order, finite, **more)


def parse(marked, **triggers):
    """Parse a sentence; `triggers` gives what each word in angle brackets is."""
    text, items, hits = "", [], []
    for piece in re.split(r"([\[{<|][^\]}>|]+[\]}>|])", marked):
        start = len(text)
        if piece[:1] not in SIGNS:
            text += piece
            continue
        word = piece[1:-1]
        text += word
        if piece[0] != "<":
            concept = Concept(id=word, labels=[word], phrases=[word], kind=SIGNS[piece[0]])
            items.append(Item(start, len(text), concept))
        elif triggers[word].direction == "state":
            items.append(Item(start, len(text), state=triggers[word]))
        else:
            hits.append(Hit(start, len(text), triggers[word]))
    words = cut_words(text)
    for number, start in enumerate(words.starts):
        if any(item.concept and item.start <= start < item.end for item in items):
            words.texts[number] = ""
    return Parse(0, len(text), words, items, hits)
