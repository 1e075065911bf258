"""Sentences parsed by hand.

`[effusion]` is a finding, `{heart}` a structure, `|fold|` a mimic, `<no>` a trigger.
"""

import re

from gazescribe.pipeline.dictation.labeler.items import Hit, Item, Parse
from gazescribe.pipeline.dictation.labeler.phrases import cut_words
from gazescribe.pipeline.dictation.labeler.scope import resolve
from gazescribe.pipeline.dictation.labeler.targets import Target
from gazescribe.pipeline.dictation.labeler.triggers import Trigger

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
            concept = Target(word, [word], SIGNS[piece[0]])
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


SCOPE = {
    "no": trigger("before", "negative", name="negation.no"),
    "but": trigger("boundary"),
    "absent": trigger("after", "negative"),
    "nay": trigger("after", "negative", alone=True),
    "gone": trigger("after", "negative", finite=True),
    "if there": trigger("after", "uncertain", finite=True),
    "versus": trigger("between", "uncertain", reach="next"),
    "is": trigger("equates", "negative", finite=True),
    "likely": trigger("before", "positive", reach="list", order=4),
    "or": trigger("between", "uncertain", reach="list"),
    "persists": trigger("asserts", "positive", finite=True),
    "or else": trigger("between", "uncertain"),
    "or both": trigger("between", "uncertain", name="alternative.both"),
    "growth of": trigger("belongs", "positive", reach="list"),
    "in the": trigger("belongs", "positive", reach="next"),
    "to suggest": trigger("belongs", "negative"),
    "unclear whether": trigger("embeds", "uncertain"),
    "past": trigger("before", "negative", order=6, name="history.previous"),
    "clearing of": trigger("before", "negative", name="negation.resolution_of"),
    "not": trigger("before", "negative", name="negation.rather_than"),
    "left": trigger("place", name="side.left"),
    "right": trigger("place", name="side.right"),
}


def reached(text):
    """Give the items of a sentence after its triggers, those of `SCOPE`, have reached them."""
    used = {word: rule for word, rule in SCOPE.items() if f"<{word}>" in text}
    sentence = parse(text, **used)
    resolve(sentence)
    return sentence.items


DECISIONS = {
    "enlarged": trigger("state", "abnormal"),
    "borderline": trigger("state", "borderline"),
    "normal": trigger("state", "normal"),
    "stable": trigger("state", "uncertain"),  # as the convention `stable` has it
    "static": trigger("state", "dropped"),
    "not": trigger("before", "negative"),
    "possible": trigger("before", "uncertain", order=3),
    "absent": trigger("after", "negative", order=1),
    "is": trigger("verb", finite=True),
    "no abnormality": trigger("before", "negative"),
    "no growth of": trigger("cancels"),
    "abnormality": trigger("state", "abnormal", noun=True),
    "disease": trigger("state", "abnormal", noun=True, words=0),
    "increased": trigger("state", "abnormal"),
    "no evidence that": trigger("embeds", "negative"),
    "no sign that a": trigger("embeds", "negative", reach="next"),
    "cannot say": trigger("embeds", "uncertain"),
    "is larger": trigger("asserts", "positive", finite=True),
    "absence of": trigger("before", "negative", undone=True),
    "neither": trigger("before", "negative", undone=True),
    "grew": trigger("asserts", "positive", finite=True, undone=True),
    "resolved": trigger("after", "negative", finite=True, name="negation_after.resolved"),
    "uncertain": trigger("after", "negative", finite=True),
}


def resolved(text):
    """Give a sentence after its triggers, those of `DECISIONS`, have reached its items."""
    used = {word: rule for word, rule in DECISIONS.items() if f"<{word}>" in text}
    sentence = parse(text, **used)
    resolve(sentence)
    return sentence
