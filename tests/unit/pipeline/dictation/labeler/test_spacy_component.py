"""The component as its users would use it: in pipelines of theirs, in files, in processes."""

import pickle
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from gazescribe.pipeline.core.errors import ParamsError, RuleError
from gazescribe.pipeline.dictation.labeler.labeler import Labeler
from gazescribe.pipeline.dictation.labeler.spacy_component import NAME, _register
from gazescribe.pipeline.dictation.labeler.spacy_import import spacy

ROOT = Path(__file__).parents[5]
TEXT = "Mild edema. Probable pneumothorax, no effusion."
FOUND = [
    ("edema", "pulmonary edema", "positive", "default.mentioned", False),
    ("pneumothorax", "pneumothorax", "positive", "hedge.probable", False),
    ("effusion", "pleural abnormality", "negative", "negation.no", True),
    ("effusion", "pleural effusion", "negative", "negation.no", True),
]
LAB_RULES = {
    "labels.yaml": "channels: [Edema]\nlabels: {edema: [Edema]}\n",
    "vocabulary/edema.yaml": "concepts: [{id: edema, labels: [edema], phrases: [mild]}]\n",
}


def blank_with_mentions():
    nlp = spacy.blank("en")
    nlp.add_pipe(NAME)
    return nlp


@pytest.fixture(scope="module")
def nlp():
    return blank_with_mentions()


@pytest.fixture
def lab_rules(tmp_path):
    folder = tmp_path / "lab"
    for name, content in LAB_RULES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return folder


def told(spans):
    return [(s.text, s.label_, s._.polarity, s._.rule_id, s._.negex) for s in spans]


def told_of(doc):
    return told(doc.spans[NAME])  # the document has to live as long as its spans


def test_spans_and_entities_say_what_the_labeler_says(nlp):
    doc = nlp(TEXT)
    assert doc._.gazescribe == Labeler.from_rules().label([TEXT])[0]
    assert told(doc.spans[NAME]) == FOUND
    # Of two labels of one place the vocabulary names pleural effusion first.
    assert told(doc.ents) == [FOUND[0], FOUND[1], FOUND[3]]
    assert [doc.text for doc in nlp.pipe(["", TEXT])] == ["", TEXT]


@pytest.mark.parametrize("text", ["", "Pneumothorax", "Pneumothorax.", "\n"])
def test_short_documents(nlp, text):
    assert len(nlp(text).ents) == text.startswith("P")


def test_spans_of_others_have_no_polarity(nlp):
    doc = nlp(TEXT)
    assert told([doc[0:1]]) == [("Mild", "", None, None, False)]
    assert spacy.blank("en")("edema")._.gazescribe == []


def test_conventions_are_settings_of_the_component():
    nlp = spacy.blank("en")
    nlp.add_pipe(NAME, config={"conventions": {"hedge": "negbio"}})
    polarity = {label: polarity for _, label, polarity, _, _ in told_of(nlp(TEXT))}
    assert polarity["pneumothorax"] == "uncertain"
    with pytest.raises(ParamsError, match="hedges is unknown; the nearest is hedge"):
        spacy.blank("en").add_pipe(NAME, config={"conventions": {"hedges": "negbio"}})


def test_entities_do_not_overlap_and_the_longest_counts(nlp):
    text = "Cavitary lesion. Small pleural and pericardial effusions with interstitial edema."
    doc = nlp(text)
    labels = {entity.text: entity.label_ for entity in doc.ents}
    assert len(doc.spans[NAME]) > len(doc.ents) == 3
    assert labels["Cavitary lesion"] == "nodule"
    assert labels["pleural and pericardial effusions"] == "pleural effusion"


def test_entities_of_other_components_stay():
    nlp = spacy.blank("en")
    ruler = nlp.add_pipe("entity_ruler")
    ruler.add_patterns(
        [{"label": "DEGREE", "pattern": "Mild"}, {"label": "SIGN", "pattern": "edema"}]
    )
    nlp.add_pipe(NAME)
    doc = nlp("Mild edema. No effusion.")
    assert [(entity.text, entity.label_) for entity in doc.ents] == [
        ("Mild", "DEGREE"),
        ("edema", "SIGN"),
        ("effusion", "pleural effusion"),
    ]
    assert [span._.polarity for span in doc.spans[NAME]] == ["positive", "negative", "negative"]


def test_any_tokenizer_will_do():
    nlp = spacy.blank("en")
    nlp.tokenizer = lambda text: spacy.tokens.Doc(nlp.vocab, words=text.split(" "))
    nlp.add_pipe(NAME)
    text = "No effusion/pneumothorax. Edema."
    doc = nlp(text)
    assert [(entity.text, entity._.negex) for entity in doc.ents] == [
        ("effusion/pneumothorax.", True),
        ("Edema.", False),
    ]
    assert {span.text for span in doc.spans[NAME]} == {entity.text for entity in doc.ents}
    assert [mention.text for mention in doc._.gazescribe] == [
        "effusion",
        "effusion",
        "pneumothorax",
        "Edema",
    ]
    assert all(doc.text[m.char_start : m.char_end] == m.text for m in doc._.gazescribe)


def test_sentences_of_the_pipeline_are_heeded():
    text = "No effusion or edema"
    nlp = spacy.blank("en")

    @spacy.Language.component("cut_at_or")
    def cut_at_or(doc):
        for token in doc:
            token.is_sent_start = token.i == 0 or token.text == "or"
        return doc

    nlp.add_pipe(NAME)
    assert [entity._.negex for entity in nlp(text).ents] == [True, True]
    nlp.add_pipe("cut_at_or", first=True)
    doc = nlp(text)
    assert [entity._.negex for entity in doc.ents] == [True, False]
    assert [mention.sentence for mention in doc._.gazescribe][-1] == 1


def test_our_own_sentences_are_not_written_into_the_document(nlp):
    assert not nlp(TEXT).has_annotation("SENT_START")


def test_other_components_use_the_entities():
    nlp = blank_with_mentions()

    @spacy.Language.component("denied")
    def denied(doc):
        doc.user_data["denied"] = [entity.text for entity in doc.ents if entity._.negex]
        return doc

    nlp.add_pipe("denied")
    assert nlp(TEXT).user_data["denied"] == ["effusion"]


def test_documents_go_through_files_and_come_back_whole(nlp, tmp_path):
    doc = nlp(TEXT)
    stored = spacy.tokens.DocBin(docs=[doc], store_user_data=True)
    stored.to_disk(tmp_path / "docs.spacy")
    (back,) = spacy.tokens.DocBin().from_disk(tmp_path / "docs.spacy").get_docs(nlp.vocab)
    assert told(back.spans[NAME]) == FOUND
    assert back._.gazescribe == doc._.gazescribe


def test_merged_documents_keep_what_was_said_of_their_spans(nlp):
    merged = spacy.tokens.Doc.from_docs([nlp(TEXT), nlp("No edema.")])
    assert [(entity.text, entity._.polarity) for entity in merged.ents] == [
        ("edema", "positive"),
        ("pneumothorax", "positive"),
        ("effusion", "negative"),
        ("edema", "negative"),
    ]
    assert all(merged.text[m.char_start : m.char_end] == m.text for m in merged._.gazescribe)


def test_several_processes_say_the_same(nlp):
    texts = [TEXT, "No edema."] * 4
    one = [told_of(doc) for doc in nlp.pipe(texts)]
    two = [told_of(doc) for doc in nlp.pipe(texts, n_process=2, batch_size=2)]
    assert one == two
    assert one[0] == FOUND
    component = pickle.loads(pickle.dumps(nlp.get_pipe(NAME)))  # noqa: S301  as where processes spawn
    assert told_of(component(nlp.make_doc(TEXT))) == FOUND


def test_displacy_draws_entities_and_spans(nlp):
    doc = nlp(TEXT)
    entities = spacy.displacy.render(doc, style="ent", jupyter=False)
    assert entities.count("<mark") == 3
    assert "pleural effusion" in entities
    spans = spacy.displacy.render(doc, style="span", jupyter=False, options={"spans_key": NAME})
    assert "pleural abnormality" in spans


def test_a_saved_pipeline_answers_the_same(tmp_path):
    nlp = spacy.blank("en")
    nlp.add_pipe(NAME, config={"conventions": {"hedge": "negbio"}})
    nlp.to_disk(tmp_path / "model")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        back = spacy.load(tmp_path / "model")
    assert told_of(back(TEXT)) == told_of(nlp(TEXT))
    assert told_of(back(TEXT))[1][2] == "uncertain"


def test_a_saved_pipeline_brings_its_own_rules(tmp_path, lab_rules):
    nlp = spacy.blank("en")
    nlp.add_pipe(NAME, config={"rules": str(lab_rules)})
    assert [entity.text for entity in nlp(TEXT).ents] == ["Mild"]
    nlp.to_disk(tmp_path / "model")
    nlp.to_disk(tmp_path / "model")  # over an older one
    shutil.rmtree(lab_rules)
    back = spacy.load(tmp_path / "model")
    assert [entity.text for entity in back(TEXT).ents] == ["Mild"]
    back.to_disk(tmp_path / "second")
    shutil.rmtree(tmp_path / "model")
    assert spacy.load(tmp_path / "second")(TEXT).ents[0].text == "Mild"


def test_a_rules_folder_that_is_not_there_is_told(lab_rules):
    nlp = spacy.blank("en")
    nlp.add_pipe(NAME, config={"rules": f"{lab_rules}s"})
    with pytest.raises(RuleError, match="labs: there is no such rules folder"):
        nlp(TEXT)


def test_shipped_rules_that_have_changed_are_told(tmp_path, nlp):
    nlp.to_disk(tmp_path / "model")
    path = tmp_path / "model" / NAME / "rules.json"
    path.write_text(path.read_text().replace('": "', '": "0'))
    with pytest.warns(UserWarning, match="saved with other rules of gazescribe"):
        spacy.load(tmp_path / "model")


def test_an_extension_of_another_component_is_left_alone():
    span = spacy.tokens.Span
    with pytest.warns(UserWarning, match=r"Span\._\.polarity is another component's"):
        _register(span, "polarity", getter=len)
    assert span.get_extension("polarity")[2] is not len


WITH_NEGSPACY = """
import sys
sys.modules["torch"] = None  # which spaCy would load: seconds
import spacy
import negspacy.negation
import gazescribe.pipeline.dictation.labeler.spacy_component
nlp = spacy.blank("en")
nlp.add_pipe("sentencizer")
nlp.add_pipe("gazescribe")
nlp.add_pipe("negex", config={"extension_name": "negspacy_says"})
doc = nlp("The heart is normal. No effusion.")
heart, effusion = doc.ents
assert (heart._.negex, heart._.negspacy_says) == (True, False)
assert (effusion._.negex, effusion._.negspacy_says) == (True, True)
"""


def test_negspacy_can_stand_beside():
    subprocess.run([sys.executable, "-W", "ignore", "-c", WITH_NEGSPACY], check=True, cwd=ROOT)
