import pytest

from gazescribe.pipeline.core.errors import ManifestError


def channel(**more):
    words = [{"word": "old", "start": 0.5, "end": 0.75, "confidence": 1, **more}]
    return {"alternatives": [{"transcript": "old", "words": words}, {"words": []}]}


def test_words_with_their_marks(rows):
    content = {"results": {"channels": [channel(punctuated_word="Old.", speaker=0), channel()]}}
    words = rows("deepgram", content)
    assert words == [("Old.", 0.5, 0.75, "0", "0"), ("old", 0.5, 0.75, "", "1")]


def test_json_of_something_else(rows):
    with pytest.raises(ManifestError, match=r"not what Deepgram writes \(it has answer\)"):
        rows("deepgram", {"answer": 1})
