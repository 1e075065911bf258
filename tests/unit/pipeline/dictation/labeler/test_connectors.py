import pytest

from gazescribe.pipeline.dictation.labeler.connectors import find_connectors
from tests.unit.pipeline.dictation.labeler.parses import parse


@pytest.mark.parametrize(
    ("text", "connectors"),
    [
        pytest.param("[a], [b]", [("", True)], id="comma"),
        pytest.param("[a], and [b]", [("and", True)], id="comma and"),
        pytest.param("[a] and/or [b]", [("and / or", False)], id="and or"),
        pytest.param("[a] as well as [b]", [("and", False)], id="long"),
        pytest.param("[a] as [b]", [], id="as alone"),
    ],
)
def test_neighbouring_connectors_are_one(text, connectors):
    sentence = parse(text)
    find_connectors(sentence)
    assert [(mark.word, mark.comma) for mark in sentence.connectors] == connectors
