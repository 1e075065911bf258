"""Errors that are for people: what is wrong, where, what was expected, what to do.

The command line prints a `GazeError` without traceback and exits with 2; every other exception is a
bug and exits with 1.
"""

import difflib
from collections.abc import Iterable, Sequence

MAX_SHOWN = 10


def nearest(name: str, names: Iterable[str]) -> str:
    """Say behind a message which known name is the nearest, whatever its case, if one is near."""
    by_folded = {candidate.casefold(): candidate for candidate in names}
    near = difflib.get_close_matches(name.casefold(), by_folded, n=1)
    return f"; the nearest is {by_folded[near[0]]}" if near else ""


class GazeError(Exception):
    """A fault in what the user gave.

    Parameters
    ----------
    what : str
        What is wrong, with the value found and the rule it breaks.
    where : str, optional
        File, and row or key inside it.
    remedy : str, optional
        What the user can do about it.
    faults : sequence of str
        All single faults when there are several; ten are printed.
    """

    def __init__(
        self,
        what: str,
        *,
        where: object | None = None,
        remedy: str | None = None,
        faults: Sequence[str] = (),
    ) -> None:
        super().__init__(what)
        self.what = what
        self.where = None if where is None else str(where)
        self.remedy = remedy
        self.faults = tuple(faults)

    def __str__(self) -> str:
        head = f"{self.where}: {self.what}" if self.where else self.what
        lines = [f"{head} {self.remedy}" if self.remedy else head]
        lines += [f"  - {fault}" for fault in self.faults[:MAX_SHOWN]]
        if len(self.faults) > MAX_SHOWN:
            lines.append(f"  … and {len(self.faults) - MAX_SHOWN} more")
        return "\n".join(lines)


class ManifestError(GazeError):
    """A data manifest, or a raw tree measured against one."""


class SchemaError(GazeError):
    """A table that does not have the columns, types or rows its schema asks for."""


class ParamsError(GazeError):
    """A parameter that is missing, unknown or out of range."""


class RuleError(GazeError):
    """A file of the rules folder."""


class AlignmentError(GazeError):
    """Two inputs that do not belong together: texts and words, mentions and readings."""


class WriteError(GazeError):
    """A place where nothing can be written: a full disk, a folder that can only be read."""


class ArrayError(GazeError):
    """An array of the wrong shape, type or range."""
