"""Work that goes on where a run was cut off: beside its place, in parts, each with a note.

A note is a hidden file, written last: where it is, its part is done.
"""

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gazescribe.models.predicting.pictures import Picture
from gazescribe.pipeline.core.errors import GazeError, WriteError
from gazescribe.pipeline.core.files import replacing_folder, stamp, write_json
from gazescribe.pipeline.core.foreign import read_json

Row = dict[str, Any]


def fingerprint(
    files: Sequence[Path], pictures: Sequence[Picture], options: Mapping[str, Any]
) -> str:
    """Identify work by whole files, the list of pictures, and the options that decide the outputs.

    What the pictures show does not count; a part is done again when its files have changed.
    """
    content = [
        [hashlib.sha256(path.read_bytes()).hexdigest() for path in files],
        [[p.name, str(p.path.absolute()), p.listed_path] for p in pictures],
        options,
    ]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


@contextmanager
def resumable_folder(out: Path, mark: str, summary: str | None = None) -> Iterator[Path]:
    """Give a folder to work in, and move all but its notes to `out` when the block ends well.

    A block that is cut off leaves it, and one of the same mark finds it; a person's mistake does
    not. The file `summary` is the last to come.
    """
    with replacing_folder(out, "predictions", fingerprint=mark, mark=summary) as folder:
        try:
            yield folder
        except WriteError:  # a full disk is no mistake in what was asked
            raise
        except GazeError:
            shutil.rmtree(folder, ignore_errors=True)
            raise


def write_note(folder: Path, number: int, part: Sequence[Picture], note: Row) -> None:
    """Say that a part is done, and what came of it."""
    write_json(
        {**note, "stamps": [stamp(picture.path) for picture in part]}, _place(folder, number)
    )


def read_note(folder: Path, number: int, part: Sequence[Picture]) -> Row | None:
    """Give what came of a part that is done, if its files are as they were."""
    place = _place(folder, number)
    try:
        note: Row = read_json(place)
    except GazeError:  # absent, or damaged: the part is done again
        return None
    return note if note.get("stamps") == [stamp(picture.path) for picture in part] else None


def _place(folder: Path, number: int) -> Path:
    return folder / f".part-{number:05d}.json"
