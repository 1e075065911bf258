"""Notes of what each stage of a folder was made from: a later run does what is missing or changed.

They hold sizes and times of change, and so belong to one machine; what the stages write does not
depend on them.
"""

import hashlib
import json
import shutil
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from gazescribe.pipeline.core.errors import SchemaError
from gazescribe.pipeline.core.files import stamp, write_json
from gazescribe.pipeline.core.foreign import read_json

Summary = dict[str, Any]


class StageNotes:
    """Notes on the stages that wrote to one folder.

    Parameters
    ----------
    path : pathlib.Path
        Of the notes. Where they are absent or damaged, all is done again.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._notes: dict[str, Any] = {}
        with suppress(SchemaError):
            notes = read_json(path)
            self._notes = {name: note for name, note in notes.items() if _is_note(note)}

    def is_done(self, name: str, out: Path, inputs: Mapping[str, Any]) -> bool:
        """Tell whether a stage was made from these inputs and its out is as it left it."""
        note = self._notes.get(name)
        if note is None:
            return False
        is_same: bool = note["made_from"] == _digest(inputs) and note["made"] == stamps(out)
        return is_same

    def run(
        self, name: str, out: Path, inputs: Mapping[str, Any], stage: Callable[[], Summary]
    ) -> Summary:
        """Run a stage unless it is done; give its summary, noted with what it was made from.

        `out` is the file or folder that it writes, `inputs` all that decides what it writes, as
        JSON has it.
        """
        if not self.is_done(name, out, inputs):
            summary = stage()
            note = {
                "out": out.relative_to(self._path.parent).as_posix(),
                "made_from": _digest(inputs),
                "made": stamps(out),
                "summary": summary,
            }
            write_json({**self._notes, name: note}, self._path)
            self._notes = read_json(self._path)  # a later run gives the same summary
        noted: Summary = self._notes[name]["summary"]
        return noted

    def forget_others(self, names: Collection[str]) -> None:
        """Remove what stages of other names left here, unless it was changed since."""
        for name in sorted({*self._notes} - {*names}):
            note = self._notes.pop(name)
            out = self._path.parent / note["out"]
            if out.exists() and stamps(out) == note["made"]:
                shutil.rmtree(out) if out.is_dir() else out.unlink()
            write_json(self._notes, self._path)


def stamps(place: Path) -> dict[str, list[int] | None]:
    """Size and time of change of a file, or of all files of a folder; nothing where none is."""
    files = sorted(path for path in place.rglob("*") if path.is_file())
    if place.is_file():
        files = [place]
    return {path.relative_to(place).as_posix(): stamp(path) for path in files}


def _is_note(note: object) -> bool:
    return isinstance(note, dict) and {"out", "made_from", "made", "summary"} == {*note}


def _digest(inputs: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()
