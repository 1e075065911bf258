from dataclasses import replace
from pathlib import Path

import pytest

from gazescribe.pipeline.dictation.labeler.places import named, place_of
from gazescribe.pipeline.dictation.labeler.rules import Repairs, RuleBook, RulePlace, Sections

PLACE = RulePlace("polarity/denial.yaml", 7, (("no", 8), ("[without|no] <2> evidence of", 9)))
BOOK = RuleBook(Path(), (), (), Sections(), Repairs(), "", {"denial.no": PLACE})


@pytest.mark.parametrize(
    ("words", "line"),
    [
        pytest.param("No", 8, id="the phrase itself"),
        pytest.param(
            "No convincing\nevidence  of", 9, id="another one, over a gap and a line break"
        ),
        pytest.param("not", 7, id="none of them: the rule"),
        pytest.param("no no", 7, id="not the phrase alone"),
        pytest.param("", 7, id="no words"),
    ],
)
def test_the_line_is_that_of_the_phrase(words, line):
    assert place_of(BOOK, "denial.no", words) == f"polarity/denial.yaml line {line}"


def test_two_rules_have_two_places():
    place = RulePlace("polarity/structure.yaml", 3, ())
    book = replace(BOOK, places={**BOOK.places, "state.big": place})
    both = "polarity/structure.yaml line 3, polarity/denial.yaml line 7"
    assert place_of(book, "state.big+denial.no", "no big") == both
    assert place_of(book, "state.big+default.else") == "polarity/structure.yaml line 3"


def test_what_the_code_decides_has_no_place():
    assert place_of(BOOK, "default.mentioned", "no") == ""
    assert named(BOOK, "default.mentioned") == "default.mentioned"
    assert named(BOOK, "denial.no", "no") == "denial.no (polarity/denial.yaml line 8)"
