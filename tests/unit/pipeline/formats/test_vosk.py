import json

import pytest

from gazescribe.pipeline.core.errors import ManifestError


def result(*words):
    timed = [{"conf": 1.0, "word": w, "start": s, "end": e} for w, s, e in words]
    return {"result": timed, "text": " ".join(word["word"] for word in timed)}


FIRST, SECOND = result(("small", 0.5, 0.9), ("nodule", 0.9, 1.4)), result(("no", 2.0, 2.25))
WORDS = [("small", 0.5, 0.9, "", ""), ("nodule", 0.9, 1.4, "", ""), ("no", 2.0, 2.25, "", "")]


def test_results_one_behind_the_other_or_in_a_list(rows):
    printed = "\n".join(map(json.dumps, [{"partial": "small"}, FIRST, {"text": ""}, SECOND]))
    assert rows("vosk", printed) == WORDS
    assert rows("vosk", [FIRST, SECOND]) == WORDS
    assert rows("vosk", json.dumps(FIRST, indent=2)) == WORDS[:2]


def test_the_likeliest_alternative_counts(rows):
    assert rows("vosk", {"alternatives": [FIRST, SECOND]}) == WORDS[:2]


def test_what_vosk_transcriber_writes(rows):
    terms = [{"text": w, "start": s, "end": e, "type": "WORD"} for w, s, e, *_ in WORDS]
    content = {"schemaVersion": "2.0", "monologues": [{"start": 0, "end": 3, "terms": terms}]}
    assert rows("vosk", content) == WORDS


def test_a_text_without_times_names_the_remedy(rows):
    with pytest.raises(ManifestError, match="without times") as raised:
        rows("vosk", {"text": "effusion"})
    assert "SetWords(True)" in str(raised.value)
    assert "effusion" not in str(raised.value)
    with pytest.raises(ManifestError, match="not what Vosk writes"):
        rows("vosk", {"results": []})
