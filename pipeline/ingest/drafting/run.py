"""A draft of a manifest for files that nobody has described.

Reads: files of any kind, their names and the first rows of each. Writes: nothing; the draft is a
text. Drops: files that are no part of it are named in its head.
"""

import os
from collections.abc import Sequence
from pathlib import Path

from gazescribe.pipeline.core.console import plural
from gazescribe.pipeline.core.errors import ManifestError
from gazescribe.pipeline.ingest.drafting.draft import draft
from gazescribe.pipeline.ingest.drafting.kinds import Group, find_groups
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
        remedy = "Formats that are read are listed in docs/own-data.md; describe others by hand."
        what = f"no file here holds gaze or timed words that are recognised ({_seen(groups)})."
        raise ManifestError(what, where=root, remedy=remedy)
    head = [
        f"# Draft by `gazescribe manifest` of {_seen(groups)}.",
        "# Read each line. What is guessed has its reason behind it; answer each !ask, then",
        f"#   gazescribe verify {name}.yaml {root}",
    ]
    return "\n".join([*head, *as_yaml(content)]) + "\n"


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
            found = [path / entry.path for entry in entries]
        else:
            found = [path]
        files |= {file.resolve().relative_to(root).as_posix() for file in found}
    return sorted(
        file for file in files if not any(part.startswith(".") for part in file.split("/"))
    )


def _seen(groups: Sequence[Group]) -> str:
    parts = []
    for group in groups:
        what = f"{group.format} ({group.table})" if group.format else group.table
        parts.append(f"{plural(len(group.paths), 'file')} of {what}: {group.pattern.text}")
    return "; ".join(parts) or "nothing"
