"""Errors that are for people: what is wrong, where, what was expected, what to do.

The command line prints a `GazeError` without traceback and exits with 2; every other exception is a
bug and exits with 1.
"""

import difflib
import reprlib
from collections.abc import Iterable, Sequence
from itertools import islice

MAX_SHOWN = 10
MAX_LENGTH = 2_000  # characters of a message, or of one of its faults
SHORT = 80  # characters of a value that a message shows


def nearest(name: str, names: Iterable[str]) -> str:
    """Say behind a message which known name is the nearest, whatever its case, if one is near."""
    by_folded = {candidate.casefold(): candidate for candidate in names}
    near = difflib.get_close_matches(name.casefold(), by_folded, n=1)
    return f"; the nearest is {by_folded[near[0]]}" if near else ""


def shorten(text: object, length: int = SHORT) -> str:
    """Cut what a message quotes to so many characters, and make it one line."""
    line = " ".join(str(text)[: 10 * length].split())
    return line if len(line) <= length else f"{line[: length - 1]}…"


class _ShortRepr(reprlib.Repr):
    """A `repr` that stops early, however large or deep the value is."""

    def __init__(self) -> None:
        super().__init__()
        self.maxlevel = 3
        self.maxlist = self.maxtuple = self.maxdict = self.maxset = self.maxfrozenset = 10

    def repr_str(self, x: str, level: int) -> str:  # noqa: ARG002  reprlib's signature
        return repr(x) if len(x) <= SHORT else repr(x[:SHORT])

    def repr_int(self, x: int, level: int) -> str:  # noqa: ARG002  reprlib's signature
        # Python refuses to write numbers of more than 4,300 digits.
        return repr(x) if x.bit_length() < 10 * SHORT else f"a number of {x.bit_length()} bits"

    def repr_dict(self, x: dict[object, object], level: int) -> str:
        if level <= 0 and x:
            return "{…}"
        pairs = [
            f"{self.repr1(key, level - 1)}: {self.repr1(value, level - 1)}"
            for key, value in islice(x.items(), self.maxdict)
        ]
        return "{" + ", ".join(pairs + ["…"] * (len(x) > self.maxdict)) + "}"


def quote(value: object) -> str:
    """Show a value in a message: as `repr` does, but at most about 80 characters of it."""
    text = _ShortRepr().repr(value)
    return text if len(text) <= SHORT else f"{text[: SHORT - 1]}…"


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
        head = _limit(head)
        lines = [f"{head} {self.remedy}" if self.remedy else head]
        lines += [f"  - {_limit(fault)}" for fault in self.faults[:MAX_SHOWN]]
        if len(self.faults) > MAX_SHOWN:
            lines.append(f"  … and {len(self.faults) - MAX_SHOWN} more")
        return "\n".join(lines)


def _limit(text: str) -> str:
    """Cut a message that quotes more than anybody reads; its end says what was expected."""
    if len(text) <= MAX_LENGTH:
        return text
    half = MAX_LENGTH // 2
    return f"{text[:half]} … {text[-half:]}"


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
