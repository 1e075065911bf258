import pytest

from gazescribe.pipeline.core.errors import ManifestError


def test_words_with_their_speaker_and_phrases_without_words(rows):
    words = [
        {"text": "No", "start_time": 0.5, "end_time": 0.7},
        {"text": " nodule", "start_time": 0.7, "end_time": 1.2},
        {"text": ".", "start_time": 1.2, "end_time": 1.2},
    ]
    spoken = {"speaker": "R1", "start_time": 0.5, "end_time": 1.2, "text": "No nodule."}
    content = {"name": "a.mp3", "transcript": [{**spoken, "words": words}, spoken]}
    assert rows("sonix", content) == [
        ("No", 0.5, 0.7, "R1", ""),
        ("nodule.", 0.7, 1.2, "R1", ""),
        ("No nodule.", 0.5, 1.2, "R1", ""),
    ]


def test_json_of_something_else(rows):
    with pytest.raises(ManifestError, match=r"not what Sonix writes \(it has answer\)"):
        rows("sonix", {"answer": 1})
    with pytest.raises(ManifestError, match=r"not what Sonix writes"):
        rows("sonix", {"transcript": ["all of it"]})
