"""Structures over a grid: structure × state × denial × what stands before and after it.

Denial of an abnormal state is never positive, a normal state neither, an abnormal one never denied
by a neighbour, and "no change in X" never negative.
"""

from itertools import product
from pathlib import Path

import pytest

from gazescribe.pipeline.dictation.labeler import Labeler

LABELER = Labeler.from_rules(Path(__file__).parents[2] / "rules", stable="uncertain")
PLURAL = {"is": "are", "isn't": "aren't", "does": "do", "has": "have", "shows": "show"}
# Structure, its label, adjectives and nouns of an abnormal state, and a normal one.
STRUCTURES = (
    ("heart", "enlarged cardiac silhouette", "enlarged abnormal", "enlargement", "normal"),
    ("cardiac silhouette", "enlarged cardiac silhouette", "widened", "abnormality", "normal"),
    ("cardiomediastinal silhouette", "enlarged cardiac silhouette", "large", "widening", "normal"),
    (
        "mediastinum",
        "wide mediastinum & abnormal mediastinum contour",
        "wide",
        "widening",
        "normal",
    ),
    (
        "mediastinal contours",
        "wide mediastinum & abnormal mediastinum contour",
        "prominent",
        "abnormality",
        "unremarkable",
    ),
    (
        "aorta",
        "wide mediastinum & abnormal mediastinum contour",
        "tortuous",
        "dilatation",
        "normal",
    ),
    ("hila", "enlarged hilum", "prominent", "enlargement abnormality", "normal"),
    ("pleura", "pleural abnormality", "abnormal", "abnormality", "smooth"),
    ("pleural spaces", "pleural abnormality", "abnormal", "abnormality disease", "clear"),
    ("costophrenic angles", "pleural abnormality", "blunted effaced", "abnormality", "sharp"),
    ("interstitial markings", "interstitial lung disease & fibrosis", "prominent", "", "normal"),
)
DENIED = """
the {S} is not {A}|the {S} is not significantly {A}|{S} not {A}|the {S} is no longer {A}
the {S} does not appear {A}|the {S} isn't {A}|{S}: not {A}|nor is the {S} {A}|no {A} {S}
the {S} shows no {N}|the {S} shows no significant {N}|the {S} shows no evidence of {N}
the {S} does not show {N}|the {S} does not show any {N}|the {S} is without {N}|{S} without {N}
{S} with no {N}|{S}: no {N}|no {N} of the {S}|no acute {N} of the {S}|no {N} of the {S} is seen
there is no {N} of the {S}|there is no evidence of {N} of the {S}|{N} of the {S} is not seen
{N} of the {S} is absent|the {S} is free of {N}|the {S} is negative for {N}|no {S} {N}
without {N} of the {S}|absence of {N} of the {S}|the {S} has no {N}|I see no {N} of the {S}
nothing to suggest {N} of the {S}|neither the {S} nor the trachea is {A}
the {S} and the trachea show no {N}|no {N} of the {S} or trachea
"""
NORMAL = "the {S} is {M}|{S} {M}|{M} {S}|the {S} is entirely {M}|{S}: {M}|the {S} and lungs are {M}"
ABNORMAL = "the {S} is {A}|{S} {A}|the {S} is mildly {A}|the {S} is clearly {A}"
UNCHANGED = """
no change in the {S}|no significant change in {S}|the {S} is unchanged|{S} unchanged
no interval change in the size of the {S}|no change in the appearance of the {S}
"""
BEFORE = """
no effusion, {}|no effusion or pneumothorax, {}|no pneumothorax; {}|no consolidation and {}
lungs are clear, {}|there is no pneumothorax and {}|no effusion {}|no effusion is seen, {}
no change in the edema, {}|stable nodule, {}|possible edema, {}
"""
AFTER = """
{}, no pneumothorax|{}, no edema or nodule|{}, lungs are clear|{} and no edema|{}, nodule absent
{} and there is no pneumothorax|{} but there is edema|{}, edema is stable|{}, edema not seen
{}, the edema has resolved|{} and edema is present
"""


def listed(text):
    return [one.strip() for one in text.replace("\n", "|").split("|") if one.strip()]


def phrases(templates):
    """Fill templates: (structure, its label, phrase)."""
    for name, label, adjectives, nouns, normal in STRUCTURES:
        is_plural = name.endswith(("s", "hila"))
        for template in listed(templates):
            fields = product(adjectives.split()[:1], nouns.split())
            if "{N}" not in template:
                fields = product(adjectives.split(), [""])
            words = template.split()
            if is_plural and "nor the trachea" not in template:
                words = [PLURAL.get(word, word) for word in words]
            for adjective, noun in fields:
                yield name, label, " ".join(words).format(S=name, A=adjective, N=noun, M=normal)


def faults_of(templates, neighbours, is_wrong):
    """Give the sentences in which the structure's label has a polarity that it must not have."""
    cases = {
        f"{neighbour.format(phrase)}.": (name, label)
        for name, label, phrase in phrases(templates)
        for neighbour in ["{}", *listed(neighbours)]
    }
    assert len(cases) > 20
    faults = []
    for (text, (name, label)), mentions in zip(cases.items(), LABELER.label(cases), strict=True):
        begin = text.index(name)
        polarities = {
            mention.polarity
            for mention in mentions
            if mention.label == label
            and mention.char_start < begin + len(name)
            and begin < mention.char_end
        }
        if is_wrong(polarities):
            faults.append(f"{text} {sorted(polarities)}")
    return faults


def positive(polarities):
    return "positive" in polarities


@pytest.mark.parametrize("neighbours", [BEFORE, AFTER], ids=["before", "after"])
def test_a_denied_state_is_never_positive(neighbours):
    assert not faults_of(DENIED, neighbours, positive)


@pytest.mark.parametrize("neighbours", [BEFORE, AFTER], ids=["before", "after"])
def test_a_normal_state_is_negative(neighbours):
    assert not faults_of(NORMAL, neighbours, lambda polarities: polarities != {"negative"})


@pytest.mark.parametrize("neighbours", [BEFORE, AFTER], ids=["before", "after"])
def test_the_reach_of_a_list_ends_at_a_structure_with_a_state_of_its_own(neighbours):
    assert not faults_of(ABNORMAL, neighbours, lambda polarities: polarities != {"positive"})


@pytest.mark.parametrize("neighbours", [BEFORE, AFTER], ids=["before", "after"])
def test_no_change_is_never_a_denial(neighbours):
    assert not faults_of(UNCHANGED, neighbours, lambda polarities: "negative" in polarities)


def test_what_is_taken_back_is_not_what_a_structure_is():
    """A state that a correction replaces is neither found nor denied."""
    corrections = "{S} is {A}, correction, {M}|{S} is {A}, sorry, {S} is {M}"
    assert not faults_of(corrections, "", positive)


def test_a_wrong_sentence_would_be_seen():
    assert len(faults_of(ABNORMAL, "", positive)) > 50
