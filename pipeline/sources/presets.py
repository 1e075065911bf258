"""What a table's `format` says of its columns: `data_manifests/formats/<name>.yaml`.

A preset is a table of a manifest without its `file`. What the manifest says itself wins, column by
column, so that a lab can use a format of which its recorder writes a variant.
"""

from pathlib import Path
from typing import Any

from pydantic import Field

from gazescribe.pipeline.core.errors import ManifestError, nearest
from gazescribe.pipeline.core.resources import shipped
from gazescribe.pipeline.core.yaml_files import Strict, read_yaml

ENDS = ("offset_s", "duration_s")  # one of them says how long something takes


class Format(Strict):
    """A format: who reads it, and what its columns hold, by table of ours."""

    about: str
    reader: str | None = None  # in pipeline/formats; None: it is a plain table
    tables: dict[str, dict[str, Any]] = Field(min_length=1)


def formats() -> dict[str, Path]:
    """Find the formats by name; one's own lie in `data_manifests/formats/` here."""
    folders = [shipped("data_manifests") / "formats", Path("data_manifests/formats")]
    return {path.stem: path for folder in folders for path in sorted(folder.glob("*.yaml"))}


def with_preset(table: str, content: Any) -> Any:
    """Fill in what the format of a table of a manifest says; a table without one stays as it is.

    Raises
    ------
    ValueError
        If there is no such format, or it holds no such table.
    """
    if not isinstance(content, dict) or not isinstance(content.get("format"), str):
        return content
    name, known = content["format"], formats()
    if name not in known:
        some = ", ".join(known)
        raise ValueError(f"format {name!r} is unknown{nearest(name, known)} (known: {some})")
    preset = read_yaml(known[name], Format, ManifestError)
    if table not in preset.tables:
        held = ", ".join(preset.tables)
        raise ValueError(f"a file of format {name} holds {held}, no {table}")
    filled = {"reader": preset.reader, **preset.tables[table], **content}
    for section in ("columns", "where"):
        theirs, ours = preset.tables[table].get(section, {}), content.get(section) or {}
        if section == "columns" and {*ENDS} & {*ours}:
            theirs = {key: cell for key, cell in theirs.items() if key not in ENDS}
        filled[section] = {**theirs, **ours}
    return filled
