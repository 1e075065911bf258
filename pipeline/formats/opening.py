"""Which file of this room reads a format that is no plain table.

Formats are described in `data_manifests/formats/`; the key `reader` there is a name of this list.
"""

from pathlib import Path

from gazescribe.pipeline.core.errors import ManifestError
from gazescribe.pipeline.formats.pieces import Content


def open_recording(reader: str, path: Path, table: str) -> Content:
    """Read the rows of a table of ours (`fixations`, `samples`, `words`, …) out of a file.

    Raises
    ------
    ManifestError
        If the file is not of that format, or holds no such table; for people, with the line.
    """
    # Each is imported where it is used: some load libraries of their own.
    match reader:
        case "eyelink":
            from gazescribe.pipeline.formats.eyelink import read
        case "tobii":
            from gazescribe.pipeline.formats.tobii import read
        case "whisper":
            from gazescribe.pipeline.formats.whisper import read
        case "assemblyai":
            from gazescribe.pipeline.formats.assemblyai import read
        case "aws":
            from gazescribe.pipeline.formats.aws import read
        case "azure":
            from gazescribe.pipeline.formats.azure import read
        case "deepgram":
            from gazescribe.pipeline.formats.deepgram import read
        case "google":
            from gazescribe.pipeline.formats.google import read
        case "vosk":
            from gazescribe.pipeline.formats.vosk import read
        case _:
            raise ManifestError(f"there is no reader {reader!r} of formats.")
    return read(path, table)
