"""What can be wrong with a file: each damage rewrites one, by a random generator.

A damage is of a grade, which says what may come of a run that ends well:

- `may`: anything; the content may still mean something.
- `same`: the content means the same, so that the output is the same, byte for byte.
- `broken`: the content means nothing; what is lost must be told, so that the output is the same, or
  the summary is not.
"""

import io
import json
import os
import re
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
YAML_VALUES = (
    *("!!python/object/apply:os.system [exit]", "&a [*a]", "*unknown", "{? [1]: 2}", "\t- x"),
    *(".nan", ".inf", "1e999", "2001-01-01", "!!binary x", "0o17", "[", "|", "~", "9" * 5000),
)
DEEP = (b"[" * 20_000 + b"]" * 20_000, b'{"a":' * 20_000 + b"1" + b"}" * 20_000)
LAUGHS = "a: &a [x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n"
    for before, name in pairwise("abcdefghij")
)
PICTURE = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">IIBBBBB", 10**5, 10**5, 8, 2, 0, 0, 0)
OTHER_FORMATS = (PICTURE, b"PK\x03\x04" + bytes(50), b"PAR1\xff\xff\xff\xffPAR1", b"%PDF-1.4\n")
SAME_VALUES = {  # as pandas or polars write them
    pa.string(): (pa.large_string(), pa.dictionary(pa.int32(), pa.string())),
    pa.float64(): (pa.float32(),),
    pa.int32(): (pa.int64(), pa.float64()),
    pa.int64(): (pa.float64(), pa.int32()),
    pa.bool_(): (pa.int8(),),
}


@dataclass(frozen=True)
class Damage:
    """A damage and where it fits."""

    apply: Callable[[Path, Random], Any]
    grade: str
    suffixes: tuple[str, ...]  # any where empty


DAMAGES: dict[str, Damage] = {}


def damaging(grade: str, *suffixes: str, on: str = "bytes") -> Callable[..., Any]:
    """Declare a damage: what it gets, and gives back, is bytes, lines, a table or the path."""

    def declare(function: Callable[[Any, Random], Any]) -> Callable[[Any, Random], Any]:
        def apply(path: Path, random: Random) -> None:
            if on == "bytes":
                rewrite(path, function(path.read_bytes(), random))
            elif on == "lines":
                lines = path.read_text("utf-8", "replace").splitlines(keepends=True) or ["\n"]
                rewrite(path, "".join(function(lines, random)).encode("utf-8", "surrogatepass"))
            else:
                old = pq.read_table(path)
                new = function(old, random)
                if new is not old:
                    buffer = io.BytesIO()
                    pq.write_table(new, buffer)
                    rewrite(path, buffer.getvalue())

        kinds = (".parquet",) if on == "table" else suffixes
        DAMAGES[function.__name__] = Damage(function if on == "path" else apply, grade, kinds)
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


@damaging("may")
def cut(content: bytes, random: Random) -> bytes:
    return content[: random.choice((0, random.randrange(len(content) + 1)))]


@damaging("may")
def flip(content: bytes, random: Random) -> bytes:
    changed = bytearray(content or b" ")
    for _ in range(random.choice((1, 1, 3, 30))):
        changed[random.randrange(len(changed))] = random.randrange(256)
    return bytes(changed)


@damaging("may")
def zeros(content: bytes, random: Random) -> bytes:
    start = random.randrange(len(content) + 1)
    return content[:start] + bytes(random.choice((1, 64))) + content[start + 64 :]


@damaging("broken", on="path")
def other_thing(path: Path, random: Random) -> None:
    """Put nothing, a folder, a pipe that nobody writes to or a link to itself there."""
    path.unlink()
    what = random.choice(("nothing", "folder", "pipe", "link"))
    if what == "folder":
        path.mkdir()
    elif what == "pipe":
        os.mkfifo(path)
    elif what == "link":
        path.symlink_to(path.name)


@damaging("broken")
def other_format(_: bytes, random: Random) -> bytes:
    return random.choice(OTHER_FORMATS)


# Of texts


@damaging("broken", *TEXT)
def other_encoding(content: bytes, random: Random) -> bytes:
    if random.random() < 0.3:
        return content.decode("utf-8", "replace").encode("utf-16")
    letters = [match.start() for match in re.finditer(rb"[A-Za-z]", content)] or [0]
    at = random.choice(letters)
    return content[:at] + b"\x93" + content[at + 1 :]


@damaging("may", *TEXT)
def unseen_mark(content: bytes, random: Random) -> bytes:
    """Put a mark that nobody sees before a letter, or take letters and accents apart."""
    letters = [match.start() for match in re.finditer(rb"[A-Za-z]", content)] or [0]
    place = random.choice(letters)
    mark = random.choice("\ufeff\u200b\u00ad\u2060\u00a0\u200f").encode()
    accent = "\u0301".encode()
    after = content[place : place + 1] + accent + content[place + 1 :]
    return content[:place] + random.choice((mark + content[place:], after))


@damaging("may", ".csv", ".jsonl", ".txt")
def put_together(content: bytes, random: Random) -> bytes:
    """Put a file behind itself, names of columns, mark of byte order and all."""
    mark = random.choice((b"", b"\xef\xbb\xbf"))
    return mark + content + mark + content


@damaging("same", ".csv", ".jsonl", ".json")
def windows_lines(content: bytes, _: Random) -> bytes:
    return content.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


@damaging("may", *TEXT, on="lines")
def other_lines(lines: list[str], random: Random) -> list[str]:
    """Leave out one or all but the first, write one twice, or give them another order."""
    at = random.randrange(len(lines))
    shuffled = random.sample(lines, len(lines))
    twice = [*lines[:at], lines[at], *lines[at:]]
    return random.choice((shuffled, twice, lines[:at] + lines[at + 1 :], lines[:1]))


@damaging("may", *TEXT, on="lines")
def word(lines: list[str], random: Random) -> list[str]:
    """Put something strange into the place of a cell, a word or a value."""
    at = random.randrange(len(lines))
    cells = lines[at].rstrip("\n").split(",")
    cells[random.randrange(len(cells))] = random.choice(CELLS)
    return [*lines[:at], ",".join(cells) + "\n", *lines[at + 1 :]]


@damaging("broken", ".csv", on="lines")
def cells(lines: list[str], random: Random) -> list[str]:
    """Give a row a cell too many, one too few or a quote that is never closed."""
    at = random.randrange(len(lines))
    line = lines[at].rstrip("\r\n")
    before, comma, last = line.rpartition(",")
    line = random.choice((f"{line},more", before, f'{before}{comma}"{last}'))
    return [*lines[:at], f"{line}\n", *lines[at + 1 :]]


@damaging("broken", ".csv", on="lines")
def column_twice(lines: list[str], random: Random) -> list[str]:
    chosen = random.randrange(lines[0].count(",") + 1)
    rows = [line.rstrip("\r\n").split(",") for line in lines]
    return [",".join([*row, row[min(chosen, len(row) - 1)]]) + "\n" for row in rows]


@damaging("broken", ".json", ".jsonl")
def key_twice(content: bytes, random: Random) -> bytes:
    at = random.choice([match.end() for match in re.finditer(rb"\{", content)] or [0])
    return content[:at] + b'"x": 1, "x": 2, ' + content[at:]


@damaging("may", ".json", ".jsonl", on="lines")
def value(lines: list[str], random: Random) -> list[str]:
    """Put another value, or none, into the place of one of a JSON, however deep."""
    at = random.randrange(len(lines))
    try:
        content = json.loads(lines[at])
    except (ValueError, RecursionError):  # lines of one JSON, or what an earlier damage left
        try:
            content, lines, at = json.loads("".join(lines)), [""], 0
        except (ValueError, RecursionError):
            return lines
    holder = content
    while isinstance(holder, dict | list) and holder:
        key = random.choice(list(holder) if isinstance(holder, dict) else range(len(holder)))
        if not isinstance(holder[key], dict | list) or not holder[key] or random.random() < 0.2:
            holder[key] = random.choice(VALUES)
            if random.random() < 0.2:
                del holder[key]
            break
        holder = holder[key]
    return [*lines[:at], json.dumps(content) + "\n", *lines[at + 1 :]]


@damaging("may", ".yaml", on="lines")
def yaml_value(lines: list[str], random: Random) -> list[str]:
    at = random.choice([at for at, line in enumerate(lines) if ":" in line] or [0])
    texts = (*YAML_VALUES, *(json.dumps(value) for value in VALUES))
    lines[at] = f"{lines[at].partition(':')[0]}: {random.choice(texts)}\n"
    return lines


@damaging("may", ".json", ".jsonl", ".yaml")
def nested(content: bytes, random: Random) -> bytes:
    return random.choice((*DEEP, LAUGHS.encode() + content))


# Of tables: what other programs write, and what none should


@damaging("same", on="table")
def rows_shuffled(table: pa.Table, random: Random) -> pa.Table:
    return table.take(pa.array(random.sample(range(len(table)), len(table)), pa.int64()))


@damaging("same", on="table")
def other_type(table: pa.Table, random: Random) -> pa.Table:
    fields = [field for field in table.schema if field.type in SAME_VALUES]
    field = random.choice(fields)
    values = table[field.name]
    try:
        cast = values.cast(random.choice(SAME_VALUES[field.type]))
    except pa.ArrowInvalid:
        return table
    # 32 bit do not hold every time: those are other values.
    return _with(table, field.name, cast) if cast.cast(field.type).equals(values) else table


@damaging("broken", on="table")
def wrong_column(table: pa.Table, random: Random) -> pa.Table:
    """Give a column another type or no metadata, or write it twice, or a row."""
    name = random.choice(table.column_names)
    kind = pa.float64() if pa.types.is_string(table[name].type) else pa.string()
    choices = (
        _with(table, name, pa.nulls(len(table), kind)),
        table.append_column(name, table[name]),
        pa.concat_tables([table, table.slice(random.randrange(len(table) or 1), 1)]),
        table.replace_schema_metadata(None),
    )
    return random.choice(choices if len(table) else choices[:2])


@damaging("may", on="table")
def other_columns(table: pa.Table, random: Random) -> pa.Table:
    """Leave out a column or rows, or add a column."""
    more = table.append_column("more", pa.nulls(len(table), pa.string()))
    fewer = table.drop_columns([random.choice(table.column_names)])
    return random.choice((more, fewer, table.slice(0, 0), table.slice(0, len(table) // 2)))


@damaging("may", on="table")
def values(table: pa.Table, random: Random) -> pa.Table:
    """Put a null, an infinite or huge number, or a text that names no file, into a column."""
    field = random.choice(list(table.schema))
    column = table[field.name].to_pylist()
    new: Any = None
    if random.random() < 0.7 and pa.types.is_floating(field.type):
        new = random.choice(NUMBERS)
    elif random.random() < 0.7 and pa.types.is_integer(field.type):
        new = random.choice((-1, 0, 2**31 - 1, -(2**31)))
    elif random.random() < 0.7 and pa.types.is_string(field.type):
        new = random.choice(CELLS)
    old = random.choice(column) if column else None
    every = random.random() < 0.5
    column = [new if value is old or (every and value == old) else value for value in column]
    return _with(table, field.name, pa.array(column, field.type))


def _with(table: pa.Table, name: str, column: Any) -> pa.Table:
    return table.set_column(table.column_names.index(name), name, column)


# Of arrays, weights and pictures


@damaging("may", ".npy")
def array(content: bytes, random: Random) -> bytes:
    """Write other values, another shape or another type, or objects, which nobody may load."""
    old = np.load(io.BytesIO(content))
    strange = np.full_like(old, np.nan if old.dtype.kind == "f" else 255)
    objects, none = np.array([{"a": 1}], object), np.zeros(0, old.dtype)
    shapes = (old[: len(old) // 2], old[..., None], old.astype("f8"), old.astype("c8"))
    buffer = io.BytesIO()
    np.save(buffer, random.choice((strange, objects, none, *shapes)))
    return buffer.getvalue()


@damaging("broken", ".npy", ".npz")
def huge_array(_: bytes, __: Random) -> bytes:
    buffer = io.BytesIO()
    header = {"descr": "<f2", "fortran_order": False, "shape": (2**20, 2**20)}
    np.lib.format.write_array_header_1_0(buffer, header)
    return buffer.getvalue()


@damaging("may", ".npz")
def archive(content: bytes, random: Random) -> bytes:
    """Leave out an array of an archive, or put another in its place."""
    arrays = dict(np.load(io.BytesIO(content)))
    name = random.choice(list(arrays))
    del arrays[name]
    if random.random() < 0.7:
        arrays[name] = random.choice((np.zeros(0), np.array([{}], object), np.ones(3)))
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


@damaging("may", ".safetensors")
def weights(content: bytes, random: Random) -> bytes:
    """Change what a checkpoint says of itself, or its numbers."""
    (length,) = struct.unpack("<Q", content[:8])
    header, body = json.loads(content[8 : 8 + length]), content[8 + length :]
    change = random.choice(("length", "numbers", "metadata", "said"))
    if change == "length":
        return struct.pack("<Q", 2**62) + content[8:]
    if change == "numbers":
        number = struct.pack("<f", random.choice(NUMBERS[:3]))
        return content[: 8 + length] + number * (len(body) // 4)
    if change == "metadata":
        header["__metadata__"] = random.choice(({}, {"x": "1"}))
    else:
        metadata = header["__metadata__"]
        metadata[random.choice(list(metadata))] = json.dumps(random.choice(VALUES))
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + body


@damaging("may", ".png", ".jpg", ".dcm")
def huge_picture(content: bytes, _: Random) -> bytes:
    """Let the header of a picture say that it has 10¹⁰ pixels, or 4 · 10⁹."""
    if content[1:4] == b"PNG":
        return content[:16] + struct.pack(">II", 10**5, 10**5) + content[24:]
    at = content.find(b"\xff\xc0")
    return content[: at + 5] + b"\xff\xff\xff\xff" + content[at + 9 :] if at > 0 else content[:200]
