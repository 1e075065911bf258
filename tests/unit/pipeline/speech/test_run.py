import json

import pytest

from gazescribe.pipeline.core.errors import GazeError, ParamsError, WriteError
from gazescribe.pipeline.formats.whisper import read
from gazescribe.pipeline.speech.heard import Heard, HeardWord, Segment, Settings
from gazescribe.pipeline.speech.run import transcribe_files

SETTINGS = Settings("stand-in", None, "en", None, "1")
WORDS = [HeardWord(" 2", 0.5, 0.75, 0.9), HeardWord(".5", 0.75, 1.0, 0.9)]
HEARD = Heard(4.0, "en", [Segment(" 2.5", 0.5, 1.0, WORDS)])


class StandIn:
    """A recogniser that counts what it hears."""

    def __init__(self):
        self.heard = []

    def load(self):
        def hear(path):
            if path.read_bytes() == b"noise":
                raise GazeError("this is noise.", where=path)
            self.heard.append(path.name)
            return HEARD

        return hear


@pytest.fixture
def recogniser():
    return StandIn()


@pytest.fixture
def audio(tmp_path):
    paths = [tmp_path / f"{name}.wav" for name in "ab"]
    for path in paths:
        path.write_bytes(path.name.encode())
    return paths


def test_transcripts_are_what_format_whisper_reads(audio, tmp_path, recogniser):
    done = transcribe_files(audio, tmp_path / "out", SETTINGS, recogniser.load)
    assert (done.n_heard, done.n_there, done.n_words, done.duration_s) == (2, 0, 4, 8.0)
    names, pieces = read(tmp_path / "out" / "a.json", "words")
    assert names[:3] == ["word", "start", "end"]
    assert [[column[0] for column in piece.columns.values()][:3] for piece in pieces] == [
        ["2.5", 0.5, 1.0]
    ]
    record = json.loads((tmp_path / "out" / "a.json").read_text())["transcribed"]
    assert record["audio"]["bytes"] == 5
    assert record["engine"] == "stand-in"


def test_a_later_run_does_what_is_missing_or_has_changed(audio, tmp_path, recogniser):
    out = tmp_path / "out"
    transcribe_files(audio[:1], out, SETTINGS, recogniser.load)
    assert transcribe_files(audio, out, SETTINGS, recogniser.load).n_there == 1
    assert recogniser.heard == ["a.wav", "b.wav"]
    audio[0].write_bytes(b"another")
    transcribe_files(audio, out, SETTINGS, recogniser.load)
    assert recogniser.heard == ["a.wav", "b.wav", "a.wav"]
    other = Settings("stand-in", None, "en", "nodule", "1")
    assert transcribe_files(audio, out, other, recogniser.load).n_there == 0
    loads = []
    assert transcribe_files(audio, out, other, lambda: loads.append(1)).n_there == 2
    assert not loads


def test_audio_that_cannot_be_read_stops_no_other(audio, tmp_path, recogniser):
    audio[0].write_bytes(b"noise")
    done = transcribe_files(
        [*audio, tmp_path / "none.wav"], tmp_path / "out", SETTINGS, recogniser.load
    )
    assert len(done.faults) == 2
    assert "this is noise" in done.faults[0]
    assert "no such file" in done.faults[1]
    assert recogniser.heard == ["b.wav"]


def test_a_model_that_cannot_be_used_stops_all(audio, tmp_path):
    def load():
        raise ParamsError("no model.")

    with pytest.raises(ParamsError, match="no model"):
        transcribe_files(audio, tmp_path / "out", SETTINGS, load)


def test_two_files_of_a_name_and_files_of_others_are_refused(audio, tmp_path, recogniser):
    with pytest.raises(GazeError, match=r"would both become a\.json"):
        transcribe_files([*audio, tmp_path / "a.mp3"], tmp_path, SETTINGS, recogniser.load)
    (tmp_path / "a.json").write_text("{}")
    with pytest.raises(WriteError, match="was not written by"):
        transcribe_files(audio, tmp_path, SETTINGS, recogniser.load)
    assert not recogniser.heard
