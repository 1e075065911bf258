"""Our own gold set. A change in rules that changes a sentence prints what it changed."""

import shutil
from pathlib import Path

import pytest

from gazescribe.pipeline.core.errors import RuleError
from gazescribe.pipeline.dictation.label_maps import load_label_map
from gazescribe.pipeline.dictation.labeler import Labeler
from gazescribe.pipeline.dictation.labeler.gold_sentences import (
    GoldMention,
    GoldSentence,
    GoldSet,
    load_gold_sentences,
)
from gazescribe.pipeline.dictation.labeler.loading import load_rules
from gazescribe.pipeline.dictation.labeler.settings import Conventions

RULES = Path(__file__).parents[5] / "rules"
GOLD = load_gold_sentences(RULES)
FAMILIES = list(dict.fromkeys(sentence.family for sentence in GOLD.sentences))
CODES = """codes: {ED: pulmonary edema, EF: pleural effusion, PA: pleural abnormality}
implied: {EF: [PA]}
"""
SENTENCES = """about: What is denied.
families:
  - family: no
    reason: No denies.
    sentences:
      - "No [edema]ED- or [effusion]EF-."
      - "Clear."
"""


@pytest.fixture(scope="module")
def labeler():
    return Labeler(load_rules(RULES), GOLD.conventions)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "gold").mkdir()
    shutil.copy(RULES / "labels.yaml", tmp_path)
    (tmp_path / "gold" / "codes.yaml").write_text(CODES)
    (tmp_path / "gold" / "denial.yaml").write_text(SENTENCES)
    return tmp_path


def differences(labeler, sentence, gold=GOLD):
    lines = []
    missing, besides = gold.differences(sentence, labeler.label([sentence.text])[0])
    for word, mentions in (("missing", missing), ("extra", besides)):
        for mention in mentions:
            words = sentence.text[mention.start : mention.end]
            lines.append(f"{sentence.where}: {sentence.text!r}: {word} {mention.label}")
            lines[-1] += f" {mention.polarity} at {words!r}"
    return lines


@pytest.mark.parametrize("family", FAMILIES)
def test_family(labeler, family):
    sentences = [sentence for sentence in GOLD.sentences if sentence.family == family]
    changed = [line for sentence in sentences for line in differences(labeler, sentence)]
    assert not changed, "\n".join(["", sentences[0].reason, *changed])


def test_the_set_is_large_and_says_something():
    marked = [mention for sentence in GOLD.sentences for mention in sentence.mentions]
    assert len(GOLD.sentences) >= 662
    assert {mention.label for mention in marked} >= set(load_label_map(RULES).targets) - {"opacity"}
    assert {mention.polarity for mention in marked} == {"positive", "negative", "uncertain"}


def test_a_wrong_sentence_would_be_seen(labeler):
    mention = GoldMention(3, 11, "pleural effusion", "positive")
    sentence = GoldSentence("here", "no", "", "No effusion.", (mention,))
    assert differences(labeler, sentence) == [
        "here: 'No effusion.': missing pleural effusion positive at 'effusion'",
        "here: 'No effusion.': extra pleural abnormality negative at 'effusion'",
        "here: 'No effusion.': extra pleural effusion negative at 'effusion'",
    ]


def test_marks_are_taken_out(folder):
    first, second = load_gold_sentences(folder).sentences
    assert (first.where, first.family, first.reason) == (
        "gold/denial.yaml line 6",
        "no",
        "No denies.",
    )
    assert first.text == "No edema or effusion."
    assert first.mentions == (
        GoldMention(3, 8, "pulmonary edema", "negative"),
        GoldMention(12, 20, "pleural effusion", "negative"),
    )
    assert (second.text, second.mentions) == ("Clear.", ())


def test_a_label_that_another_implies_need_not_be_named(folder, labeler):
    gold = load_gold_sentences(folder)
    assert gold.implied == {"pleural effusion": ("pleural abnormality",)}
    assert differences(labeler, gold.sentences[0], gold) == []
    silent = GoldSet(gold.sentences)
    assert len(differences(labeler, gold.sentences[0], silent)) == 1


def test_sentences_are_read_under_conventions_of_their_own(folder):
    assert load_gold_sentences(folder).conventions == Conventions()
    (folder / "gold" / "codes.yaml").write_text(f"conventions: {{hedge: negbio}}\n{CODES}")
    assert load_gold_sentences(folder).conventions == Conventions(hedge="negbio")
    (folder / "gold" / "codes.yaml").write_text(f"conventions: {{hedges: negbio}}\n{CODES}")
    with pytest.raises(RuleError, match="hedges is unknown"):
        load_gold_sentences(folder)


def test_a_folder_without_gold_sentences_has_none(tmp_path):
    assert load_gold_sentences(tmp_path) == GoldSet()


def test_sentences_change_no_hash(tmp_path):
    # A sentence changes no answer, so that mentions made before it was added are still right.
    folder = shutil.copytree(RULES, tmp_path / "rules")
    shutil.rmtree(folder / "gold")
    assert load_rules(folder).sha256 == load_rules(RULES).sha256


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        pytest.param(
            "]ED-", "]XX-", r"denial.yaml line 6: '\[edema\]XX-': .*no code 'XX'", id="code"
        ),
        pytest.param("]ED-", "]ED", "denial.yaml line 6: .*a mark is", id="no sign"),
        pytest.param("[edema]", "edema]", "denial.yaml line 6: .*a mark is", id="half a bracket"),
        pytest.param(
            '"Clear."',
            '"No [edema or effusion]ED-."',
            "line 7: 'No edema or effusion.' already stands in gold/denial.yaml line 6",
            id="twice",
        ),
        pytest.param("reason: No denies.", "because: x", "because is unknown", id="key"),
        pytest.param("    reason: No denies.\n", "", "reason is missing", id="reason"),
    ],
)
def test_faults_have_a_line(folder, old, new, fault):
    (folder / "gold" / "denial.yaml").write_text(SENTENCES.replace(old, new))
    with pytest.raises(RuleError, match=r"gold sentences cannot be used(.|\n)*" + fault):
        load_gold_sentences(folder)


def test_codes_are_checked(folder):
    content = "codes: {ed: pulmonary edema, EF: effusions}\nimplied: {EF: [PA]}\n"
    (folder / "gold" / "codes.yaml").write_text(content)
    with pytest.raises(RuleError) as caught:
        load_gold_sentences(folder)
    text = str(caught.value)
    assert "codes.yaml line 1: 'ed' must be two capital letters" in text
    assert "labels.yaml has no label 'effusions'" in text
    assert "codes.yaml line 2: there is no code 'PA'" in text


def test_sentences_without_codes_are_a_fault(folder):
    (folder / "gold" / "codes.yaml").unlink()
    with pytest.raises(RuleError, match=r"gold/codes\.yaml"):
        load_gold_sentences(folder)
