from collections import Counter
from pathlib import Path

import pytest

from gazescribe.pipeline.dictation.labeler.baseline import Baseline
from gazescribe.pipeline.dictation.labeler.gold_sentences import load_gold_sentences
from gazescribe.pipeline.dictation.labeler.labeler import Labeler
from gazescribe.pipeline.dictation.labeler.spacy_import import spacy
from gazescribe.pipeline.dictation.labeler.termset import KINDS, termset

RULES = Path(__file__).parents[5] / "rules"
LABELS = "channels: [Edema]\nlabels: {edema: [Edema]}\n"
VOCABULARY = "concepts: [{id: edema, labels: [edema], phrases: [edema]}]\n"
FAMILIES = {
    "denial": """direction: before
effect: negative
rules:
  - {id: no, phrases: ["no (sign of)", "no <2> trace of", "lack*"]}
  - {id: near, phrases: ["sans"], words: 2}
  - {id: doubt, phrases: ["no doubt of", "maybe"], effect: uncertain}
""",
    "gone": """direction: after
effect: negative
rules: [{id: gone, phrases: ["is [gone|absent]"]}]
""",
    "pseudo": "direction: cancels\nrules: [{id: change, phrases: ['no change in', 'new']}]\n",
    "end": "direction: boundary\nrules: [{id: but, phrases: [but]}]\n",
    "state": "direction: state\neffect: normal\nrules: [{id: normal, phrases: [normal]}]\n",
}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "labels.yaml").write_text(LABELS)
    for name in ("vocabulary", "polarity"):
        (tmp_path / name).mkdir()
    (tmp_path / "vocabulary" / "edema.yaml").write_text(VOCABULARY)
    for name, content in FAMILIES.items():
        (tmp_path / "polarity" / f"{name}.yaml").write_text(f"family: {name}\n{content}")
    return tmp_path


def test_phrases_are_written_out_by_kind(folder):
    left_out = Counter()
    assert termset(folder, left_out) == {
        "pseudo_negations": ["no change in", "no doubt of"],
        "preceding_negations": ["no", "no trace of"],
        "following_negations": ["is absent", "is gone"],
        "termination": ["but"],
    }
    assert +left_out == {
        "words in a gap": 1,
        "any ending of a word": 1,
        "reaches fewer than 8 words": 1,
        "direction state": 1,
    }


def test_phrases_with_too_many_variants_are_counted(folder):
    many = "[a|b|c|d|e|f|g|h|i|j]"
    path = folder / "polarity" / "gone.yaml"
    path.write_text(path.read_text().replace("is [gone|absent]", f"{many} {many} {many} {many}"))
    left_out = Counter()
    assert termset(folder, left_out)["following_negations"] == []
    assert left_out["more than 2,000 variants"] == 1


def test_negspacy_takes_it():
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    pattern = {"label": "FINDING", "pattern": [{"LOWER": "effusion"}]}
    nlp.add_pipe("entity_ruler").add_patterns([pattern])
    nlp.add_pipe("negex", config={"neg_termset": termset(RULES)})
    said = {
        "No effusion.": True,
        "The effusion has resolved.": True,
        "No change in the effusion.": False,
        "Effusion cannot be excluded.": False,
        "No mass, but effusion.": False,
    }
    assert {text: nlp(text).ents[0]._.negex for text in said} == said


def f1_of_denials(terms):
    """F1 of what is denied, on the gold sentences."""
    sentences = load_gold_sentences(RULES).sentences
    baseline = Baseline(Labeler.from_rules(RULES), terms)
    hits = wrong = 0
    labelled = baseline.label([sentence.text for sentence in sentences])
    for sentence, mentions in zip(sentences, labelled, strict=True):
        for expected in sentence.mentions:
            for mention in mentions:
                overlaps = mention.char_start < expected.end and expected.start < mention.char_end
                if overlaps and mention.label == expected.label:
                    denied = (expected.polarity == "negative", mention.polarity == "negative")
                    hits += denied == (True, True)
                    wrong += denied[0] != denied[1]
                    break
    return 2 * hits / (2 * hits + wrong)


def test_negspacy_denies_better_with_it_than_with_its_own():
    assert f1_of_denials(termset(RULES)) > f1_of_denials(None) + 0.05


def test_it_has_negspacys_form():
    terms = termset(RULES)
    assert tuple(terms) == KINDS
    assert all(terms.values())
    assert not set(terms["preceding_negations"]) & set(terms["pseudo_negations"])
