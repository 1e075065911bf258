"""What the system refuses, said for people: what happened, to which file, and what to do."""

import errno
import re
import resource
import shutil
from pathlib import Path

from gazescribe.pipeline.core.errors import GazeError, shorten

_ANOTHER_DISK = "Free some space there, or name a place on another disk."
_ASK = "Ask its owner, or name another place."
_REASONS: dict[int, tuple[str, str | None]] = {
    errno.ENOENT: ("there is no such file or folder.", None),
    errno.ENOTDIR: ("a part of this path is a file, where a folder is needed.", None),
    errno.EISDIR: ("this is a folder, where a file is needed.", None),
    errno.EEXIST: ("this is there already.", "Name another place."),
    errno.ENOTEMPTY: ("this folder is not empty.", "Name another place."),
    errno.EACCES: ("you have no right to read or write this.", _ASK),
    errno.EPERM: ("you have no right to read or write this.", _ASK),
    errno.EROFS: ("this disk can only be read.", "Name a place on another disk."),
    errno.ENOSPC: ("the disk is full.", _ANOTHER_DISK),
    errno.EDQUOT: ("your share of this disk is used up.", _ANOTHER_DISK),
    errno.EFBIG: ("this disk holds no file of that size.", "Name a place on another disk."),
    errno.ELOOP: ("this link leads back to itself.", "Remove it."),
    errno.ENAMETOOLONG: ("this name is longer than the disk allows.", "Choose a shorter one."),
    errno.EIO: ("the disk has a fault and does not give or take this file.", "Copy it elsewhere."),
    errno.ESTALE: ("this was replaced on the server while it was read.", "Run this again."),
}
_FEWER = "Use fewer --workers, a smaller --size, or a machine with more memory."
_CUT_WRITE = re.compile(r"(\d+) requested and (\d+) written")


def is_out_of_handles(fault: BaseException) -> bool:
    """Tell whether the process may open no more files.

    Then nothing is wrong with the file at hand, and whoever counts what cannot be read must not
    count it: the run has to end.
    """
    return isinstance(fault, OSError) and fault.errno in (errno.EMFILE, errno.ENFILE)


def explain_system(fault: OSError | MemoryError, where: object | None = None) -> tuple[str, str]:
    """Say what the system refuses, and what to do then; both are sentences.

    `where` is the file in question, if it is not the one that the system names.
    """
    if isinstance(fault, MemoryError) or fault.errno == errno.ENOMEM:
        detail = (
            f" ({shorten(fault, 200)})" if str(fault) and isinstance(fault, MemoryError) else ""
        )
        return f"this needs more memory than there is{detail}.", _FEWER
    if is_out_of_handles(fault):
        limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        message = f"more files are needed at once than a process may have open here ({limit})."
        return message, "Allow more with `ulimit -n 4096`, or use fewer --workers."
    cut = _CUT_WRITE.search(str(fault))
    if fault.errno is None and cut:  # numpy says it so, without the file or the reason
        wanted, written = map(int, cut.groups())
        message = f"the disk took {written:,} of the {wanted:,} values of an array: it is full."
        return message + _room(where), _ANOTHER_DISK
    message, remedy = _REASONS.get(fault.errno or 0, ("", None))
    if not message:
        return f"the system refuses this ({shorten(fault.strerror or fault, 200)}).", ""
    is_full = fault.errno in (errno.ENOSPC, errno.EDQUOT)
    return message + (_room(where or fault.filename) if is_full else ""), remedy or ""


def _room(place: object | None) -> str:
    """Say how much room is left on the disk of a place, as far as it is known."""
    if not isinstance(place, str | Path):
        return ""
    folder = next((folder for folder in Path(place).absolute().parents if folder.exists()), None)
    return f" There are {shutil.disk_usage(folder).free:,} bytes free." if folder else ""


def from_system(fault: OSError | MemoryError) -> GazeError:
    """Turn what the system refuses into an error for people; the place where commands end."""
    message, remedy = explain_system(fault)
    where = fault.filename if isinstance(fault, OSError) else None
    second = getattr(fault, "filename2", None)
    if second is not None:
        where = f"{where} -> {second}"
    return GazeError(message, where=where, remedy=remedy or None)
