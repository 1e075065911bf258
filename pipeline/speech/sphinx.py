"""PocketSphinx, whose small model of English comes with it: to try things out, it hears badly."""

import re
from importlib.metadata import PackageNotFoundError, version
from math import gcd
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gazescribe.pipeline.core.errors import GazeError, ParamsError
from gazescribe.pipeline.core.foreign import check_file, parsing
from gazescribe.pipeline.speech.heard import Heard, HeardWord, Recogniser, Segment

RATE_HZ = 16_000  # of its model
_NO_WORD = re.compile(r"<.*>|\[.*\]")  # silence and noise
_VARIANT = re.compile(r"\(\d+\)$")  # of a pronunciation


def installed() -> str:
    """Give the version of PocketSphinx.

    Raises
    ------
    ParamsError
        If it is not installed.
    """
    try:
        return version("pocketsphinx")
    except PackageNotFoundError as fault:
        raise ParamsError(
            "PocketSphinx is not installed.", remedy="pip install pocketsphinx"
        ) from fault


def load() -> Recogniser:
    """Load the model; what it gives hears one file after another."""
    from pocketsphinx import Decoder

    def hear(audio: Path) -> Heard:
        samples, duration_s = read_wav(audio)
        decoder = Decoder(samprate=RATE_HZ, loglevel="FATAL")  # one that has heard adapts to it
        decoder.start_utt()
        decoder.process_raw(samples.tobytes(), full_utt=True)
        decoder.end_utt()
        frames_a_s = decoder.config["frate"]
        words = [
            HeardWord(
                f" {_VARIANT.sub('', part.word)}",
                part.start_frame / frames_a_s,
                (part.end_frame + 1) / frames_a_s,
                float(part.prob),
            )
            for part in (decoder.seg() or ())
            if not _NO_WORD.fullmatch(part.word)
        ]
        text = "".join(word.text for word in words)
        spans = (words[0].start_s, words[-1].end_s) if words else (0.0, 0.0)
        return Heard(duration_s, "en", [Segment(text, *spans, words)] if words else [])

    return hear


def read_wav(path: Path) -> tuple[NDArray[np.int16], float]:
    """Read a WAV file of 16 bits, the mean of its channels at `RATE_HZ`; and its length in s."""
    import wave

    from scipy.signal import resample_poly

    check_file(path, GazeError)
    with parsing(path, "a WAV file", GazeError, "Convert it: ffmpeg -i FILE FILE.wav"):
        with wave.open(str(path)) as file:
            n_channels, width, rate_hz, n_frames, *_ = file.getparams()
            content = file.readframes(n_frames)
        if width != 2:
            message = f"its samples have {8 * width} bits, not 16"
            raise ValueError(message)
        samples = np.frombuffer(content, "<i2").reshape(-1, n_channels).mean(axis=1)
    duration_s = len(samples) / rate_hz
    common = gcd(RATE_HZ, rate_hz)
    if rate_hz != RATE_HZ:
        samples = resample_poly(samples, RATE_HZ // common, rate_hz // common)
    return np.clip(samples.round(), -(2**15), 2**15 - 1).astype("<i2"), duration_s
