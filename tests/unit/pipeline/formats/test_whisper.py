import json

import pytest

from gazescribe.pipeline.core.errors import ManifestError
from gazescribe.pipeline.formats.whisper import read


def test_words_of_all_segments(tmp_path):
    words = [{"word": " Two", "start": 0.5, "end": 0.7}, {"word": " 2"}]
    path = tmp_path / "a.json"
    path.write_text(json.dumps({"segments": [{"words": words}, {"words": words[:1]}]}))
    names, pieces = read(path, "words")
    (piece,) = pieces
    assert names == ["word", "start", "end"]
    assert piece.columns["word"] == ("Two", "2", "Two")
    assert piece.columns["start"] == (0.5, None, 0.5)


def test_json_of_something_else(tmp_path):
    path = tmp_path / "a.json"
    path.write_text("{}")
    with pytest.raises(ManifestError, match="no list of segments"):
        read(path, "words")
