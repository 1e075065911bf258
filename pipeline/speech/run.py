"""Audio files to transcripts, one JSON a file, in the form that `format: whisper` reads.

A later run does what is missing: a transcript of the same audio, by the same recogniser with the
same settings, is there already. Reads: audio. Writes: `<name of the audio>.json`, with the length
of the audio and the settings. Drops: nothing.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from gazescribe.pipeline.core.console import progress
from gazescribe.pipeline.core.errors import GazeError, ParamsError, WriteError
from gazescribe.pipeline.core.files import write_json
from gazescribe.pipeline.core.foreign import check_file, read_json
from gazescribe.pipeline.speech.heard import Recogniser, Settings

RECORD = "transcribed"  # key of a transcript: what it was made of, and how


@dataclass
class Done:
    """What a run did."""

    n_heard: int = 0
    n_there: int = 0  # from an earlier run
    n_words: int = 0
    duration_s: float = 0.0  # of all audio
    faults: list[str] = field(default_factory=list)


def transcribe_files(
    audio: Sequence[Path], out: Path, settings: Settings, load: Callable[[], Recogniser]
) -> Done:
    """Write the transcript of each audio file.

    Parameters
    ----------
    audio : sequence of Path
        Files; their names without suffix must differ, for those are the names of the transcripts.
    out : Path
        The folder of the transcripts.
    settings : Settings
        What the recogniser was told.
    load : callable
        Gives the recogniser; called where there is anything to hear.

    Returns
    -------
    Done
        Counts; audio that cannot be read is among its faults and does not stop the rest.

    Raises
    ------
    GazeError
        If two files have the same name, or a transcript would take the place of another's file.
    """
    targets = _targets(audio, out)
    summary = Done()
    recogniser: Recogniser | None = None
    for path, target in progress(targets.items(), "transcribing", len(targets)):
        try:
            record = {"audio": _describe(path), **asdict(settings)}
            content = _earlier(target, record)
            if content is None:
                recogniser = recogniser or load()
                content = {**recogniser(path).as_json(), RECORD: record}
                write_json(content, target)
                summary.n_heard += 1
            else:
                summary.n_there += 1
        except (ParamsError, WriteError):  # of all files alike
            raise
        except GazeError as error:
            summary.faults.append(str(error))
            continue
        summary.duration_s += content["duration"]
        summary.n_words += sum(len(segment["words"]) for segment in content["segments"])
    return summary


def _targets(audio: Sequence[Path], out: Path) -> dict[Path, Path]:
    by_name: dict[str, Path] = {}
    for path in dict.fromkeys(audio):
        other = by_name.setdefault(path.stem, path)
        if other != path:
            message = f"{other} and {path} would both become {path.stem}.json."
            raise GazeError(message, remedy="Transcribe them into two folders, or rename one.")
    return {path: out / f"{name}.json" for name, path in by_name.items()}


def _describe(path: Path) -> dict[str, Any]:
    check_file(path, GazeError)
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {"file": path.name, "bytes": path.stat().st_size, "sha256": digest}


def _earlier(target: Path, record: dict[str, Any]) -> dict[str, Any] | None:
    """Give the transcript that is there, where it is what would be made; refuse a strange file."""
    if not target.exists():
        return None
    content: dict[str, Any] = read_json(target, WriteError)
    if RECORD not in content:
        message = "this was not written by `gazescribe transcribe`, and would be lost."
        raise WriteError(message, where=target, remedy="Name another folder.")
    return content if content[RECORD] == record else None
