"""Lists of radiographs to apply a network to: files, folders or a csv, each with its own name.

Names become file names of outputs, whatever the paths were: letters, digits, `.`, `_` and `-`.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePath

from gazescribe.pipeline.core.errors import GazeError, SchemaError, quote
from gazescribe.pipeline.core.file_names import RADIOGRAPH_SUFFIXES, safe_name
from gazescribe.pipeline.core.foreign_tables import csv_rows
from gazescribe.pipeline.core.system_errors import is_out_of_handles

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,119}")
"""What a csv may say in its column `name`."""


@dataclass(frozen=True)
class Picture:
    """One radiograph: where it lies, and its name.

    No two that are listed together have the same name; it is fit for a file name. `listed_path` is
    below the folder that was named, or as the csv has it.
    """

    name: str
    path: Path
    listed_path: str

    @property
    def told_path(self) -> str:
        """Path for results: an absolute one would tell about this machine, and is its last part."""
        path = PurePath(self.listed_path)
        return path.name if path.is_absolute() else self.listed_path


def list_pictures(
    sources: Sequence[Path], *, but: Path | None = None
) -> tuple[list[Picture], dict[str, int]]:
    """List the radiographs of files, folders and csv files.

    A folder is searched to its depths, in the order of paths, `but` for the one that outputs go to;
    a csv has a column `path`, relative to itself, and may have a column `name`. Any other file is
    taken as a picture. Names come from paths; of equal ones the second ends in -2. Also counts the
    files in folders that are no pictures, by suffix. Raises GazeError if there is none, a csv is
    not what it must be, or a folder is the one that outputs go to.
    """
    pictures: list[Picture] = []
    other_suffixes: Counter[str] = Counter()
    for source in sources:
        if source.is_dir():
            if but is not None and source.resolve() == but.resolve():
                message = "predictions would lie among the pictures."
                raise GazeError(message, where=but, remedy="Name another folder with --out.")
            for path in _files(source, but):
                if _is_picture(path):
                    pictures.append(Picture("", path, path.relative_to(source).as_posix()))
                else:
                    other_suffixes[path.suffix.lower()] += 1
        elif source.suffix.lower() == ".csv":
            pictures += _read_list(source)
        else:
            pictures.append(Picture("", source, source.name))
    if not pictures:
        where = ", ".join(map(str, sources))
        remedy = (
            f"Pictures end in {', '.join(RADIOGRAPH_SUFFIXES)}; a DICOM file may have no suffix."
        )
        raise GazeError("there is no picture here.", where=where, remedy=remedy)
    return _named(pictures), dict(sorted(other_suffixes.items()))


def without_suffix(path: str) -> str:
    """Path without the suffix of a picture; ids with dots in them stay whole."""
    suffix = PurePath(path).suffix
    return path.removesuffix(suffix) if suffix.lower() in RADIOGRAPH_SUFFIXES else path


def _files(folder: Path, but: Path | None) -> Iterator[Path]:
    left_out = but.resolve() if but else None
    for path in sorted(folder.rglob("*")):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if path.is_file() and not hidden and left_out not in path.resolve().parents:
            yield path


def _is_picture(path: Path) -> bool:
    """By suffix; a file without one is a picture if it is DICOM, as archives often have it."""
    if path.suffix.lower() in RADIOGRAPH_SUFFIXES:
        return True
    # An id with dots in it, as DICOM's are, has a suffix of digits.
    if path.suffix and not path.suffix[1:].isdigit():
        return False
    try:
        with path.open("rb") as file:
            return file.read(132).endswith(b"DICM")
    except OSError as fault:
        if is_out_of_handles(fault):
            raise
        return False


def _read_list(table: Path) -> list[Picture]:
    """Read a csv; the name is empty where it gives none."""
    rows = csv_rows(table)
    _, header = next(rows, (0, []))
    if "path" not in header:
        message = f"there is no column path (found: {', '.join(header) or 'nothing'})."
        raise SchemaError(message, where=table, remedy="Paths are relative to the csv.")
    pictures: list[Picture] = []
    faults: list[str] = []
    for line, cells in rows:
        row = dict(zip(header, cells, strict=False))
        name, path = row.get("name", ""), row.get("path", "")
        if not path or not path.isprintable():
            faults.append(f"line {line}: path is {quote(path)}")
        if "name" in header and not NAME.fullmatch(name):
            expected = "letters, digits, ._- are expected, 120 at most"
            faults.append(f"line {line}: name is {quote(name)}; {expected}")
        pictures.append(Picture(name, table.parent / path, path))
    n_by_name = Counter(picture.name.casefold() for picture in pictures if picture.name)
    faults += [f"name {name} occurs {n} times" for name, n in n_by_name.items() if n > 1]
    if faults:
        raise SchemaError("some rows are not what they must be.", where=table, faults=faults)
    return pictures


def _named(pictures: Sequence[Picture]) -> list[Picture]:
    """Name those that have no name; file systems may not tell a from A."""
    names_in_use = {picture.name.casefold() for picture in pictures if picture.name}
    named = []
    for picture in pictures:
        name = picture.name
        if not name:
            stem = name = safe_name(without_suffix(picture.told_path))
            number = 1
            while name.casefold() in names_in_use:
                number += 1
                name = f"{stem}-{number}"
            names_in_use.add(name.casefold())
        named.append(replace(picture, name=name))
    return named
