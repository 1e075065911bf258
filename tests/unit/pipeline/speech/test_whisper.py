"""The call of faster-whisper, on stand-ins for it: its models are no packages."""

import sys
from types import ModuleType, SimpleNamespace

import pytest

from gazescribe.pipeline.core.errors import GazeError, ParamsError
from gazescribe.pipeline.speech import whisper
from gazescribe.pipeline.speech.heard import HeardWord, Settings

WORD = SimpleNamespace(word=" nodule.", start=0.5, end=1.0, probability=0.75)
SEGMENTS = [
    SimpleNamespace(text=" nodule.", start=0.4, end=1.1, words=[WORD]),
    SimpleNamespace(text=" …", start=2.0, end=2.1, words=None),
]


@pytest.fixture
def calls(monkeypatch):
    """What the library was called with."""
    calls = {}

    class WhisperModel:
        supported_languages = ("en", "de")

        def __init__(self, folder, **options):
            calls["model"] = (folder, options)

        def transcribe(self, path, **options):
            if path.endswith(".txt"):
                message = f"invalid data: {path}"
                raise ValueError(message)
            calls["transcribe"] = (path, options)
            return iter(SEGMENTS), SimpleNamespace(duration=3.5, language="en")

    library, backend = ModuleType("faster_whisper"), ModuleType("ctranslate2")
    library.WhisperModel = WhisperModel
    backend.set_random_seed = lambda seed: calls.update(seed=seed)
    monkeypatch.setitem(sys.modules, "faster_whisper", library)
    monkeypatch.setitem(sys.modules, "ctranslate2", backend)
    return calls


def settings(**changes):
    values = {"engine": "whisper", "model": "m", "language": "en", "prompt": "nodule"}
    return Settings(**{**values, "version": "1", **changes})


def test_what_is_asked_of_the_library_and_what_comes_of_it(calls, tmp_path):
    heard = whisper.load(tmp_path, "cpu", settings())(tmp_path / "a.wav")
    folder, options = calls["model"]
    assert folder == str(tmp_path)
    assert options == {"device": "cpu", "compute_type": "auto", "local_files_only": True}
    path, options = calls["transcribe"]
    assert path == str(tmp_path / "a.wav")
    assert options["word_timestamps"]
    assert (options["language"], options["initial_prompt"]) == ("en", "nodule")
    assert calls["seed"] == whisper.SEED
    assert (heard.duration_s, heard.language) == (3.5, "en")
    assert heard.segments[0].words == [HeardWord(" nodule.", 0.5, 1.0, 0.75)]
    assert heard.segments[1].words == []


def test_audio_and_languages_that_cannot_be_heard(calls, tmp_path):
    hear = whisper.load(tmp_path, "cpu", settings())
    with pytest.raises(GazeError, match="this is not audio that can be read"):
        hear(tmp_path / "a.txt")
    with pytest.raises(ParamsError, match=r"knows no language 'xx' \(but en, de\)"):
        whisper.load(tmp_path, "cpu", settings(language="xx"))


def test_models_that_are_not_whole_name_the_way_to_one(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    for folder, message in [
        (None, "--model FOLDER"),
        (tmp_path / "none", "no such folder"),
        (tmp_path, r"model\.bin, tokenizer\.json is missing"),
    ]:
        with pytest.raises(ParamsError, match=message) as raised:
            whisper.check_model(folder)
        assert "hf download" in str(raised.value)
    for name in whisper.FILES:
        (tmp_path / name).write_text("{}")
    assert whisper.check_model(tmp_path) == tmp_path


def test_without_the_library_the_extra_is_named(monkeypatch):
    def absent(name):
        raise whisper.PackageNotFoundError(name)

    monkeypatch.setattr(whisper, "version", absent)
    with pytest.raises(ParamsError, match="not installed") as raised:
        whisper.installed()
    assert "pip install gazescribe[speech]" in str(raised.value)
