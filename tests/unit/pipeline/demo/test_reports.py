import numpy as np
import pytest

from gazescribe.pipeline.demo.cases import HABITATS, Lesion
from gazescribe.pipeline.demo.phrases import CONCEPTS, SAID
from gazescribe.pipeline.demo.reports import draw_report
from gazescribe.pipeline.dictation.label_maps import load_label_map


def lesion(finding, side="left", certainty=5, **given):
    place = {"x": 0.5, "y": 0.5, "rx": 0.1, "ry": 0.1, "zone": 0.9} | given
    return Lesion(finding, side, certainty=certainty, **place)


def reports(lesions, n=60, **options):
    return [draw_report(np.random.default_rng(k), lesions, **options) for k in range(n)]


def said_of(report, label):
    return {mention.polarity for mention in report.mentions if mention.label == label}


def test_concepts_are_classes_of_the_rules():
    known = set(load_label_map().targets) - {"opacity"}  # of the literal convention alone
    assert len(known) == 21
    assert {label for labels in CONCEPTS.values() for label in labels} <= known
    assert set(HABITATS) <= known
    assert set(SAID) == set(HABITATS) - {"support devices"}


@pytest.mark.parametrize("finding", sorted(SAID))
@pytest.mark.parametrize(
    ("certainty", "polarity"),
    [(5, "positive"), (4, "positive"), (3, "uncertain"), (1, "uncertain")],
)
def test_every_finding_is_said_as_certainly_as_it_was_seen(finding, certainty, polarity):
    for report in reports([lesion(finding, certainty=certainty)], n=12):
        assert said_of(report, finding) == {polarity}


def test_text_is_tokens_joined_and_spans_fit_it():
    lesions = [lesion("pleural effusion"), lesion("nodule", "right", 3), lesion("support devices")]
    for report in reports(lesions, quality_issue=True):
        text = report.text
        assert text.replace(".", " .").replace(",", " ,") == " ".join(report.tokens)
        assert text == text.lower().strip()
        for token, (start, end) in zip(report.tokens, report.char_spans, strict=True):
            assert text[start:end] == token
        assert report.mentions
        for mention in report.mentions:
            words = text[mention.char_start : mention.char_end].split()
            first = [span[0] for span in report.char_spans].index(mention.char_start)
            assert list(report.tokens[first : first + len(words)]) == words


def test_sentences_cover_the_tokens_and_end_at_periods():
    for report in reports([lesion("atelectasis")]):
        edges = [0]
        for sentence in report.sentences:
            assert sentence.first_token == edges[-1]
            edges.append(sentence.end_token)
            here = report.tokens[sentence.first_token : sentence.end_token]
            assert here[-1] == "."
            assert "." not in here[:-1]
        assert edges[-1] == len(report.tokens)


@pytest.mark.parametrize(
    ("words", "labels"),
    [
        pytest.param("opacity", {"atelectasis", "consolidation"}, id="opacity"),
        pytest.param("effusion", {"pleural effusion", "pleural abnormality"}, id="effusion"),
        pytest.param("nodule", {"nodule", "lung nodule or mass"}, id="nodule"),
        pytest.param("pneumonia", {"consolidation"}, id="pneumonia"),
        pytest.param(
            "interstitial",
            {"interstitial lung disease & fibrosis"},
            id="interstitial markings are no edema (spec labeler 4)",
        ),
    ],
)
def test_the_papers_convention(words, labels):
    assert set(CONCEPTS[words]) == labels


def test_a_finding_is_never_denied_beside_its_mention():
    lesions = [lesion(name) for name in ("pleural effusion", "consolidation", "nodule")]
    for report in reports(lesions):
        for finding in ("pleural effusion", "pleural abnormality", "consolidation", "nodule"):
            assert "negative" not in said_of(report, finding)


def test_a_pair_is_said_once_and_bilateral():
    pair = [lesion("pleural effusion", "right"), lesion("pleural effusion", "left")]
    for report in reports(pair):
        about = [sentence for sentence in report.sentences if sentence.lesions]
        assert [sentence.lesions for sentence in about] == [(0, 1)]
        here = report.tokens[about[0].first_token : about[0].end_token]
        assert "bilateral" in here


def test_one_ellipse_of_two_findings_is_one_sentence():
    both = [lesion("atelectasis"), lesion("consolidation")]
    texts = set()
    for report in reports(both):
        about = [sentence for sentence in report.sentences if sentence.lesions]
        assert [sentence.lesions for sentence in about] == [(0, 1)]
        assert said_of(report, "atelectasis") == said_of(report, "consolidation") == {"positive"}
        texts.add(report.tokens[about[0].first_token : about[0].end_token])
    assert len(texts) == 3
    assert any("/" in tokens for tokens in texts)


def test_a_normal_chest_gets_a_normal_report():
    found = reports([], n=200)
    polarities = [mention.polarity for report in found for mention in report.mentions]
    assert "positive" not in polarities
    assert "negative" in polarities
    assert "uncertain" not in polarities
    assert any("the cardiac silhouette is stable" in report.text for report in found)
    assert any("the lungs are clear" in report.text for report in found)
    assert any(" or " in report.text and "," in report.text for report in found)


def test_heart_sentences_look_at_the_heart():
    looked = [sentence.structure for report in reports([]) for sentence in report.sentences]
    assert set(looked) == {"heart", None}


def test_wording_varies():
    assert len({report.text for report in reports([lesion("pulmonary edema")])}) > 40
