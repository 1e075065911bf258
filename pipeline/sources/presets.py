"""What a table's `format` says of its columns: `data_manifests/formats/<name>.yaml`.

A preset is a table of a manifest without its `file`. What the manifest says itself wins, column by
column, so that a lab can use a format of which its recorder writes a variant.
"""

import re
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import Field

from gazescribe.pipeline.core.errors import ManifestError, nearest
from gazescribe.pipeline.core.resources import shipped
from gazescribe.pipeline.core.text_files import encoding_of, read_head
from gazescribe.pipeline.core.yaml_files import Strict, read_yaml

ENDS = ("offset_s", "duration_s")  # one of them says how long something takes
GAZE = ("fixations", "samples")  # rows of which name the readings, too
INSTEAD = {"eye": "used_eye"}  # a condition of the manifest that takes the place of a preset's


class Format(Strict):
    """A format: who reads it, and what its columns hold, by table of ours."""

    about: str
    also: list[str] = Field(default_factory=list)  # other names that people know it by
    reader: str | None = None  # in pipeline/formats; None: it is a plain table
    suffixes: list[str] = Field(default_factory=list)  # of its files, as .asc; none: any
    recognise: str | None = None  # regular expression, found in the first characters of its files
    tables: dict[str, dict[str, Any]] = Field(min_length=1)


def formats() -> dict[str, Path]:
    """Find the formats by name; one's own lie in `data_manifests/formats/` here."""
    folders = [shipped("data_manifests") / "formats", Path("data_manifests/formats")]
    return {path.stem: path for folder in folders for path in sorted(folder.glob("*.yaml"))}


def read_format(name: str) -> Format:
    """Read what is known of a format."""
    return _read(formats()[name])


@cache  # each file of a data set is held against all formats
def _read(path: Path) -> Format:
    return read_yaml(path, Format, ManifestError, as_written=True)


def recognised(path: Path) -> list[str]:
    """Name the formats that a file may be of, by its suffix and its first characters."""
    text = head_of(path)
    return [name for name in formats() if _is_of(path, text, read_format(name))]


def other_format(path: Path, name: str) -> str | None:
    """Say which format a file is of, if it is surely another than this one."""
    text = head_of(path)
    if _is_of(path, text, _named(name)):  # as nearly always: the others need no look
        return None
    for other in formats():
        form = read_format(other)
        if _is_of(path, text, form):
            return f"this is not of format {name}, but looks like `format: {other}` ({form.about})"
    return None


def _is_of(path: Path, text: str, form: Format) -> bool:
    has_suffix = not form.suffixes or path.name.lower().endswith(tuple(form.suffixes))
    is_there = form.recognise and re.search(form.recognise, text, re.MULTILINE)
    return has_suffix and bool(is_there)


def head_of(path: Path) -> str:
    """Read the first characters of a file, whatever it is: bytes that are no text stay bytes."""
    head = read_head(path)
    return head.decode(encoding_of(head), errors="replace")


def with_preset(table: str, content: Any) -> Any:
    """Fill in what the format of a table of a manifest says; a table without one stays as it is.

    Raises
    ------
    ValueError
        If there is no such format, or it holds no such table.
    """
    if not isinstance(content, dict) or not isinstance(content.get("format"), str):
        return content
    name = content["format"]
    preset = _named(name)
    tables = dict(preset.tables)
    for gaze in (name for name in GAZE if name in tables):
        tables.setdefault("readings", {**_form_of(tables[gaze]), "columns": {}})
    if table not in tables:
        table_names = ", ".join(preset.tables)
        raise ValueError(f"a file of format {name} holds {table_names}, no {table}")
    filled = {"reader": preset.reader, **tables[table], **content}
    for section in ("columns", "where"):
        theirs, ours = tables[table].get(section, {}), content.get(section) or {}
        if section == "columns" and {*ENDS} & {*ours}:
            theirs = {key: cell for key, cell in theirs.items() if key not in ENDS}
        if section == "where":
            replaced = {INSTEAD.get(key) for key in ours}
            theirs = {key: value for key, value in theirs.items() if key not in replaced}
        filled[section] = {**theirs, **ours}
    return filled


def _form_of(table: dict[str, Any]) -> dict[str, Any]:
    """Give what a preset says of a file, but for its columns and rows."""
    return {key: value for key, value in table.items() if key not in {"columns", "where", "single"}}


def _named(name: str) -> Format:
    """Read a format by its name or another that people know it by, however it is spelt."""
    known = formats()
    for other in known:
        preset = read_format(other)
        if _folded(name) in map(_folded, (other, *preset.also)):
            return preset
    some = ", ".join(known)
    raise ValueError(f"format {name!r} is unknown{nearest(name, known)} (known: {some})")


def _folded(name: str) -> str:
    return re.sub(r"[-_. ]", "", name).casefold()
