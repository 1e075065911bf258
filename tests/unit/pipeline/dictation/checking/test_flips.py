import pytest

from gazescribe.pipeline.dictation.checking.flips import Expected, Text, compare, places_of, tally
from gazescribe.pipeline.dictation.labeler import Conventions, Labeler, Mention
from gazescribe.pipeline.dictation.labeler.loading import load_rules

LABELS = "channels: [Edema]\nlabels: {edema: [Edema], wet: [Edema]}\n"
VOCABULARY = """concepts:
  - id: edema
    labels: [edema, wet]
    phrases: [edema]
"""
RULES = """family: denial
direction: before
effect: negative
rules:
  - id: plain
    phrases:
      - "no"
"""
HISTORY = (
    "family: history\ndirection: before\neffect: dropped\nrules:\n  - {id: old, phrases: [old]}\n"
)


def labeler(folder, rules=RULES):
    for name in ("vocabulary", "polarity"):
        (folder / name).mkdir(parents=True)
    (folder / "labels.yaml").write_text(LABELS)
    (folder / "vocabulary" / "edema.yaml").write_text(VOCABULARY)
    (folder / "polarity" / "denial.yaml").write_text(rules)
    (folder / "polarity" / "history.yaml").write_text(HISTORY)
    return Labeler(load_rules(folder), Conventions())


@pytest.fixture
def before(tmp_path):
    return labeler(tmp_path / "before")


@pytest.fixture
def now(tmp_path):
    return labeler(tmp_path / "now", RULES + '      - "stable"\n')


def mention(start, end, label="edema", polarity="positive", rule_id="default.mentioned"):
    return Mention(start, end, label, "edema", "", 0, polarity, rule_id, "")


def both(text, polarity):
    start = text.index("edema")
    return Text(
        "here",
        text,
        tuple(Expected(start, start + 5, label, polarity) for label in ("edema", "wet")),
        "because",
    )


def test_mentions_that_overlap_are_one_place():
    text = Text(
        "here", "", (Expected(0, 4, "edema", "negative"), Expected(9, 12, "edema", "positive"))
    )
    first, second, other = places_of([mention(2, 8)], [mention(6, 9), mention(0, 4, "wet")], text)
    assert (first.char_start, first.char_end, second.char_start) == (0, 9, 9)
    assert [first.polarity(side) for side in ("before", "now", "expected")] == [
        "positive",
        "positive",
        "negative",
    ]
    assert [second.polarity(side) for side in ("before", "now", "expected")] == [
        "none",
        "none",
        "positive",
    ]
    assert (other.label, other.is_flipped, first.is_flipped) == ("wet", True, False)


def test_what_is_optional_may_be_absent_but_not_otherwise():
    expected = (Expected(0, 4, "edema", "negative", optional=True),)
    text = Text("here", "", expected)
    (place,) = places_of([], [mention(0, 4, polarity="negative")], text)
    assert place.is_right("before")
    assert place.is_right("now")
    (place,) = places_of([mention(0, 4)], [], text)
    assert not place.is_right("before")


def test_a_flip_names_both_rules_and_their_lines(before, now):
    texts = [both("Stable edema.", "positive"), both("No edema.", "negative")]
    result = compare(before, now, texts)
    (flip,) = result.flips
    assert flip.labels == ("edema", "wet")
    assert (flip.before, flip.now, flip.expected) == ("positive", "negative", "positive")
    assert str(flip.cause_before) == "default.mentioned (edema, vocabulary/edema.yaml line 4)"
    assert str(flip.cause_now) == 'denial.plain "Stable" (polarity/denial.yaml line 8)'
    assert (flip.is_worse, flip.is_better) == (True, False)
    assert result.worse == [flip]
    assert result.better == []
    assert (result.n_texts, result.n_judged, result.right_texts) == (2, 2, {"before": 2, "now": 1})
    assert result.families == {"default": {"before": 2}, "denial": {"before": 2, "now": 4}}
    assert (result.f1("before", "edema"), result.f1("now", "edema")) == (1, 0.5)
    assert result.macro_f1("now") == 0.5
    assert [place.label for _, place in result.wrong] == ["edema", "wet"]
    back = compare(now, before, texts)
    assert [flip.is_better for flip in back.flips] == [True]
    assert back.wrong == []


def test_of_what_is_dropped_the_rule_is_named(before, tmp_path):
    other = labeler(tmp_path / "other")
    (tmp_path / "other" / "polarity" / "history.yaml").unlink()
    other = Labeler(load_rules(tmp_path / "other"), Conventions())
    (flip,) = compare(other, before, [both("Old edema.", "positive")]).flips
    assert flip.now == "none"
    assert str(flip.cause_now) == 'history.old "Old" (polarity/history.yaml line 5)'


def test_what_is_not_found_has_no_rule(before, tmp_path):
    other = labeler(tmp_path / "other")
    path = tmp_path / "other" / "vocabulary" / "edema.yaml"
    path.write_text(VOCABULARY.replace("[edema]\n", "[oedema]\n"))
    other = Labeler(load_rules(tmp_path / "other"), Conventions())
    (flip,) = compare(before, other, [both("No edema.", "negative")]).flips
    assert (flip.now, str(flip.cause_now)) == ("none", "not found")


def test_without_a_persons_word_nothing_is_worse(before, now):
    result = compare(before, now, [Text("here", "Stable edema.", None)])
    assert len(result.flips) == 1
    assert result.worse == result.better == result.wrong == []
    assert (result.n_judged, result.macro_f1("now")) == (0, None)


def test_f1_counts_what_is_spurious():
    text = Text("here", "", (Expected(0, 4, "edema", "positive"),))
    result = tally([[mention(0, 4)]], [[mention(0, 4), mention(6, 8)]], [text])
    assert result.f1("before", "edema") == 1
    assert result.f1("now", "edema") == pytest.approx(2 / 3)
    assert result.right_texts == {"before": 1, "now": 0}


def test_the_same_labeler_twice_labels_once(before, monkeypatch):
    calls = []
    label = Labeler.label
    monkeypatch.setattr(Labeler, "label", lambda *given: calls.append(1) or label(*given))
    assert compare(before, before, [both("No edema.", "negative")]).flips == []
    assert calls == [1]
