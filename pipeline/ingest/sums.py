"""PhysioNet's list of checksums, in its own form (one blank) and in that of `sha256sum` (two).

Reads: `SHA256SUMS.txt`. Writes: nothing. Drops, each counted: lines that are no checksum and path.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from gazescribe.pipeline.core.system_errors import explain_system, is_out_of_handles
from gazescribe.pipeline.sources.faults import Fault
from gazescribe.pipeline.sources.walking import absence

NAME = "SHA256SUMS.txt"
MAX_LINES = 10  # whose numbers are said
_SUM = re.compile(r"(?P<escaped>\\?)(?P<digest>[0-9a-fA-F]{64})(?: [ *]|[ \t])(?P<path>.+)")


@dataclass
class Sums:
    """A list of checksums: SHA-256 by path below the root, and what is wrong with it."""

    digests: dict[str, str] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)


def read_sums(path: Path) -> Sums:
    """Read a list of checksums; a list that is absent or damaged is a fault, and no error."""
    sums = Sums()

    def lose(code: str, message: str, n: int = 1) -> None:
        sums.faults.append(Fault("loss", code, message, path.name, None, None, "checksums", n))

    if not path.is_file():
        message = f"{absence(path)}; no checksum was compared"
        sums.faults.append(Fault("warning", "checksums_missing", message, path.name))
        return sums
    try:
        content = path.read_bytes()
    except OSError as error:
        if is_out_of_handles(error):
            raise
        lose("checksums_unreadable", f"this cannot be read: {explain_system(error)[0]}")
        return sums
    sums.digests, unreadable, contrary = _parse(content)
    if unreadable:
        web = ": this is a web page; fetch the list again, logged in"
        message = f"are no SHA-256 and path{web if content.lstrip()[:1] == b'<' else ''}"
        lose("checksums_unreadable", _of_lines(unreadable, message), len(unreadable))
    if contrary:
        message = "give a path of an earlier line another SHA-256"
        lose("checksums_contradict", _of_lines(contrary, message), len(contrary))
    if not sums.digests and not unreadable:
        lose("checksums_empty", "the list is empty")
    elif not content.endswith(b"\n"):
        message = "the last line has no end: the list may be cut off"
        sums.faults.append(Fault("warning", "checksums_cut", message, path.name))
    return sums


def _parse(content: bytes) -> tuple[dict[str, str], list[int], list[int]]:
    """Give digests by path, and the lines that are none and that contradict earlier ones."""
    digests: dict[str, str] = {}
    unreadable: list[int] = []
    contrary: list[int] = []
    # Names of files may be of any encoding, as on disk.
    text = content.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "surrogateescape")
    for number, line in enumerate(text.split("\n"), 1):
        line_text = line.removesuffix("\r")
        if not line_text.strip() or line_text.startswith("#"):
            continue
        match = _SUM.fullmatch(line_text)
        path = _path_of(match) if match else None
        if match is None or path is None:
            unreadable.append(number)
            continue
        digest = match["digest"].lower()
        if digests.setdefault(path, digest) != digest:
            contrary.append(number)
    return digests, unreadable, contrary


def _of_lines(numbers: Sequence[int], message: str) -> str:
    shown = ", ".join(map(str, numbers[:MAX_LINES]))
    more = ", …" if len(numbers) > MAX_LINES else ""
    return f"{len(numbers):,} lines {message} (line {shown}{more})"


def _path_of(match: re.Match[str]) -> str | None:
    """Give the path of a line, relative to the root; None where it leads out of it."""
    path = match["path"]
    if match["escaped"]:  # sha256sum's way to write a path with a line break or a backslash
        path = re.sub(r"\\(.)", lambda escape: {"n": "\n"}.get(escape[1], escape[1]), path)
    parts = PurePosixPath(path).parts
    if "\0" in path or not parts or ".." in parts or parts[0].startswith("/"):
        return None
    return str(PurePosixPath(*parts))
