import unicodedata

import pytest

from gazescribe.pipeline.dictation.labeler.unseen import has_unseen, placed_back, seen


@pytest.mark.parametrize(
    "mark", ["\u00ad", "\u200b", "\u200d", "\u200f", "\u202e", "\u2060", "\u2069", "\ufeff"]
)
def test_what_is_seen_of_a_text_and_where(mark):
    text = f"{mark}a{mark}{mark}b é{mark}"
    assert has_unseen(text)
    assert seen(text) == "ab é"
    pieces = [text[start:end] for start, end in placed_back(text, [(0, 2), (3, 4), (0, 4)])]
    assert pieces == [f"a{mark}{mark}b", "é", f"a{mark}{mark}b é"]
    assert unicodedata.category(mark) == "Cf"


@pytest.mark.parametrize("text", ["", "a\tb", "né\u00a0e", "\ue000", "a\u2009b\u2028"])
def test_all_is_seen(text):
    assert not has_unseen(text)
    assert seen(text) == text
