"""Conventions: which side is taken where radiologists differ."""

import pytest
from pydantic import ValidationError

from gazescribe.pipeline.dictation.labeler.settings import Conventions


def test_the_first_choice_that_holds_is_taken():
    under = {"heart_failure cardiac": "heart", "hedge negbio": "unsure"}
    assert Conventions().chosen(under, "edema") == "edema"
    assert Conventions(heart_failure="cardiac").chosen(under, "edema") == "heart"
    assert Conventions(heart_failure="cardiac", hedge="negbio").chosen(under, "") == "heart"
    assert Conventions(hedge="negbio").chosen({}, 7) == 7


@pytest.mark.parametrize("choice", [{"opacity": "both"}, {"hedges": "negbio"}, {"repairs": "x"}])
def test_unknown_choices_are_refused(choice):
    with pytest.raises(ValidationError):
        Conventions(**choice)


def test_conventions_cannot_change():
    with pytest.raises(ValidationError):
        Conventions().hedge = "negbio"
