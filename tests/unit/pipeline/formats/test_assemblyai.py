import pytest

from gazescribe.pipeline.core.errors import ManifestError


def test_words_are_in_milliseconds(rows):
    words = [{"text": "Old.", "start": 500, "end": 750, "confidence": 1, "speaker": "A"}]
    content = {"id": "1", "status": "completed", "text": "Old.", "words": words}
    assert rows("assemblyai", content) == [("Old.", 0.5, 0.75, "A", "")]


def test_json_of_something_else(rows):
    with pytest.raises(ManifestError, match="the status of this transcript is 'processing'"):
        rows("assemblyai", {"status": "processing", "words": None})
    with pytest.raises(ManifestError, match=r"not what AssemblyAI writes \(it has answer\)"):
        rows("assemblyai", {"answer": 1})
