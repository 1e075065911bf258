"""PhysioNet's `SHA256SUMS.txt` against the files of a tree: which differ, lack, or are not listed.

Tables that were packed or unpacked after the download are compared by their content, files out of
an archive by what the archive says of them.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gazescribe.pipeline.core.errors import SchemaError
from gazescribe.pipeline.core.foreign import zip_members
from gazescribe.pipeline.ingest.digests import Task, read_digests
from gazescribe.pipeline.ingest.sums import NAME, read_sums
from gazescribe.pipeline.sources.faults import Fault
from gazescribe.pipeline.sources.manifests import Manifest

MANY = 50  # absent files of one kind are counted, not named, if there is none of it and more listed


@dataclass
class Checked:
    """What became of the files; paths are below the root and sorted."""

    n_listed: int = 0
    n_checked: int = 0
    n_read: int = 0  # files read now; the digests of others were known
    differ: list[str] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)
    absent_kinds: dict[str, int] = field(default_factory=dict)  # not in `absent`, by the manifest
    not_listed: list[str] = field(default_factory=list)
    unchecked: dict[str, str] = field(default_factory=dict)  # and why
    faults: list[Fault] = field(default_factory=list)

    @property
    def n_absent(self) -> int:
        """Files that the list names and the tree lacks."""
        return len(self.absent) + sum(self.absent_kinds.values())

    def as_json(self) -> dict[str, Any]:
        """Give all but the faults, which the report has elsewhere."""
        return {name: value for name, value in vars(self).items() if name != "faults"}


def check_sums(
    root: Path,
    manifest: Manifest,
    sizes: Mapping[str, int],
    state: Path,
    *,
    workers: int | None = None,
    scheduler: str | None = None,
) -> Checked:
    """Compare the files of a tree with its list of checksums.

    Parameters
    ----------
    root : pathlib.Path
        Root of the tree, which is only read.
    manifest : Manifest
        Names the kinds of files.
    sizes : mapping of str to int
        All files of the tree, by path below the root.
    state : pathlib.Path
        Where the digests are noted; made if it is not there.
    workers, scheduler
        As in `map_tasks`.

    Raises
    ------
    GazeError
        If the state cannot be written, or is a file of something else.
    """
    sums = read_sums(root / NAME)
    checked = Checked(n_listed=len(sums.digests), faults=sums.faults)
    if not sums.digests:
        return checked
    expected, same = _plan(root, sums.digests, sizes, checked)
    tasks = sorted({*expected, *(task for pair in same for task in pair)})
    digests = read_digests(root, tasks, sizes, state, workers=workers, scheduler=scheduler)
    checked.n_read = digests.n_read
    for path, reason in sorted(digests.unreadable.items()):
        _note(checked, "checksum_file_unreadable", reason, path)
    _compare(expected, same, digests.by_task, checked)
    _sum_up(checked, manifest, sizes)
    return checked


def _note(checked: Checked, code: str, message: str, path: str) -> None:
    checked.faults.append(Fault("loss", code, message, path, loses="published content"))


def _plan(
    root: Path, sums: Mapping[str, str], sizes: Mapping[str, int], checked: Checked
) -> tuple[dict[Task, str], list[tuple[Task, Task]]]:
    """Say which files to read and what their digests should be; and which two should be the same.

    What cannot be compared is noted in `checked`: absent, unchecked and not listed.
    """
    expected: dict[Task, str] = {}
    same = []
    covered = {NAME}
    for path, digest in sums.items():
        plain = path.removesuffix(".gz")
        if path in sizes:
            expected[Task(path, "whole")] = digest
            covered.add(path)
            if plain != path and plain in sizes and plain not in sums:  # the readers take this
                same.append((Task(plain, "whole"), Task(path, "unpacked")))
                covered.add(plain)
        elif f"{path}.gz" in sizes and f"{path}.gz" not in sums:
            expected[Task(f"{path}.gz", "unpacked")] = digest
            covered.add(f"{path}.gz")
        elif plain != path and plain in sizes and plain not in sums:
            checked.unchecked[plain] = f"it was unpacked from {path}, which is not here"
            covered.add(plain)
        else:
            checked.absent.append(path)
    for path in sums:
        if path.endswith(".zip"):
            further = _from_archive(root, path, sizes, covered, checked)
            expected |= further
            covered |= {task.path for task in further} | checked.unchecked.keys()
    checked.not_listed = sorted(sizes.keys() - covered)
    return expected, same


def _from_archive(
    root: Path, path: str, sizes: Mapping[str, int], covered: set[str], checked: Checked
) -> dict[Task, str]:
    """Give the CRCs of the files that were unpacked from an archive that the list names."""
    stem = path.removesuffix(".zip")
    beside = f"{path.rpartition('/')[0]}/".removeprefix("/")
    inside = [name for name in sizes if name.startswith(f"{stem}/") and name not in covered]
    if not inside:
        return {}
    reason = f"it was unpacked from {path}, which is not here"
    sums: dict[str, str] = {}
    if path in sizes:
        reason = f"it lies in the folder of {path}, which does not hold it"
        try:
            for member in zip_members(root / path):
                for name in (f"{beside}{member.filename}", f"{stem}/{member.filename}"):
                    sums.setdefault(name, f"{member.CRC:08x}")
        except SchemaError as error:
            reason = f"it was unpacked from {path}, which cannot be read ({error.what})"
    checked.unchecked |= {name: reason for name in inside if name not in sums}
    return {Task(name, "crc32"): sums[name] for name in inside if name in sums}


def _compare(
    expected: Mapping[Task, str],
    same: Iterable[tuple[Task, Task]],
    digests: Mapping[Task, str],
    checked: Checked,
) -> None:
    wanted_digests = {**expected}
    for plain, packed in same:
        if packed in digests:
            wanted_digests[plain] = digests[packed]
    for task, wanted in wanted_digests.items():
        digest = digests.get(task)
        if digest is None:
            continue
        checked.n_checked += 1
        if digest != wanted:
            checked.differ.append(task.path)
            sort = "CRC-32" if task.mode == "crc32" else "SHA-256"
            content = " of its content" if task.mode == "unpacked" else ""
            message = f"its {sort}{content} is {digest[:12]}, not {wanted[:12]} as published"
            _note(checked, "checksum_differs", message, task.path)


def _sum_up(checked: Checked, manifest: Manifest, sizes: Mapping[str, int]) -> None:
    """Note what is absent or not listed, as one fault each: there may be hundreds of thousands."""
    matchers = [(file.name, manifest.matcher(file)) for file in manifest.files]

    def kind_of(path: str) -> str:
        return next((name for name, matcher in matchers if matcher.fullmatch(path)), "")

    kinds = {path: kind_of(path) for path in checked.absent}
    kinds_present = {kind_of(path) for path in sizes}
    counts = Counter(kinds.values())
    whole = {kind for kind, n in counts.items() if kind and n > MANY and kind not in kinds_present}
    checked.absent_kinds = {kind: counts[kind] for kind in sorted(whole)}
    checked.absent = sorted(path for path in checked.absent if kinds[path] not in whole)
    checked.differ.sort()
    checked.unchecked = dict(sorted(checked.unchecked.items()))
    for code, n, message in (
        ("checksum_absent", checked.n_absent, "files that it lists are not here"),
        ("checksum_not_listed", len(checked.not_listed), "files here are not listed"),
        ("checksum_unchecked", len(checked.unchecked), "files have no checksum of their own"),
    ):
        if n:
            checked.faults.append(Fault("warning", code, f"{n:,} {message}", NAME, n=n))


def say_checked(checked: Checked, limit: int = MANY) -> Iterator[str]:
    """Say what became of the files, the first of each sort by name."""
    if not checked.n_listed:
        yield "checksums: no file was compared"
        return
    yield (
        f"checksums: {checked.n_checked:,} of {checked.n_listed:,} listed files compared"
        f" ({checked.n_read:,} read now), {len(checked.differ):,} differ,"
        f" {checked.n_absent:,} absent, {len(checked.not_listed):,} not listed"
    )
    for title, paths in (
        ("differ from what was published", checked.differ),
        ("listed and absent", checked.absent),
        ("here and not listed", checked.not_listed),
        ("not to be compared", [f"{path}: {why}" for path, why in checked.unchecked.items()]),
    ):
        if paths:
            yield f"  {title}:"
            yield from (f"    {path}" for path in paths[:limit])
            if len(paths) > limit:
                yield f"    … and {len(paths) - limit:,} more (--json names all)"
    for kind, n in checked.absent_kinds.items():
        yield f"  listed and absent: all {n:,} files of the kind {kind}"
