"""Whisper by faster-whisper, from a model folder on this disk; nothing is fetched."""

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from gazescribe.pipeline.core.errors import GazeError, ParamsError
from gazescribe.pipeline.core.foreign import parsing
from gazescribe.pipeline.speech.heard import Heard, HeardWord, Recogniser, Segment, Settings

FILES = ("model.bin", "config.json", "tokenizer.json")  # without the last one would be fetched
GET_A_MODEL = (
    "Get one once, where there is a network: `hf download Systran/faster-whisper-medium.en"
    " --local-dir models/medium.en`, copy the folder here and name it with --model."
)
SEED = 0  # Whisper draws where it is unsure


def installed() -> str:
    """Give the version of faster-whisper.

    Raises
    ------
    ParamsError
        If it is not installed.
    """
    try:
        return version("faster-whisper")
    except PackageNotFoundError as fault:
        remedy = "pip install gazescribe[speech]"
        raise ParamsError("faster-whisper is not installed.", remedy=remedy) from fault


def check_model(folder: Path | None) -> Path:
    """Refuse a folder that is no whole model of faster-whisper.

    Raises
    ------
    ParamsError
        With the files that are missing, and how to get a model.
    """
    if folder is None:
        raise ParamsError("Whisper needs a model: --model FOLDER.", remedy=GET_A_MODEL)
    if not folder.is_dir():
        raise ParamsError("there is no such folder.", where=folder, remedy=GET_A_MODEL)
    missing = [name for name in FILES if not (folder / name).is_file()]
    if missing:
        message = f"this is no whole model of faster-whisper: {', '.join(missing)} is missing."
        raise ParamsError(message, where=folder, remedy=GET_A_MODEL)
    return folder


def load(folder: Path, device: str, settings: Settings) -> Recogniser:
    """Load the model; what it gives hears one file after another, each in the same way.

    Silence is left out before (by the detector that comes with faster-whisper), for Whisper
    hears words in it; times are those of the whole file all the same.
    """
    import ctranslate2
    from faster_whisper import WhisperModel

    with parsing(folder, "a model of faster-whisper", ParamsError):
        model = WhisperModel(str(folder), device=device, compute_type="auto", local_files_only=True)
    known = list(model.supported_languages)
    if settings.language is not None and settings.language not in known:
        message = f"this model knows no language {settings.language!r} (but {', '.join(known)})."
        raise ParamsError(message, where=folder)

    def hear(audio: Path) -> Heard:
        ctranslate2.set_random_seed(SEED)
        with parsing(audio, "audio that can be read", GazeError):
            segments, info = model.transcribe(
                str(audio),
                language=settings.language,
                initial_prompt=settings.prompt,
                word_timestamps=True,
                vad_filter=True,
            )
            parts = [_segment(segment) for segment in segments]  # this is where it listens
        return Heard(float(info.duration), str(info.language), parts)

    return hear


def _segment(segment: Any) -> Segment:
    words = [
        HeardWord(str(word.word), float(word.start), float(word.end), float(word.probability))
        for word in segment.words or ()
    ]
    return Segment(str(segment.text), float(segment.start), float(segment.end), words)
