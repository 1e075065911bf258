import pytest

from gazescribe.pipeline.core.errors import RuleError
from gazescribe.pipeline.dictation.labeler.loading import load_rules

EDEMA = """concepts:
  - id: edema
    labels: [pulmonary edema]
    phrases: ['(lung) edema']
"""
HEART = """concepts:
  - id: heart
    labels: [heart]
    phrases:
      - big heart
      - "[lung|heart] edema"
"""
TWO_LABELS = "channels: [Edema]\nlabels: {pulmonary edema: [Edema], heart: []}\n"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "vocabulary").mkdir()
    return tmp_path


def two_concepts(folder, edema=EDEMA, heart=HEART):
    (folder / "labels.yaml").write_text(TWO_LABELS)
    (folder / "vocabulary" / "edema.yaml").write_text(edema)
    (folder / "vocabulary" / "heart.yaml").write_text(heart)


def test_a_phrase_of_two_concepts_is_a_fault_unless_it_is_meant(folder):
    two_concepts(folder)
    message = (
        "vocabulary/heart.yaml line 6: 'lung edema' is also a phrase of edema"
        " (vocabulary/edema.yaml line 4); if it means both, say `shares: [edema]` in heart"
    )
    with pytest.raises(RuleError) as caught:
        load_rules(folder)
    assert caught.value.faults == (message,)
    two_concepts(folder, heart=HEART.replace("[heart]", "[heart]\n    shares: [edema]", 1))
    assert [concept.shares for concept in load_rules(folder).concepts] == [[], ["edema"]]
    two_concepts(folder, edema=EDEMA.replace("  phrases", "  shares: [heart]\n    phrases"))
    assert load_rules(folder)
    two_concepts(folder, heart=HEART.replace("[heart]", "[pulmonary edema]", 1))
    assert load_rules(folder)  # of the same labels: it says the same


@pytest.mark.parametrize(
    ("shares", "message"),
    [
        pytest.param("edem", "heart shares with 'edem', which is no concept; the nearest is edema"),
        pytest.param("edema", "heart shares no phrase with edema, as it says"),
    ],
)
def test_shares_says_what_is_so(folder, shares, message):
    heart = HEART.replace("[heart]", f"[heart]\n    shares: [{shares}]", 1)
    two_concepts(folder, heart=heart.replace("lung|", "right|"))
    with pytest.raises(RuleError) as caught:
        load_rules(folder)
    assert caught.value.faults == (f"vocabulary/heart.yaml line 2: {message}",)
