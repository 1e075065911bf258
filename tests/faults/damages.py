"""What can be wrong with a file: each damage rewrites one in place, by a random generator.

A damage is of a grade, which says what may come of a run that ends well:

- `may`: anything; the content may still mean something.
- `same`: the content means the same, so that the output is the same, byte for byte.
- `broken`: the content means nothing; what is lost must be told, so that the output is the same, or
  the summary is not.
"""

import io
import json
import os
import struct
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

TEXT = (".csv", ".jsonl", ".json", ".yaml", ".txt")
CELLS = (
    *("", " ", "nan", "inf", "-inf", "-1", "1e308", "-1e308", "9" * 30, "1" * 5000, "0x10", "1_0"),
    *("../../OUT-stray", "/", ".", "..", "a/b", "$x$", "=1+1", "\u202eabc", "\ufeff", "é" * 300),
    *("\x00", "true", "null", "1,5", "2021-09-27", "[", '{"a": 1}', "<script>", "a\rb", "'"),
)
VALUES: tuple[Any, ...] = (
    *(None, True, "", "x", -1, 0, 10**30, 1e308, float("nan"), float("inf"), [], {}, [[]], "\x00"),
    *("../../OUT-stray", {"": None}, ["x", 1], "9" * 30, [None], 2**63, "\ud800", -1e308, 0.5),
)
NUMBERS = (float("nan"), float("inf"), float("-inf"), -1.0, 0.0, 1e308, -1e308, 1e-308, 2.0**63)


@dataclass(frozen=True)
class Damage:
    """A damage and where it fits."""

    apply: Callable[[Path, Random], None]
    grade: str
    suffixes: tuple[str, ...]  # any where empty


DAMAGES: dict[str, Damage] = {}


def of_file(grade: str, *suffixes: str) -> Callable[..., Any]:
    """Declare a damage that does with the path what it likes."""

    def declare(function: Callable[[Path, Random], None]) -> Callable[[Path, Random], None]:
        DAMAGES[function.__name__] = Damage(function, grade, suffixes)
        return function

    return declare


def of_bytes(grade: str, *suffixes: str) -> Callable[..., Any]:
    """Declare a damage that makes new bytes of the old ones."""

    def declare(function: Callable[[bytes, Random], bytes]) -> Callable[[bytes, Random], bytes]:
        def apply(path: Path, random: Random) -> None:
            rewrite(path, function(path.read_bytes(), random))

        DAMAGES[function.__name__] = Damage(apply, grade, suffixes)
        return function

    return declare


def of_lines(grade: str, *suffixes: str) -> Callable[..., Any]:
    """Declare a damage that changes a list of lines, which keep their ends."""

    def declare(function: Callable[[list[str], Random], None]) -> Any:
        def apply(path: Path, random: Random) -> None:
            lines = path.read_text("utf-8", "replace").splitlines(keepends=True) or ["\n"]
            function(lines, random)
            rewrite(path, "".join(lines).encode("utf-8", "surrogatepass"))

        DAMAGES[function.__name__] = Damage(apply, grade, suffixes)
        return function

    return declare


def of_table(grade: str) -> Callable[..., Any]:
    """Declare a damage that makes a new table of the old one."""

    def declare(function: Callable[[pa.Table, Random], pa.Table]) -> Any:
        def apply(path: Path, random: Random) -> None:
            table = function(pq.read_table(path), random)
            buffer = io.BytesIO()
            pq.write_table(table, buffer)
            rewrite(path, buffer.getvalue())

        DAMAGES[function.__name__] = Damage(apply, grade, (".parquet",))
        return function

    return declare


def rewrite(path: Path, content: bytes) -> None:
    """Replace a file, which may be a link to one of the base."""
    path.unlink()
    path.write_bytes(content)


def fitting(path: Path) -> list[str]:
    """Name the damages that a file can have."""
    return [name for name, d in DAMAGES.items() if not d.suffixes or path.suffix in d.suffixes]


# Of any file


@of_bytes("may")
def empty(_: bytes, __: Random) -> bytes:
    return b""


@of_bytes("may")
def cut(content: bytes, random: Random) -> bytes:
    return content[: random.randrange(len(content) + 1)]


@of_bytes("may")
def flip(content: bytes, random: Random) -> bytes:
    changed = bytearray(content or b" ")
    for _ in range(random.choice((1, 1, 3, 30))):
        changed[random.randrange(len(changed))] = random.randrange(256)
    return bytes(changed)


@of_bytes("may")
def nuls(content: bytes, random: Random) -> bytes:
    start = random.randrange(len(content) + 1)
    return content[:start] + bytes(random.choice((1, 64))) + content[start + 64 :]


@of_file("broken")
def fifo(path: Path, _: Random) -> None:
    path.unlink()
    os.mkfifo(path)


@of_file("broken")
def folder(path: Path, _: Random) -> None:
    path.unlink()
    path.mkdir()


@of_file("broken")
def loop(path: Path, _: Random) -> None:
    path.unlink()
    path.symlink_to(path.name)


@of_file("broken")
def absent(path: Path, _: Random) -> None:
    path.unlink()


@of_bytes("broken")
def other_format(content: bytes, random: Random) -> bytes:
    picture = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(
        ">IIBBBBB", 10**5, 10**5, 8, 2, 0, 0, 0
    )
    others = (
        picture,
        b"PK\x03\x04" + content[:50],
        b"PAR1" + b"\xff" * 20 + b"PAR1",
        b"%PDF-1.4\n",
    )
    return random.choice(others)


# Of texts


@of_bytes("broken", *TEXT)
def utf16(content: bytes, _: Random) -> bytes:
    return content.decode("utf-8", "replace").encode("utf-16")


@of_bytes("broken", *TEXT)
def cp1252(content: bytes, random: Random) -> bytes:
    letters = [at for at, letter in enumerate(content) if chr(letter).isalpha()] or [0]
    at = random.choice(letters)
    return content[:at] + b"\x93" + content[at + 1 :]


@of_bytes("same", ".csv", ".jsonl", ".json")
def windows_lines(content: bytes, _: Random) -> bytes:
    return content.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


@of_lines("may", *TEXT)
def shuffled_lines(lines: list[str], random: Random) -> None:
    random.shuffle(lines)


@of_lines("may", *TEXT)
def line_twice(lines: list[str], random: Random) -> None:
    at = random.randrange(len(lines))
    lines.insert(at, lines[at])


@of_lines("may", *TEXT)
def line_absent(lines: list[str], random: Random) -> None:
    del lines[random.randrange(len(lines))]


@of_lines("may", *TEXT)
def first_line_alone(lines: list[str], _: Random) -> None:
    del lines[1:]


@of_lines("may", *TEXT)
def word(lines: list[str], random: Random) -> None:
    """Put something strange into the place of a cell, a word or a value."""
    at = random.randrange(len(lines))
    cells = lines[at].rstrip("\n").split(",")
    cells[random.randrange(len(cells))] = random.choice(CELLS)
    lines[at] = ",".join(cells) + "\n"


@of_lines("broken", ".csv")
def quote_left_open(lines: list[str], random: Random) -> None:
    at = random.randrange(len(lines))
    cells = lines[at].split(",")
    cell = random.randrange(len(cells))
    cells[cell] = f'"{cells[cell]}'
    lines[at] = ",".join(cells)


@of_lines("broken", ".csv")
def cell_too_many(lines: list[str], random: Random) -> None:
    at = random.randrange(1, len(lines)) if len(lines) > 1 else 0
    lines[at] = lines[at].rstrip("\r\n") + ",more\n"


@of_lines("broken", ".csv")
def cell_too_few(lines: list[str], random: Random) -> None:
    at = random.randrange(len(lines))
    lines[at] = lines[at].rpartition(",")[0] + "\n"


@of_lines("broken", ".csv")
def column_twice(lines: list[str], random: Random) -> None:
    names = lines[0].rstrip("\r\n").split(",")
    chosen = random.randrange(len(names))
    for at, line in enumerate(lines):
        cells = line.rstrip("\r\n").split(",")
        lines[at] = ",".join([*cells, cells[min(chosen, len(cells) - 1)]]) + "\n"


@of_bytes("broken", ".json", ".jsonl")
def key_twice(content: bytes, random: Random) -> bytes:
    places = [at for at, letter in enumerate(content) if letter == ord("{")] or [0]
    at = random.choice(places)
    return content[: at + 1] + b'"x": 1, "x": 2, ' + content[at + 1 :]


@of_lines("may", ".json", ".jsonl")
def value(lines: list[str], random: Random) -> None:
    """Put another value, or none, into the place of one of a JSON, however deep."""
    at = random.randrange(len(lines))
    whole = "".join(lines)
    try:
        content = json.loads(lines[at])
    except ValueError:
        at, content = -1, json.loads(whole)
    holder = content
    while isinstance(holder, dict | list) and holder:
        key = random.choice(list(holder) if isinstance(holder, dict) else range(len(holder)))
        if not isinstance(holder[key], dict | list) or not holder[key] or random.random() < 0.2:
            holder[key] = random.choice(VALUES)
            if random.random() < 0.2:
                del holder[key]
            break
        holder = holder[key]
    text = json.dumps(content) + "\n"
    lines[:] = [text] if at < 0 else [*lines[:at], text, *lines[at + 1 :]]


@of_bytes("broken", ".json", ".jsonl", ".yaml")
def deep(_: bytes, random: Random) -> bytes:
    n = 20_000
    return random.choice((b"[" * n + b"]" * n, b'{"a":' * n + b"1" + b"}" * n)) + b"\n"


@of_lines("may", ".yaml")
def yaml_value(lines: list[str], random: Random) -> None:
    at = random.choice([at for at, line in enumerate(lines) if ":" in line] or [0])
    key = lines[at].partition(":")[0]
    values = (
        *("!!python/object/apply:os.system [exit]", "&a [*a]", "*unknown", "{? [1]: 2}", "\t- x"),
        *(".nan", ".inf", "1e999", "2001-01-01", "!!binary x", "0o17", "[", "|", "~", "9" * 5000),
        *(json.dumps(one) for one in VALUES if one != "\ud800"),
    )
    lines[at] = f"{key}: {random.choice(values)}\n"


@of_bytes("may", ".yaml")
def laughs(content: bytes, _: Random) -> bytes:
    names = "abcdefghij"
    levels = [
        f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]" for before, name in pairwise(names)
    ]
    return ("a: &a [x]\n" + "\n".join(levels) + "\n").encode() + content


# Of tables: what other programs write, and what none should


@of_table("same")
def rows_shuffled(table: pa.Table, random: Random) -> pa.Table:
    order = list(range(len(table)))
    random.shuffle(order)
    return table.take(pa.array(order, pa.int64()))


@of_table("same")
def other_type(table: pa.Table, random: Random) -> pa.Table:
    """Turn a column into another type that holds the same values, as pandas or polars do."""
    kinds = {
        pa.string(): (pa.large_string(), pa.dictionary(pa.int32(), pa.string())),
        pa.float64(): (pa.float32(),),
        pa.int32(): (pa.int64(), pa.float64()),
        pa.int64(): (pa.float64(), pa.int32()),
        pa.bool_(): (pa.int8(),),
    }
    fields = [field for field in table.schema if field.type in kinds]
    if not fields:
        return table
    field = random.choice(fields)
    try:
        return _with(table, field.name, table[field.name].cast(random.choice(kinds[field.type])))
    except pa.ArrowInvalid:
        return table


@of_table("broken")
def wrong_type(table: pa.Table, random: Random) -> pa.Table:
    name = random.choice(table.column_names)
    kind = pa.float64() if pa.types.is_string(table[name].type) else pa.string()
    return _with(table, name, pa.nulls(len(table), kind))


@of_table("may")
def nulls(table: pa.Table, random: Random) -> pa.Table:
    name = random.choice(table.column_names)
    rows = set(
        random.choices(range(len(table)), k=random.choice((1, len(table)))) if len(table) else ()
    )
    return _changed(table, name, dict.fromkeys(rows))


@of_table("may")
def numbers(table: pa.Table, random: Random) -> pa.Table:
    """Put NaN, infinite, negative or huge numbers into a column."""
    fields = [
        f for f in table.schema if pa.types.is_floating(f.type) or pa.types.is_integer(f.type)
    ]
    if not fields or not len(table):
        return table
    field = random.choice(fields)
    number: float = random.choice(NUMBERS)
    if pa.types.is_integer(field.type):
        number = random.choice((-1, 0, 2**31 - 1, -(2**31)))
    return _changed(table, field.name, {random.randrange(len(table)): number})


@of_table("may")
def texts(table: pa.Table, random: Random) -> pa.Table:
    """Put a text into a column that no file can be named after, no label is, no program expects."""
    fields = [field for field in table.schema if pa.types.is_string(field.type)]
    if not fields or not len(table):
        return table
    name = random.choice(fields).name
    text = random.choice(CELLS)
    old = table[name][random.randrange(len(table))].as_py()
    rows = [at for at, value in enumerate(table[name].to_pylist()) if value == old]
    return _changed(table, name, dict.fromkeys(rows, text))


@of_table("broken")
def row_twice(table: pa.Table, random: Random) -> pa.Table:
    if not len(table):
        return table
    return pa.concat_tables([table, table.slice(random.randrange(len(table)), 1)])


@of_table("may")
def rows_absent(table: pa.Table, random: Random) -> pa.Table:
    return table.slice(0, random.choice((0, 1, len(table) // 2)))


@of_table("may")
def column_absent(table: pa.Table, random: Random) -> pa.Table:
    return table.drop_columns([random.choice(table.column_names)])


@of_table("may")
def column_more(table: pa.Table, _: Random) -> pa.Table:
    return table.append_column("more", pa.nulls(len(table), pa.string()))


@of_table("broken")
def parquet_column_twice(table: pa.Table, random: Random) -> pa.Table:
    name = random.choice(table.column_names)
    return table.append_column(name, table[name])


@of_table("broken")
def other_version(table: pa.Table, _: Random) -> pa.Table:
    return table.replace_schema_metadata(None)


def _with(table: pa.Table, name: str, column: Any) -> pa.Table:
    return table.set_column(table.column_names.index(name), name, column)


def _changed(table: pa.Table, name: str, values: dict[int, Any]) -> pa.Table:
    """Change the values of some rows."""
    column = table[name].to_pylist()
    for row, new in values.items():
        column[row] = new
    return _with(table, name, pa.array(column, table[name].type))


# Of arrays, weights and pictures


@of_bytes("may", ".npy")
def array(content: bytes, random: Random) -> bytes:
    """Write other values, another shape or another type, or objects, which nobody may load."""
    old = np.load(io.BytesIO(content))
    others = (
        np.full_like(old, np.nan if old.dtype.kind == "f" else 255),
        old[: len(old) // 2],
        old[..., None],
        old.astype("f8"),
        old.astype("c8"),
        np.array([{"a": 1}], object),
        np.zeros(0, old.dtype),
    )
    buffer = io.BytesIO()
    np.save(buffer, random.choice(others))
    return buffer.getvalue()


@of_bytes("broken", ".npy", ".npz")
def huge_array(content: bytes, _: Random) -> bytes:
    buffer = io.BytesIO()
    header = {"descr": "<f2", "fortran_order": False, "shape": (2**20, 2**20)}
    np.lib.format.write_array_header_1_0(buffer, header)
    return buffer.getvalue()


@of_bytes("may", ".npz")
def archive(content: bytes, random: Random) -> bytes:
    arrays = dict(np.load(io.BytesIO(content)))
    name = random.choice(list(arrays))
    change = random.choice(("absent", "empty", "objects", "numbers"))
    if change == "absent":
        del arrays[name]
    else:
        kinds = {"empty": np.zeros(0), "objects": np.array([{}], object), "numbers": np.ones(3)}
        arrays[name] = kinds[change]
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


@of_bytes("may", ".safetensors")
def weights(content: bytes, random: Random) -> bytes:
    """Change what a checkpoint says of itself, or its numbers."""
    (length,) = struct.unpack("<Q", content[:8])
    header, body = json.loads(content[8 : 8 + length]), content[8 + length :]
    change = random.choice(("length", "numbers", "metadata", "said"))
    if change == "length":
        return struct.pack("<Q", 2**62) + content[8:]
    if change == "numbers":
        return content[: 8 + length] + struct.pack("<f", random.choice(NUMBERS[:3])) * (
            len(body) // 4
        )
    if change == "metadata":
        header["__metadata__"] = random.choice(({}, {"x": "1"}))
    else:
        metadata = header["__metadata__"]
        metadata[random.choice(list(metadata))] = json.dumps(random.choice(VALUES))
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + body


@of_bytes("may", ".png", ".jpg", ".dcm")
def huge_picture(content: bytes, _: Random) -> bytes:
    """Let the header of a picture say that it has 10¹⁰ pixels."""
    if content[1:4] == b"PNG":
        return content[:16] + struct.pack(">II", 10**5, 10**5) + content[24:]
    at = content.find(b"\xff\xc0")
    return content[: at + 5] + b"\xff\xff\xff\xff" + content[at + 9 :] if at > 0 else content[:200]
