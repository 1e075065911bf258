import pytest

from gazescribe.pipeline.core.errors import ManifestError


def text(value, start, end):
    return {"type": "text", "value": value, "ts": start, "end_ts": end, "confidence": 0.9}


def mark(value):
    return {"type": "punct", "value": value}


def test_marks_join_the_word_before_and_words_without_a_time_stay(rows):
    first = [mark(" "), text("No", 0.5, 0.7), mark(" "), text("nodule", 0.7, 1.2), mark(".")]
    second = [{"type": "unknown", "value": "<unk>"}, mark(" "), text("Yes", 3, 3.5), mark("?")]
    content = {
        "monologues": [{"speaker": 0, "elements": first}, {"speaker": 1, "elements": second}]
    }
    assert rows("rev", content) == [
        ("No", 0.5, 0.7, "0", ""),
        ("nodule.", 0.7, 1.2, "0", ""),
        ("<unk>", None, None, "1", ""),
        ("Yes?", 3.0, 3.5, "1", ""),
    ]


def test_json_of_something_else(rows):
    with pytest.raises(ManifestError, match=r"not what Rev.ai writes \(it has answer\)"):
        rows("rev", {"answer": 1})
    with pytest.raises(ManifestError, match=r"not what Rev.ai writes"):
        rows("rev", {"monologues": [{"elements": "all of it"}]})
