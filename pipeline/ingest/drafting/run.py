"""A draft of a manifest for files that nobody has described.

Reads: files of any kind, their names and the first rows of each. Writes: nothing; the draft is a
text. Drops: files that are no part of it are named in its head.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from gazescribe.pipeline.core.console import plural
from gazescribe.pipeline.core.errors import ManifestError
from gazescribe.pipeline.ingest.drafting.draft import GAZE, draft
from gazescribe.pipeline.ingest.drafting.kinds import Group, find_groups, is_unknown
from gazescribe.pipeline.ingest.drafting.writing import as_yaml
from gazescribe.pipeline.sources.walking import entries_below


def draft_manifest(paths: Sequence[Path], name: str = "mylab") -> str:
    """Write a draft for files and folders; its first lines say what was found where.

    Raises
    ------
    ManifestError
        If no file among them holds gaze or words.
    """
    root = root_of(paths)
    groups = find_groups(root, files_of(paths, root))
    content = draft(name, groups, root)
    if not {"fixations", "samples", "words"} & {*content["tables"]}:
        remedy = "See docs/your-files.md for what is read, docs/own-data.md for other tables."
        seen = "; ".join(_seen(groups)) or "nothing"
        message = f"no file here holds gaze or timed words that are recognised ({seen})."
        raise ManifestError(message, where=root, remedy=remedy)
    place = paths[0] if len(paths) == 1 and paths[0].is_dir() else root
    head = [
        "# Draft by `gazescribe manifest`, of",
        *(f"#   {line}" for line in _seen(groups)),
        *_lacking(groups, content["tables"]),
        "# Read each line. What is guessed has its reason behind it; answer each !ask, then",
        f"#   gazescribe verify {name}.yaml {place}",
    ]
    return "\n".join([*head, *as_yaml(content)]) + "\n"


def _lacking(groups: Sequence[Group], tables: Mapping[str, Any]) -> Iterator[str]:
    """Say that gaze or words are not there, and how many files are not recognised."""
    n_files = sum(len(group.paths) for group in groups)
    n_unknown = sum(len(group.paths) for group in groups if is_unknown(group.table))
    others = (
        f"{n_unknown} of {plural(n_files, 'file')} {'is' if n_unknown == 1 else 'are'} not read"
    )
    for message, names in (("gaze", GAZE), ("words", ("words",))):
        if not {*names} & {*tables}:
            yield f"# No {message} {'was' if message == 'gaze' else 'were'} found" + (
                f": {others}." if n_unknown else "."
            )


def root_of(paths: Sequence[Path]) -> Path:
    """Give the folder that a manifest's paths start from."""
    folders = [path if path.is_dir() else path.parent for path in paths]
    return Path(os.path.commonpath([folder.resolve() for folder in folders]))


def files_of(paths: Sequence[Path], root: Path) -> list[str]:
    """List the files below the root that are meant; hidden ones are not."""
    files: set[str] = set()
    for path in paths:
        if path.is_dir():
            entries = [entry for entry in entries_below(path) if entry.kind == "file"]
            listed = [path / entry.path for entry in entries]
        else:
            listed = [path]
        files |= {file.resolve().relative_to(root).as_posix() for file in listed}
    return sorted(
        file for file in files if not any(part.startswith(".") for part in file.split("/"))
    )


def _seen(groups: Sequence[Group]) -> list[str]:
    """Say what files are taken for, a line for files that are alike."""
    tables: dict[tuple[str, str], list[str]] = {}
    n_files: dict[tuple[str, str], int] = {}
    for group in groups:
        name = group.paths[0] if len(group.paths) == 1 else group.pattern.text
        key = name, group.format or ""
        tables.setdefault(key, []).append(group.table)
        n_files[key] = len(group.paths)
    lines = []
    for (name, form), names in tables.items():
        of_format = f", format {form}" if form else ""
        lines.append(f"{plural(n_files[name, form], 'file')} {name}: {', '.join(names)}{of_format}")
    return lines
