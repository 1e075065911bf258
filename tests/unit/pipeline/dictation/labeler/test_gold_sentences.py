"""Our own gold set. A change in rules that changes a sentence prints what it changed."""

import re
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from gazescribe.pipeline.dictation.labeler import Labeler

GOLD = yaml.safe_load((Path(__file__).parents[4] / "data" / "gold_sentences.yaml").read_text())
CODES = GOLD["codes"]
IMPLIED = {
    CODES[one]: {CODES[other] for other in others} for one, others in GOLD["implied"].items()
}
POLARITY = {"+": "positive", "-": "negative", "?": "uncertain"}
MARKED = re.compile(r"\[([^\]]+)\]([A-Z]{2}(?:,[A-Z]{2})*)([+?-])")


@dataclass(frozen=True)
class Said:
    start: int
    end: int
    label: str
    polarity: str

    def agrees(self, other):
        same = (self.label, self.polarity) == (other.label, other.polarity)
        return same and self.overlaps(other)

    def overlaps(self, other):
        return self.start < other.end and other.start < self.end

    def implies(self, other):
        implied = other.label in IMPLIED.get(self.label, ())
        return implied and self.polarity == other.polarity and self.overlaps(other)


@pytest.fixture(scope="module")
def labeler():
    return Labeler.from_rules()


def parse(sentence):
    text, gold, place = "", [], 0
    for match in MARKED.finditer(sentence):
        text += sentence[place : match.start()]
        start, text = len(text), text + match[1]
        gold += [
            Said(start, len(text), CODES[code], POLARITY[match[3]]) for code in match[2].split(",")
        ]
        place = match.end()
    return text + sentence[place:], gold


def differences(labeler, sentence):
    text, gold = parse(sentence)
    found = [
        Said(one.char_start, one.char_end, one.label, one.polarity)
        for one in labeler.label([text])[0]
    ]
    missing = [one for one in gold if not any(one.agrees(other) for other in found)]
    extra = [
        one for one in found if not any(one.agrees(other) or other.implies(one) for other in gold)
    ]
    return [
        f"{text!r}: {word} {one.label} {one.polarity} at {text[one.start : one.end]!r}"
        for word, several in (("missing", missing), ("extra", extra))
        for one in several
    ]


@pytest.mark.parametrize(
    "family", [pytest.param(family, id=family["family"]) for family in GOLD["families"]]
)
def test_family(labeler, family):
    assert family["reason"]
    assert family["sentences"]
    changed = [line for one in family["sentences"] for line in differences(labeler, one)]
    assert not changed, "\n".join(["", family["reason"], *changed])


def test_the_set_is_large_and_says_something():
    sentences = [sentence for family in GOLD["families"] for sentence in family["sentences"]]
    marked = [said for sentence in sentences for said in parse(sentence)[1]]
    assert len(set(sentences)) == len(sentences) >= 450
    assert {said.label for said in marked} == set(CODES.values())
    assert {said.polarity for said in marked} == set(POLARITY.values())


def test_a_wrong_sentence_would_be_seen(labeler):
    assert differences(labeler, "No [effusion]EF+.") == [
        "'No effusion.': missing pleural effusion positive at 'effusion'",
        "'No effusion.': extra pleural abnormality negative at 'effusion'",
        "'No effusion.': extra pleural effusion negative at 'effusion'",
    ]
