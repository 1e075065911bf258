"""The first screen of the page of a run: what it is of, and what came out."""

import os
import re
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from gazescribe.pipeline.core.errors import ParamsError
from gazescribe.pipeline.core.yaml_files import load_yaml
from gazescribe.pipeline.report.counts import INGEST, Metrics
from gazescribe.pipeline.report.layout import RunLayout
from gazescribe.pipeline.report.numbers import Cited
from gazescribe.pipeline.report.stages import DVC_STAGE

COMMIT = re.compile(r"[0-9a-f]{40}")
SHOWN = 12  # digits of a commit


def facts(
    folder: Path, layout: RunLayout, metrics: Sequence[Metrics], generator: str
) -> list[tuple[str, str]]:
    """Say by name what a run is of; what is not known is left out.

    Its time is that of its data, their versions: a page made twice must be the same.
    """
    versions = [
        f"{entry.item} {entry.content['version']}"
        for entry in metrics
        if entry.stage == INGEST and "version" in entry.content
    ]
    splits = dict.fromkeys(
        Cited(str(entry.content["split_source"]), entry.file, ["/split_source"])
        for entry in metrics
        if entry.stage == INGEST and "split_source" in entry.content
    )
    # DVC keeps the page until what it is made of changes, and a commit need not.
    commit = None if DVC_STAGE in os.environ else commit_of(folder)
    known = {
        "Versions of the data": ", ".join(versions),
        "Splits": next(iter(splits)) if len(splits) == 1 else "",
        "Profile": "" if layout.params is None else _profile_of(folder / layout.params),
        "Program": generator,
        "Commit": (commit or "")[:SHOWN],
    }
    return [(name, text) for name, text in known.items() if text]


def _profile_of(path: Path) -> str:
    """Give the profile that a parameter file names."""
    params = load_yaml(path, ParamsError) if path.is_file() else {}
    return str(params.get("profile", "")) if isinstance(params, dict) else ""


def commit_of(folder: Path) -> str | None:
    """Find the commit that is checked out in a project folder; None where git's files do not say.

    Git itself is not asked, as the settings of a foreign folder may name programs to run.
    """
    with suppress(OSError, ValueError):
        place = folder / ".git"
        if place.is_file():  # of a second work tree
            place = folder / place.read_text(encoding="utf-8").removeprefix("gitdir:").strip()
        head = (place / "HEAD").read_text(encoding="utf-8").strip()
        common = place / "commondir"
        if common.is_file():
            place = place / common.read_text(encoding="utf-8").strip()
        if head.startswith("ref: refs/"):
            head = _commit_of_branch(place, head.removeprefix("ref: "))
        return head if COMMIT.fullmatch(head) else None
    return None


def _commit_of_branch(place: Path, name: str) -> str:
    if (place / name).is_file():
        return (place / name).read_text(encoding="utf-8").strip()
    packed = (place / "packed-refs").read_text(encoding="utf-8").splitlines()
    return next((line.split()[0] for line in packed if line.endswith(f" {name}")), "")
