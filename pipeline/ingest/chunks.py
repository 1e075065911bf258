"""Rows of many readings, in chunks of fixed size; each is written as one row group a table."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any, Self, TypeVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from gazescribe.pipeline.core.tables import TableWriter, conform
from gazescribe.pipeline.ingest.quality import Quality, exclusions, gaze_quality, on_image
from gazescribe.pipeline.sources.faults import Fault, Findings

Item = TypeVar("Item")

CHUNK_READINGS = 128  # a row group; independent of the workers, so that bytes are too


@dataclass
class Chunk:
    """Tables of some readings, and what was noted while they were read."""

    # table to column to pieces, one a reading
    tables: dict[str, dict[str, list[Any]]] = field(default_factory=dict)
    packed: dict[str, pa.Table] = field(default_factory=dict)  # the same, once `pack` was called
    faults: list[Fault] = field(default_factory=list)
    # rows of the gaze-quality table, by column
    quality: dict[str, list[Any]] = field(default_factory=dict)
    without_gaze: Counter[str] = field(default_factory=Counter)  # by reason

    def add(self, table: str, reading_id: str, columns: Mapping[str, Any]) -> None:
        """Add rows of one reading; no column when there is no row."""
        n_rows = len(next(iter(columns.values())))
        if n_rows:
            pieces = self.tables.setdefault(table, {})
            for name, values in {"reading_id": [reading_id] * n_rows, **columns}.items():
                pieces.setdefault(name, []).append(values)

    def add_reading(self, reading_id: str, row: Mapping[str, Any]) -> None:
        """Add the row of one reading to the table `readings`."""
        self.add("readings", reading_id, {name: [value] for name, value in row.items()})

    def add_attributes(self, reading_id: str, values: Mapping[str, str]) -> None:
        """Add the attributes of one reading, by name."""
        columns = {"name": list(values), "value": list(values.values())}
        self.add("attributes", reading_id, columns)

    def add_fixations(
        self,
        reading_id: str,
        columns: Mapping[str, Any],
        size_px: tuple[int | None, int | None],
        thresholds: Quality,
    ) -> bool:
        """Add the fixations of one reading unless their quality is beyond a threshold; tell which.

        `columns` are those of the table `fixations` without the number, in time order, of one row
        at least. The quality is noted in either case.
        """
        quality = gaze_quality(
            columns["onset_s"],
            columns["offset_s"],
            columns["x_px"],
            columns["y_px"],
            size_px,
            thresholds.min_gap_s,
        )
        excluded = exclusions(quality, thresholds)
        row = {"reading_id": reading_id, **asdict(quality), "excluded": " ".join(excluded)}
        for name, value in row.items():
            self.quality.setdefault(name, []).append(value)
        if excluded:
            self.without_gaze[f"quality: {excluded[0]}"] += 1
            return False
        self.add("fixations", reading_id, {"fixation": np.arange(quality.n_fixations), **columns})
        return True

    def add_usable_fixations(
        self,
        values: Mapping[str, NDArray[Any]],
        usable: NDArray[np.bool_],
        places: NDArray[np.intp],
        size_px: tuple[int | None, int | None],
        thresholds: Quality,
        findings: Findings,
    ) -> bool:
        """Add the usable fixations of one file in time order, with warnings of what is unusual.

        `values` and `places` are columns of all rows and their places in the file; `findings` names
        the reading. Tells as `add_fixations` whether they were added.
        """
        rows = np.flatnonzero(usable)
        rows = rows[np.argsort(values["onset_s"][rows], kind="stable")]
        columns, places = {name: column[rows] for name, column in values.items()}, places[rows]
        if not rows.size:
            findings.add("loss", "fixations_none", "there is no usable fixation", loses="gaze")
            self.without_gaze["no fixation"] += 1
            return False

        def warn(code: str, message: str, bad: NDArray[np.bool_]) -> None:
            findings.add_rows("warning", f"fixation_{code}", message, bad, rows=places)

        warn("order", "were sorted by time", np.append(False, np.diff(places) < 0))
        overlap = np.append(False, columns["onset_s"][1:] < columns["offset_s"][:-1])
        warn("overlap", "start before the one before ends", overlap)
        width_px, height_px = size_px
        if width_px is not None and height_px is not None:
            inside = on_image(columns["x_px"], columns["y_px"], width_px, height_px)
            warn("off_image", "lie off the image", ~inside)
        return self.add_fixations(str(findings.item), columns, size_px, thresholds)

    def last(self, table: str, reading_id: str, column: str) -> Any:
        """Give a column of the reading that was added last; empty when it has no row."""
        pieces = self.tables.get(table, {})
        if not pieces or pieces["reading_id"][-1][0] != reading_id:
            return ()
        return pieces[column][-1]

    def pack(self) -> Self:
        """Make tables of the pieces; as such they travel fast from a worker."""
        for table, columns in self.tables.items():
            rows = {name: _join(pieces) for name, pieces in columns.items()}
            self.packed[table] = conform(rows, table)
        self.tables = {}
        return self

    def take_notes(self, other: "Chunk") -> None:
        """Take over all but the rows of another chunk."""
        self.faults += other.faults
        self.without_gaze += other.without_gaze
        for name, values in other.quality.items():
            self.quality.setdefault(name, []).extend(values)


def _join(pieces: list[Any]) -> Any:
    if all(isinstance(piece, np.ndarray) for piece in pieces):
        return np.concatenate(pieces)
    return list(chain.from_iterable(pieces))


def cut(items: Sequence[Item], size: int = CHUNK_READINGS) -> list[Sequence[Item]]:
    """Cut a sequence into chunks of fixed size, the last one shorter."""
    return [items[start : start + size] for start in range(0, len(items), size)]


def write_chunks(
    chunks: Iterable[Chunk],
    out: Path | None,
    names: Iterable[str],
    extra: Mapping[str, str] | None = None,
) -> tuple[dict[str, int], Chunk]:
    """Write chunks to tables as they come.

    Parameters
    ----------
    chunks : iterable of Chunk
        In rising order of reading.
    out : pathlib.Path or None
        Folder of the tables; without one the chunks are read and nothing is written.
    names : iterable of str
        Tables to write, also when no chunk has a row of them.
    extra : mapping of str to str, optional
        More metadata for each file.

    Returns
    -------
    n_rows : dict of str to int
        Rows per table written.
    notes : Chunk
        All faults, quality rows and counts; no rows.
    """
    notes = Chunk()
    with ExitStack() as stack:
        writers = {}
        if out is not None:
            writers = {name: stack.enter_context(TableWriter(out, name, extra)) for name in names}
        for chunk in chunks:
            packed = chunk.pack().packed
            for name, writer in writers.items():
                if name in packed:
                    writer.write(packed[name])
            notes.take_notes(chunk)
    return {name: writer.n_rows for name, writer in writers.items()}, notes
