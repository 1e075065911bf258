"""Where finished runs and their scores are kept: `.runs/<run hash>/` in the working folder.

DVC empties what a stage writes before it runs the stage. So finished work lies outside of that, by
the hash of all that decides it, and comes to OUT as hard links, or copies on another disk:

run/                   what a run left when it was trained
scores/<score hash>/   what came of scoring it
resume/                while it trains: the state after the last whole epoch, and what was logged
state.json             how far it is, or what stopped it

Finished files are read-only and have their SHA-256 beside them: a file that is changed in OUT is
changed here as well, and is then used no more.
"""

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gazescribe.models.core.file_hashes import file_hash
from gazescribe.pipeline.core.errors import GazeError
from gazescribe.pipeline.core.files import replacing_folder, settle, write_json
from gazescribe.pipeline.core.foreign import read_json

STORE = Path(".runs")
SUMS = ".sha256.json"
STATE = "state.json"
MEMORY = STORE / "files.json"
"""Hashes of large inputs (`models.core.file_hashes`)."""
DAMAGED = ".damaged"
"""Ending of a folder that was set aside."""


def entry_of(run_hash: str) -> Path:
    """Folder of a run in the store."""
    return STORE / run_hash


@contextmanager
def keeping(place: Path, content: str, mark: str) -> Iterator[Path]:
    """Give a folder to write to; what it holds when the block ends well is kept at `place`.

    `content` and `mark` are as in `replacing_folder`.
    """
    with replacing_folder(place, content, mark=mark) as staging:
        yield staging
        sums = {}
        for path in sorted(staging.iterdir()):
            if path.is_file():
                sums[path.name] = file_hash(path)
                path.chmod(0o444)
        write_json(sums, staging / SUMS)


def is_whole(place: Path) -> bool:
    """Whether something is kept at `place`, and every file is as it was when it was written."""
    settle(place)
    return place.exists() and not _differing(place)


def set_aside(place: Path) -> str:
    """Move away what is not whole, and say so."""
    names = ", ".join(_differing(place))
    aside = place.with_name(place.name + DAMAGED)
    shutil.rmtree(aside, ignore_errors=True)
    place.rename(aside)
    return f"{names} of {place} changed after it was written: moved to {aside.name} and not used"


def link_all(place: Path, folder: Path) -> None:
    """Put all that is kept at `place` into a folder: links, or copies where there can be none."""
    for name in read_json(place / SUMS):
        try:
            os.link(place / name, folder / name)
        except OSError:  # another disk, or one without links
            shutil.copyfile(place / name, folder / name)


def _differing(place: Path) -> list[str]:
    """Name files that are not what their sum says; the list of sums where that is damaged."""
    try:
        sums: dict[str, Any] = read_json(place / SUMS)
    except GazeError:
        return [SUMS]
    return [
        name
        for name, sha256 in sums.items()
        if not (place / name).is_file() or file_hash(place / name) != sha256
    ]


def read_state(entry: Path) -> dict[str, Any]:
    """Read how far a run is; nothing where it has not begun, or the file is damaged."""
    try:
        state = read_json(entry / STATE)
    except GazeError:
        return {}
    return state if isinstance(state, dict) else {}


def write_state(entry: Path, **changes: Any) -> Mapping[str, Any]:
    """Write down how far a run is; what is not given stays as it was."""
    state = {**read_state(entry), **changes}
    write_json(state, entry / STATE)
    return state
