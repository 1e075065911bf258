import pytest

from gazescribe.pipeline.core.errors import ParamsError
from gazescribe.pipeline.dictation.labeler.labeler import Labeler
from gazescribe.pipeline.dictation.labeler.spacy_component import NAME
from gazescribe.pipeline.dictation.labeler.spacy_import import spacy

TEXT = "Mild edema. Probable pneumothorax, no effusion."


def test_a_document_holds_what_the_labeler_says():
    nlp = spacy.blank("en")
    nlp.add_pipe(NAME)
    doc = nlp(TEXT)
    assert doc._.gazescribe == Labeler.from_rules().label([TEXT])[0]
    found = [(span.text, span.label_) for span in doc.spans[NAME]]
    assert found == [(mention.text, mention.label) for mention in doc._.gazescribe]
    assert len(found) >= 3
    assert [doc.text for doc in nlp.pipe(["", TEXT])] == ["", TEXT]


def test_conventions_are_settings_of_the_component():
    nlp = spacy.blank("en")
    nlp.add_pipe(NAME, config={"conventions": {"hedge": "negbio"}})
    polarity = {mention.label: mention.polarity for mention in nlp(TEXT)._.gazescribe}
    assert polarity["pneumothorax"] == "uncertain"
    with pytest.raises(ParamsError, match="hedges is unknown; the nearest is hedge"):
        spacy.blank("en").add_pipe(NAME, config={"conventions": {"hedges": "negbio"}})
