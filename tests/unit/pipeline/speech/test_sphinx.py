import wave

import numpy as np
import pytest

from gazescribe.pipeline.core.errors import GazeError, ParamsError
from gazescribe.pipeline.speech import sphinx


def write(path, samples, rate_hz=16_000, n_channels=1, width=2):
    with wave.open(str(path), "wb") as file:
        file.setparams((n_channels, width, rate_hz, 0, "NONE", ""))
        file.writeframes(np.asarray(samples, f"<i{width}").tobytes())


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 22_050])
def test_a_tone_stays_a_tone_at_the_models_rate(tmp_path, rate_hz):
    path = tmp_path / "a.wav"
    times_s = np.arange(rate_hz) / rate_hz
    write(path, 8000 * np.sin(2 * np.pi * 440 * times_s), rate_hz)
    samples, duration_s = sphinx.read_wav(path)
    assert duration_s == 1.0
    assert len(samples) == sphinx.RATE_HZ
    spectrum = np.abs(np.fft.rfft(samples))
    assert spectrum.argmax() == 440  # Hz, in a file of a second
    assert np.abs(samples).max() == pytest.approx(8000, rel=0.05)


def test_channels_are_averaged(tmp_path):
    path = tmp_path / "a.wav"
    write(path, [[100, 300], [0, 0]], n_channels=2)
    assert sphinx.read_wav(path)[0].tolist() == [200, 0]


def test_files_that_are_no_such_audio(tmp_path):
    path = tmp_path / "a.wav"
    write(path, [1, 2], width=4)
    with pytest.raises(GazeError, match="32 bits, not 16"):
        sphinx.read_wav(path)
    path.write_text("nodule")
    with pytest.raises(GazeError, match="this is not a WAV file"):
        sphinx.read_wav(path)


def test_without_the_library_its_name_is_said(monkeypatch):
    def absent(name):
        raise sphinx.PackageNotFoundError(name)

    monkeypatch.setattr(sphinx, "version", absent)
    with pytest.raises(ParamsError, match="PocketSphinx is not installed"):
        sphinx.installed()
