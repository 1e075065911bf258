import pytest

from gazescribe.pipeline.dictation.labeler.decisions import decide
from tests.unit.pipeline.dictation.labeler.parses import resolved


@pytest.mark.parametrize(
    ("text", "polarity", "rule_id"),
    [
        pytest.param("[a]", "positive", "default.mentioned", id="no trigger"),
        pytest.param("<not> [a]", "negative", "test.before", id="denied"),
        pytest.param("<possible> [a] <absent>", "negative", "test.after", id="lowest order wins"),
        pytest.param("<not> [a] it <uncertain>", "negative", "test.before", id="the nearer of two"),
        pytest.param("<not> a [b] <uncertain>", "negative", "test.after", id="on either side"),
        pytest.param("<not> a [name] <uncertain>", "negative", "test.after", id="of any name"),
    ],
)
def test_a_finding(text, polarity, rule_id):
    sentence = resolved(text)
    decision = decide(sentence.items[0], sentence)
    assert (decision.polarity, decision.rule_id) == (polarity, rule_id)


@pytest.mark.parametrize(
    ("text", "polarity"),
    [
        pytest.param("<no evidence that> [a]", "negative", id="denied"),
        pytest.param("<no evidence that> [a] <resolved>", "positive", id="denial denied"),
        pytest.param("<no evidence that> [a] <is larger>", "positive", id="there anyway"),
        pytest.param("<no sign that a> [a] <is larger>", "negative", id="new, so not there"),
        pytest.param("<cannot say> [a]", "uncertain", id="doubted"),
        pytest.param("<cannot say> [a] <resolved>", "uncertain", id="denial doubted"),
        pytest.param("<absence of> [a]", "negative", id="a noun of denial"),
        pytest.param("<absence of> [a] <uncertain>", "uncertain", id="which is denied"),
        pytest.param("<absence of> [a] <resolved>", "positive", id="which has gone"),
        pytest.param("<neither> [a] <grew>", "positive", id="whose change is denied"),
        pytest.param("<neither> [a] <is larger>", "negative", id="asserted by other words"),
    ],
)
def test_a_finding_denied_twice(text, polarity):
    sentence = resolved(text)
    assert decide(sentence.items[0], sentence).polarity == polarity
