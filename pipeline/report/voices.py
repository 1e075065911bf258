"""Dictations as audio, embedded in the pages of readings where a person asks for them."""

from collections.abc import Sequence
from pathlib import Path

from gazescribe.pipeline.core.errors import GazeError
from gazescribe.pipeline.report.pictures import embedded

TYPES = {
    ".wav": "audio/wav",
    ".mp3": "audio/mpeg",
    ".m4a": "audio/mp4",
    ".ogg": "audio/ogg",
    ".opus": "audio/ogg",
    ".flac": "audio/flac",
    ".webm": "audio/webm",
}
PLACES = ("{}", "{}/audio", "audio_segmentation_transcripts/{}/audio")  # the last two are EGD's


def find_voice(root: Path, reading_id: str) -> Path | None:
    """Find the audio of a reading: `<reading>.wav`, or `audio.wav` in its folder as EGD has it."""
    names = (f"{place.format(reading_id)}{suffix}" for place in PLACES for suffix in TYPES)
    return next((root / name for name in names if (root / name).is_file()), None)


def check_voices(root: Path, reading_ids: Sequence[str]) -> None:
    """Refuse a folder that has the audio of none of the readings."""
    if reading_ids and not any(find_voice(root, reading_id) for reading_id in reading_ids):
        first = reading_ids[0]
        raise GazeError(
            f"no audio of the {len(reading_ids)} readings is here.",
            where=root,
            faults=[f"neither {first}.wav nor {first}/audio.wav, nor any of {', '.join(TYPES)}"],
            remedy="Name the files as their readings.",
        )


def voice_as_data(path: Path) -> str:
    """Embed an audio file as it is."""
    return embedded(TYPES[path.suffix], path.read_bytes())
