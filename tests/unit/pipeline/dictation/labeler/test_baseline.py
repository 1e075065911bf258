import subprocess
import sys

import pytest

from gazescribe.pipeline.dictation.labeler.baseline import Baseline
from gazescribe.pipeline.dictation.labeler.labeler import Labeler


@pytest.fixture(scope="module")
def labeler():
    return Labeler.from_rules()


@pytest.fixture(scope="module")
def baseline(labeler):
    return Baseline(labeler)


def told(baseline, text):
    (mentions,) = baseline.label([text])
    assert all(text[m.char_start : m.char_end] == m.text for m in mentions)
    return {mention.label: mention.polarity for mention in mentions}


@pytest.mark.parametrize(
    ("text", "label", "polarity"),
    [
        pytest.param("No edema.", "pulmonary edema", "negative", id="denied"),
        pytest.param("Possible edema.", "pulmonary edema", "positive", id="no doubt"),
        pytest.param(
            "No mass. Edema.", "pulmonary edema", "positive", id="to the end of a sentence"
        ),
        pytest.param("No mass, edema is new.", "pulmonary edema", "negative", id="over a comma"),
        pytest.param("No mass but edema.", "pulmonary edema", "positive", id="to a but"),
        pytest.param("History of edema.", "pulmonary edema", "positive", id="no history"),
        pytest.param("Indication: edema.", "pulmonary edema", "positive", id="no headings"),
        pytest.param("Heart is enlarged.", "enlarged cardiac silhouette", "positive", id="state"),
        pytest.param("Heart is normal.", "enlarged cardiac silhouette", "positive", id="no states"),
        pytest.param("Heart seen.", "enlarged cardiac silhouette", None, id="a bare structure"),
    ],
)
def test_it_denies_as_negspacy_does(baseline, text, label, polarity):
    assert told(baseline, text).get(label) == polarity


def test_its_mentions_are_those_of_the_vocabulary(baseline, labeler):
    text = "Small effusion, no pneumothorax."
    ours, theirs = labeler.label([text])[0], baseline.label([text])[0]
    assert [(m.char_start, m.label) for m in ours] == [(m.char_start, m.label) for m in theirs]
    assert baseline.label(["", "Edema."])[0] == []


def test_terms_can_be_others(labeler):
    terms = {"pseudo_negations": [], "following_negations": [], "termination": []}
    baseline = Baseline(labeler, {**terms, "preceding_negations": ["mild"]})
    assert told(baseline, "Mild edema.") == {"pulmonary edema": "negative"}
    assert told(baseline, "No edema.") == {"pulmonary edema": "positive"}


WITHOUT_TORCH = """
import sys
from gazescribe.pipeline.dictation.labeler.baseline import Baseline
from gazescribe.pipeline.dictation.labeler import Labeler
assert "spacy" not in sys.modules
assert Baseline(Labeler.from_rules()).label(["No edema."])[0][0].polarity == "negative"
assert "torch" not in sys.modules, "the baseline loaded torch"
"""


def test_torch_is_not_loaded():
    subprocess.run([sys.executable, "-c", WITHOUT_TORCH], check=True)
