"""The whole way from speech to tables, with the recogniser whose model is in its package."""

import importlib.util
import json
import shutil
import subprocess

import pytest

from gazescribe.pipeline.core.tables import read_table
from tests.running import gazescribe, invoke

SPEAKER = shutil.which("espeak-ng")
speaks = pytest.mark.skipif(SPEAKER is None, reason="needs espeak-ng to speak")
hears = pytest.mark.skipif(
    importlib.util.find_spec("pocketsphinx") is None, reason="needs pocketsphinx to hear"
)
MANIFEST = """
name: mylab
tables:
  words: {file: "{reading_id}.json", format: whisper}
"""


@speaks
@hears
def test_speech_becomes_words_and_a_later_run_hears_nothing_again(tmp_path):
    audio = tmp_path / "S01.wav"
    speech = "one two three four five six seven"
    subprocess.run([SPEAKER, "-v", "en-us+f2", "-s", "140", "-w", audio, speech], check=True)
    out = tmp_path / "raw"
    assert "1 transcript: " in gazescribe("transcribe", audio, out, "--engine", "pocketsphinx")
    content = (out / "S01.json").read_bytes()
    assert "1 were there" in gazescribe("transcribe", audio, out, "--engine", "pocketsphinx")
    assert (out / "S01.json").read_bytes() == content
    (tmp_path / "mylab.yaml").write_text(MANIFEST)
    gazescribe("ingest", tmp_path / "mylab.yaml", out, tmp_path / "tables")
    words = read_table(tmp_path / "tables", "words").to_pylist()
    assert {"two", "three", "five", "six", "seven"} <= {word["text"] for word in words}
    duration_s = json.loads(content)["duration"]
    times = [time for word in words for time in (word["onset_s"], word["offset_s"])]
    assert times == sorted(times)
    assert times[0] >= 0
    assert times[-1] <= duration_s


@hears
def test_all_that_cannot_be_read_is_named(tmp_path):
    (tmp_path / "a.wav").write_text("nodule")
    paths = (tmp_path / "a.wav", tmp_path / "b.wav", tmp_path / "out")
    result = invoke("transcribe", *paths, "--engine", "pocketsphinx")
    assert result.exit_code == 2
    assert "2 files of 2 could not be read" in result.output
    assert "a.wav: this is not a WAV file" in result.output
    assert "b.wav: there is no such file" in result.output
    assert "nodule" not in result.output


def test_pocketsphinx_takes_no_settings_of_whisper(tmp_path):
    given = (tmp_path / "a.wav", tmp_path, "--engine", "pocketsphinx", "--language", "de")
    result = invoke("transcribe", *given)
    assert result.exit_code == 2
    assert "takes no model, language or prompt" in result.output
