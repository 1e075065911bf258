"""What is wrong with a raw tree, said in one way: `verify` prints it, `ingest` counts it."""

import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from gazescribe.pipeline.core.console import plural
from gazescribe.pipeline.core.errors import ManifestError

Severity = Literal["error", "loss", "warning"]
SEVERE = ("error", "loss", "warning")  # the worst first


@dataclass(frozen=True)
class Fault:
    """One thing wrong in one file; many rows wrong in the same way are one fault.

    Severities: with an error the tree cannot be ingested; with a loss it can, without what `loses`
    says; with a warning everything is kept.
    """

    severity: Severity
    code: str  # reason in snake case, the same for all readings; counts go by it
    message: str  # what is wrong, with the value found
    file: str  # path relative to the root
    # The first row concerned, from 1. In tables of one's own that is its line in the file; those of
    # the shipped data sets are counted without the header.
    row: int | None = None
    item: str | None = None  # reading or image concerned
    loses: str = ""  # tree, reading, gaze, text, words, fixations, ellipses, labels, image …
    n: int = 1  # rows, cells or sentences concerned

    def __str__(self) -> str:
        place = self.file if self.row is None else f"{self.file}, row {self.row}"
        return f"{place}: {self.message}"


@dataclass(frozen=True)
class Findings:
    """Gathers the faults of one file."""

    file: str
    item: str | None
    faults: list[Fault]

    def add(
        self,
        severity: Severity,
        code: str,
        message: str,
        *,
        row: int | None = None,
        loses: str = "",
        n: int = 1,
    ) -> None:
        """Note one fault."""
        self.faults.append(Fault(severity, code, message, self.file, row, self.item, loses, n))

    def add_rows(
        self,
        severity: Severity,
        code: str,
        message: str,
        bad: NDArray[np.bool_],
        *,
        rows: NDArray[np.integer[Any]] | None = None,
        loses: str = "",
    ) -> None:
        """Note the rows that are wrong in one way, if any; their number is put before the message.

        Parameters
        ----------
        severity, code, message, loses
            As in `Fault`.
        bad : ndarray of bool, shape (n,)
            Rows concerned.
        rows : ndarray of int, shape (n,), optional
            Their places in the file, from 0, where some were left out or sorted.
        """
        n = int(bad.sum())
        if n:
            places = np.flatnonzero(bad) if rows is None else rows[bad]
            text, row = f"{n} of {len(bad)} rows {message}", int(places.min()) + 1
            self.faults.append(Fault(severity, code, text, self.file, row, self.item, loses, n))


@dataclass
class Survey:
    """What a reader found in a tree without writing any table."""

    faults: list[Fault] = field(default_factory=list)  # in the order of the files
    counts: dict[str, int] = field(default_factory=dict)  # named as in the manifest's `counts`
    # Gaze-quality table by column (`ingest.quality.COLUMNS`); empty where there is no gaze.
    quality: dict[str, list[Any]] = field(default_factory=dict)
    # Measures of readings, by sort (`ingest.understood.sum_up`).
    understood: dict[str, dict[str, Any]] = field(default_factory=dict)
    # Ids seen, named as in the manifest's `ids`; they tell a synthetic tree.
    ids: dict[str, set[str]] = field(default_factory=dict)


def refuse(faults: Iterable[Fault], *, where: object) -> None:
    """Raise `ManifestError` with all faults that are errors: the tree cannot be ingested."""
    errors = [str(fault) for fault in faults if fault.severity == "error"]
    if errors:
        remedy = "Run `gazescribe verify` for everything that is wrong, or fetch the files again."
        raise ManifestError(
            "this tree cannot be ingested.", where=where, remedy=remedy, faults=errors
        )


class Tally:
    """Counts of faults, which themselves are not kept: a large tree has hundreds of thousands."""

    def __init__(self, faults: Iterable[Fault] = ()) -> None:
        self._rows: Counter[str] = Counter()
        self._items: defaultdict[str, set[str]] = defaultdict(set)
        self._about: dict[str, tuple[Severity, str]] = {}  # severity and what is lost
        self._lost: defaultdict[str, set[str]] = defaultdict(set)
        self._lost_rows: Counter[str] = Counter()
        self.add(faults)

    def add(self, faults: Iterable[Fault]) -> None:
        """Count some more."""
        for fault in faults:
            item = sys.intern(fault.item or fault.file)  # workers send each anew
            self._rows[fault.code] += fault.n
            self._items[fault.code].add(item)
            worst, _ = self._about.get(fault.code, (fault.severity, ""))
            if SEVERE.index(fault.severity) <= SEVERE.index(worst):
                self._about[fault.code] = fault.severity, fault.loses
            if fault.severity != "loss":
                continue
            if fault.item is None and (fault.n > 1 or fault.row is not None):
                self._lost_rows[fault.loses] += fault.n
            else:
                self._lost[fault.loses].add(item)

    def by_reason(self) -> dict[str, dict[str, Any]]:
        """Give for each code `severity`, `loses`, `rows` (sum of n), `items` (readings …)."""
        return {
            code: {
                "severity": severity,
                "loses": loses,
                "rows": self._rows[code],
                "items": len(self._items[code]),
            }
            for code, (severity, loses) in sorted(self._about.items())
        }

    def lost(self) -> dict[str, dict[str, int]]:
        """Count what is lost.

        `lost` counts readings, images or files by what they lose, each once; `lost_rows` the rows
        of files that hold many readings.
        """
        return {
            "lost": {kind: len(self._lost[kind]) for kind in sorted(self._lost)},
            "lost_rows": dict(sorted(self._lost_rows.items())),
        }


def say_lost(counts: Mapping[str, Mapping[str, int]]) -> str:
    """Say what `Tally.lost` counted; empty when nothing is lost."""
    items = ", ".join(f"{kind} of {n:,}" for kind, n in counts["lost"].items())
    rows = ", ".join(f"{plural(n, 'row')} of {kind}" for kind, n in counts["lost_rows"].items())
    return "; ".join(filter(None, (items, rows)))
