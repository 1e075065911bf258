import pytest

from gazescribe.pipeline.dictation.labeler.compiling import compile_rules
from gazescribe.pipeline.dictation.labeler.loading import load_rules
from gazescribe.pipeline.dictation.labeler.phrases import cut_words
from gazescribe.pipeline.dictation.labeler.settings import Conventions


def names(lexicon, text):
    rows = lexicon.find(cut_words(text))
    return [(first, last, entry.id) for first, last, entries in rows for entry in entries if entry]


@pytest.mark.parametrize(
    ("repairs", "mentions"),
    [
        pytest.param(False, [], id="as written"),
        pytest.param(True, [(0, 2, "hilar_enlargement")], id="slips are read as meant"),
    ],
)
def test_slips_are_compiled_into_the_phrases(repairs, mentions):
    compiled = compile_rules(load_rules(), Conventions(repairs=repairs))
    assert names(compiled.mentions, "hillary enlargement") == mentions


def test_states_stand_apart_from_the_other_triggers():
    compiled = compile_rules(load_rules(), Conventions())
    words = cut_words("is not enlarged")
    triggers = [rule for *_, rules in compiled.triggers.find(words) for rule in rules]
    states = [rule for *_, rules in compiled.states.find(words) for rule in rules]
    assert {rule.direction for rule in states} == {"state"}
    assert triggers
    assert "state" not in {rule.direction for rule in triggers}


def test_single_words_that_open_and_nouns_of_states_are_told_apart():
    compiled = compile_rules(load_rules(), Conventions())
    assert {"small", "enlarged"} <= compiled.opening
    assert "enlargement" in compiled.nouns
    assert compiled.nouns.isdisjoint({"enlarged", "finding", "abnormal"})
