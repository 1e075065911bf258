"""Which file of this room reads a format that is no plain table.

Formats are described in `data_manifests/formats/`; the key `reader` there is a name of this list.
"""

from collections.abc import Callable, Iterator
from importlib import import_module
from itertools import chain
from pathlib import Path

from gazescribe.pipeline.core.errors import ManifestError
from gazescribe.pipeline.core.foreign import parsing
from gazescribe.pipeline.formats.pieces import Content, Piece

Read = Callable[[Path, str], Content]

READERS = (
    "assemblyai",
    "audacity",
    "aws",
    "azure",
    "bids",
    "ctm",
    "deepgram",
    "elan",
    "eyelink",
    "gazepoint",
    "google",
    "images",
    "jspsych",
    "localized_narratives",
    "psychopy",
    "pymovements",
    "rev",
    "scanpaths",
    "smi",
    "sonix",
    "subtitles",
    "textgrid",
    "tobii",
    "tobii_sdk",
    "vosk",
    "whisper",
)
"""Files here, each with a function `read`; those that list readings say so in their `TABLES`."""


def open_recording(reader: str, path: Path, table: str) -> Content:
    """Read the rows of a table of ours, as `fixations`, `words` or `readings`, out of a file.

    Raises
    ------
    ManifestError
        If the file is not of that format, or holds no such table; for people, with the line.
    """
    if reader not in READERS:
        raise ManifestError(f"there is no reader {reader!r} of formats.")
    # Imported where it is used: some load libraries of their own.
    module = import_module(f"gazescribe.pipeline.formats.{reader}")
    read: Read = module.read
    if table == "words":  # a parser's own message might show what was dictated
        return read(path, table)
    lists_readings = "readings" in getattr(module, "TABLES", ())
    kind = f"a whole file of {reader}"
    with parsing(path, kind, ManifestError):
        if table == "readings" and not lists_readings:
            names, pieces = _named_in_gaze(read, path)
        else:
            names, pieces = read(path, table)
    return names, _guarded(pieces, path, kind)


def _guarded(pieces: Iterator[Piece], path: Path, kind: str) -> Iterator[Piece]:
    with parsing(path, kind, ManifestError):
        yield from pieces


def _named_in_gaze(read: Read, path: Path) -> Content:
    """Give rows of gaze, which name the readings: fixations, or samples where there are none."""
    try:
        names, pieces = read(path, "fixations")
        first = next(pieces, None)
    except ManifestError:
        first = None
    if first is None:
        return read(path, "samples")
    return names, chain([first], pieces)
