"""Files of foreign formats, each read in one place: JSON, NPY, NPZ, the head of safetensors.

Tables (Parquet, CSV) are read in `foreign_tables`, YAML in `yaml_files`. Whatever makes a parser
fail becomes an error that names the file, and only regular files are opened: a pipe would be
waited for without end. Nothing here needs more than the standard library and numpy.
"""

import json
import math
import re
import stat
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gazescribe.pipeline.core.errors import GazeError, SchemaError, quote, shorten
from gazescribe.pipeline.core.system_errors import explain_system, is_out_of_handles

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

TYPE_NAMES: dict[type, str] = {dict: "a JSON object", list: "a JSON list"}
MAX_UNPACKED = 2**28  # bytes of all arrays of an NPZ; the largest of ours has some megabytes
MAX_HEAD = 10**8  # bytes of the head of a safetensors file, as its own library has it
AGAIN = "Copy it again, or make it anew."  # where a file is damaged and nothing better is known
_STRING = r'"(?:[^"\\]|\\.)*"'


def check_file(path: Path, error: type[GazeError] = SchemaError, remedy: str | None = None) -> None:
    """Refuse what is no regular file: nothing, a folder, a pipe, a device.

    Raises
    ------
    GazeError
        Of the kind `error`.
    """
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError) as fault:
        raise error("there is no such file.", where=path, remedy=remedy) from fault
    except OSError as fault:
        message, system_remedy = explain_system(fault)
        raise error(message, where=path, remedy=remedy or system_remedy) from fault
    except ValueError as fault:
        raise error("this is no name of a file.", where=quote(str(path)), remedy=remedy) from fault
    if stat.S_ISDIR(mode):
        raise error("this is a folder, where a file is needed.", where=path, remedy=remedy)
    if not stat.S_ISREG(mode):
        message = "this is a pipe or a device; only files are read."
        raise error(message, where=path, remedy=remedy)


@contextmanager
def parsing(
    where: object,
    kind: str,
    error: type[GazeError] = SchemaError,
    remedy: str | None = None,
) -> Iterator[None]:
    """Turn whatever a parser raises into one error for people; only its call belongs in the block.

    Parameters
    ----------
    where : object
        The file, and the line in it where one is known.
    kind : str
        What was expected, with its article: "a whole NPY file".
    error : type of GazeError
        Kind of the error.
    remedy : str, optional
        What to do; by default what the fault suggests, or `AGAIN`.
    """
    try:
        yield
    except GazeError:
        raise
    except RecursionError as fault:
        message = f"this is not {kind} (nested too deeply)."
        raise error(message, where=where, remedy=remedy or AGAIN) from fault
    except (MemoryError, OSError) as fault:
        if is_out_of_handles(fault):
            raise
        if isinstance(fault, OSError) and fault.errno is None:  # a parser's, as that of Arrow
            message = f"this is not {kind} ({shorten(fault, 300)})."
            raise error(message, where=where, remedy=remedy or AGAIN) from fault
        message, system_remedy = explain_system(fault, where)
        raise error(message, where=where, remedy=remedy or system_remedy or None) from fault
    except UnicodeDecodeError as fault:
        message = f"this is not {kind} (not UTF-8: {shorten(fault)})."
        raise error(message, where=where, remedy=remedy or "Save it as UTF-8.") from fault
    except Exception as fault:
        # Parsers fail in any way (KeyError, AttributeError, struct.error, …) and none is ours.
        message = f"this is not {kind} ({shorten(fault, 300) or type(fault).__name__})."
        raise error(message, where=where, remedy=remedy or AGAIN) from fault


def read_text(
    path: Path,
    kind: str = "a text file",
    error: type[GazeError] = SchemaError,
    remedy: str | None = None,
) -> str:
    """Read a text in UTF-8, with or without a byte order mark; a fault names its line."""
    check_file(path, error, remedy)
    with parsing(path, kind, error, remedy):
        content = path.read_bytes()
        try:
            return content.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
        except UnicodeDecodeError as fault:
            line = content[: fault.start].count(b"\n") + 1
            byte = f"{content[fault.start]:#04x}"
            message = f"this is not {kind} (line {line}: can't decode byte {byte} as UTF-8)."
            raise error(message, where=path, remedy=remedy or "Save it as UTF-8.") from fault


class _NumberError(ValueError):
    """A number that JSON cannot have, or that is of no use."""

    def __init__(self, text: str, what: str) -> None:
        super().__init__(f"{shorten(text, 20)} is {what}")
        self.text = text


def _whole(text: str) -> int:
    if len(text) > 20 or not -(2**63) <= int(text) < 2**63:
        raise _NumberError(
            text, f"a whole number of {len(text)} characters, too large for any column"
        )
    return int(text)


def _real(text: str) -> float:
    if not math.isfinite(number := float(text)):
        raise _NumberError(text, "a number too large for any column")
    return number


def _constant(text: str) -> float:
    raise _NumberError(text, "no number; JSON says null for what is not known")


_DECODER = json.JSONDecoder(parse_int=_whole, parse_float=_real, parse_constant=_constant)


def parse_json(
    text: str,
    error: type[GazeError] = SchemaError,
    *,
    where: object,
    top: type = dict,
    remedy: str | None = None,
) -> Any:
    """Read a JSON text: finite numbers that a column can hold, whole characters.

    Parameters
    ----------
    text : str
        One JSON value.
    error : type of GazeError
        Kind of the error.
    where : object
        The file, and the line in it, if the text is one line.
    top : type
        What the value must be: dict, list, or object for anything.
    remedy : str, optional
        What to do if it is not.
    """
    with parsing(where, "JSON", error, remedy):
        try:
            content = _DECODER.decode(text)
        except _NumberError as fault:
            raise ValueError(f"line {_line_of(fault.text, text)}: {fault}") from fault
        if "\\u" in text:
            _check_surrogates(content, text)
    if not isinstance(content, top):
        raise error(f"{TYPE_NAMES[top]} was expected.", where=where, remedy=remedy or AGAIN)
    return content


def parse_json_values(
    text: str,
    error: type[GazeError] = SchemaError,
    *,
    where: object,
    remedy: str | None = None,
) -> list[Any]:
    """Read all JSON values of a text, one behind the other as a program printed them.

    Python's NaN and Infinity, which speech recognisers write as scores, become None. Arguments are
    those of `parse_json`.
    """
    decoder = json.JSONDecoder(parse_constant=lambda _: None)
    values, place = [], 0
    with parsing(where, "JSON", error, remedy):
        while gap := re.compile(r"[\s,]*(?=\S)").match(text, place):
            value, place = decoder.raw_decode(text, gap.end())
            values.append(value)
    return values


def _line_of(number: str, text: str) -> int:
    """Find the line of a number, which must stand outside of strings."""
    matches = re.finditer(f"{_STRING}|({re.escape(number)})", text)
    place = next((match.start() for match in matches if match.group(1)), 0)
    return text.count("\n", 0, place) + 1


def _check_surrogates(content: Any, text: str) -> None:
    """Refuse half a character, a surrogate without the other: no file can hold it."""
    try:
        json.dumps(content, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError as fault:
        escape = f"\\u{ord(fault.object[fault.start]):04x}"
        line = text.count("\n", 0, max(text.lower().find(escape), 0)) + 1
        message = f"line {line}: {escape} is half a character"
        raise ValueError(message) from fault


def read_json(
    path: Path,
    error: type[GazeError] = SchemaError,
    *,
    top: type = dict,
    remedy: str | None = None,
) -> Any:
    """Read a JSON file; arguments are as those of `parse_json`.

    Raises
    ------
    GazeError
        Of the kind `error`, if there is no such file, it is no JSON, or not a value of type `top`.
    """
    text = read_text(path, "JSON", error, remedy)
    return parse_json(text, error, where=path, top=top, remedy=remedy)


def read_xml(
    path: Path, error: type[GazeError] = SchemaError, remedy: str | None = None
) -> "Element":
    """Read an XML file; one that declares entities is refused, for they may unfold without end.

    Raises
    ------
    GazeError
        Of the kind `error`, if there is no such file, or it is no XML.
    """
    from xml.etree import ElementTree as ET

    check_file(path, error, remedy)
    with parsing(path, "XML", error, remedy):
        content = path.read_bytes()
        if b"<!ENTITY" in content or "<!ENTITY".encode("utf-16-le") in content:
            raise error("it declares entities, which no recorder does.", where=path)
        return ET.fromstring(content)  # noqa: S314  without entities nothing can unfold


def read_npy(path: Path, error: type[GazeError] = SchemaError, *, mapped: bool = False) -> Any:
    """Read the array of an NPY file; `mapped` leaves it on the disk until it is used."""
    import numpy as np

    check_file(path, error)
    with parsing(path, "a whole NPY file of numbers", error):
        with path.open("rb") as file:
            np.lib.format.read_magic(file)  # `np.load` would take an NPZ, too
        # Mapped first, so that a head that lies about its size takes no memory.
        array = np.load(path, mmap_mode="r", allow_pickle=False)
        return array if mapped else np.array(array)


def read_npz(
    path: Path, names: Sequence[str] = (), error: type[GazeError] = SchemaError
) -> dict[str, Any]:
    """Read all arrays of an NPZ file by name; refuse one that lacks an array of these names."""
    import numpy as np

    check_file(path, error)
    with parsing(path, "a whole NPZ of arrays", error):
        with zipfile.ZipFile(path) as archive:
            size = sum(member.file_size for member in archive.infolist())
        if size > MAX_UNPACKED:
            message = (
                f"its arrays would take {size:,} bytes, more than the {MAX_UNPACKED:,} allowed."
            )
            raise error(message, where=path, remedy=AGAIN)
        with path.open("rb") as file, np.load(file, allow_pickle=False) as content:
            arrays = {name: content[name] for name in content.files}
    absent = [name for name in names if name not in arrays]
    foreign = [name for name, array in arrays.items() if not isinstance(array, np.ndarray)]
    if absent or foreign:
        faults = [f"{name} is missing" for name in absent]
        faults += [f"{quote(name)} is no array" for name in foreign]
        message = "this NPZ has other content than expected."
        raise error(message, where=path, remedy=AGAIN, faults=faults)
    return arrays


def zip_members(path: Path, error: type[GazeError] = SchemaError) -> list[zipfile.ZipInfo]:
    """List the members of a ZIP file; none is unpacked."""
    check_file(path, error)
    with parsing(path, "a whole ZIP file", error), zipfile.ZipFile(path) as archive:
        return archive.infolist()


def read_safetensors_metadata(
    path: Path, error: type[GazeError] = SchemaError, remedy: str | None = None
) -> dict[str, str]:
    """Read what a safetensors file says of itself, without its weights; empty if nothing."""
    kind = "a safetensors file"
    check_file(path, error, remedy)
    with parsing(path, kind, error, remedy):
        size = path.stat().st_size
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if not 2 <= length <= min(size - 8, MAX_HEAD):
                message = f"this is not {kind} (its head is not whole)."
                raise error(message, where=path, remedy=remedy)
            text = file.read(length).decode("utf-8")
    metadata = parse_json(text, error, where=path, remedy=remedy).get("__metadata__", {})
    is_text = isinstance(metadata, dict) and all(isinstance(v, str) for v in metadata.values())
    if not is_text:
        message = f"this is not {kind} (its __metadata__ is no object of texts)."
        raise error(message, where=path, remedy=remedy)
    return dict(metadata)
