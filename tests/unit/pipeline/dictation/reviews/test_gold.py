import shutil
from collections import Counter

import pytest

from gazescribe.pipeline.core.errors import RuleError
from gazescribe.pipeline.core.resources import resource
from gazescribe.pipeline.dictation.labeler.gold_sentences import load_gold_sentences
from gazescribe.pipeline.dictation.reviews.files import ReviewedMention
from gazescribe.pipeline.dictation.reviews.gold import write_gold
from gazescribe.pipeline.dictation.reviews.truth import TrueSentence
from tests.reviews import said


@pytest.fixture
def rules(tmp_path):
    folder = tmp_path / "mine"
    (folder / "gold").mkdir(parents=True)
    for name in ("labels.yaml", "gold/codes.yaml"):
        shutil.copy(resource("rules") / name, folder / name)
    return folder


def sentence(text, *mentions, verdict="right", start=100):
    placed = []
    for words, label, polarity in mentions:
        found = said(text, words, label, polarity)
        shift = {name: found[name] + start for name in ("char_start", "char_end")}
        placed.append(ReviewedMention(**{**found, **shift}))
    mentions = tuple(sorted(placed, key=lambda mention: mention.place))
    return TrueSentence(("R1", "0" * 64), start, text, mentions, frozenset({verdict} - {""}))


EDEMA = ("edema", "pulmonary edema", "positive")
EFFUSION = ("effusion", "pleural effusion", "negative")


def written(rules, *sentences):
    left_out = Counter()
    counts = write_gold(sentences, rules / "gold/reviewed.yaml", rules, left_out)
    return load_gold_sentences(rules).sentences, counts, left_out


def test_what_is_written_is_read_as_gold(rules):
    found, counts, left_out = written(
        rules,
        sentence("edema: no effusion .", EDEMA, EFFUSION),
        sentence("Is that edema?", ("edema", "pulmonary edema", "uncertain"), verdict="polarity"),
        sentence("No findings, 'clear' - yes.", verdict="no mention"),
        sentence(
            "blunted",
            ("blunted", "pleural effusion", "positive"),
            ("blunted", "pleural thickening", "positive"),
        ),
    )
    said_of = {
        one.text: [(m.start, m.end, m.label, m.polarity) for m in one.mentions] for one in found
    }
    assert said_of == {
        "blunted": [
            (0, 7, "pleural effusion", "positive"),
            (0, 7, "pleural thickening", "positive"),
        ],
        "edema: no effusion .": [
            (0, 5, "pulmonary edema", "positive"),
            (10, 18, "pleural effusion", "negative"),
        ],
        "Is that edema?": [(8, 13, "pulmonary edema", "uncertain")],
        "No findings, 'clear' - yes.": [],
    }
    assert counts == {"right": 2, "polarity": 1, "no mention": 1}
    assert left_out == {}
    assert {one.family for one in found} == {
        "reviewed: right",
        "reviewed: polarity",
        "reviewed: no mention",
    }


def test_what_the_form_cannot_hold_is_counted(rules):
    (rules / "gold/own.yaml").write_text(
        'families:\n- {family: a, reason: b, sentences: ["known [edema]ED+"]}\n'
    )
    cases = {
        "sentences with brackets": sentence("edema [1]", EDEMA),
        "sentences with a label without a code in gold/codes.yaml": sentence(
            "edema", ("edema", "cold", "positive")
        ),
        "sentences with mentions that overlap": sentence(
            "mild edema", EDEMA, ("mild edema", "consolidation", "positive")
        ),
        "sentences with two polarities of the same words": sentence(
            "edema", EDEMA, ("edema", "consolidation", "negative")
        ),
        "sentences that the rules have": sentence("known edema", EDEMA),
        "sentences without a mention": sentence("clear .", verdict=""),
    }
    _, counts, left_out = written(rules, *cases.values())
    assert left_out == dict.fromkeys(cases, 1)
    assert counts == {}


def test_a_sentence_stands_there_once_and_only_if_seen_in_one_way(rules):
    twice = sentence("edema .", EDEMA)
    other = sentence("wet edema", EDEMA)
    denied = sentence("wet edema", ("edema", "pulmonary edema", "negative"))
    found, _, left_out = written(rules, twice, twice, other, denied)
    assert [one.text for one in found] == ["edema ."]
    assert left_out == {"sentences seen in two ways": 1}
    again, _, left_out = written(rules, twice)
    assert [one.text for one in again] == ["edema ."]
    assert left_out == {}


def test_rules_without_codes_cannot_have_gold_sentences(rules):
    (rules / "gold/codes.yaml").unlink()
    with pytest.raises(RuleError, match=r"gold/codes\.yaml: gold sentences need codes"):
        written(rules, sentence("edema .", EDEMA))
