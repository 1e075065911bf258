"""Rows of many readings, in chunks of fixed size; each is written as one row group a table.

Samples are many: those of a chunk are cut, and only numbers until they are written.

The folder of the tables holds one data set, and nothing of an earlier run.
"""

import math
import sys
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any, Self, TypeVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from gazescribe.pipeline.core.errors import GazeError, SchemaError
from gazescribe.pipeline.core.files import settle
from gazescribe.pipeline.core.foreign_tables import parquet_schema
from gazescribe.pipeline.core.schemas import TABLES
from gazescribe.pipeline.core.tables import TableWriter, conform, table_path
from gazescribe.pipeline.ingest.packets import Cuts, Readings
from gazescribe.pipeline.ingest.quality import Quality, exclusions, gaze_quality, on_image
from gazescribe.pipeline.ingest.transcripts import Transcript, Word
from gazescribe.pipeline.ingest.understood import (
    SORTS,
    Measures,
    measure_fixations,
    measure_samples,
    measure_words,
)
from gazescribe.pipeline.sources.faults import Fault, Findings, Tally

Task = TypeVar("Task")

READING_TABLES = (
    "readings",
    "fixations",
    "words",
    "sentences",
    "certainties",
    "ellipses",
    "regions",
    "attributes",
)
INGESTED = (*READING_TABLES, "samples", "studies", "images")
CHUNK_READINGS = 128  # a row group; independent of the workers, so that bytes are too
GROUP_ROWS = 2**16  # of samples in one row group at most; most readings have fewer


@dataclass
class Chunk:
    """Tables of some readings, and what was noted while they were read."""

    # table to column to pieces, one a reading
    tables: dict[str, dict[str, list[Any]]] = field(default_factory=dict)
    packed: dict[str, pa.Table] = field(default_factory=dict)  # the same, once `pack` was called
    # the samples of each reading, without its id and their numbers
    samples: list[tuple[str, dict[str, NDArray[Any]]]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    # rows of the gaze-quality table, by column
    quality: dict[str, list[Any]] = field(default_factory=dict)
    # what was measured of each reading, by sort and column
    measures: dict[str, dict[str, Any]] = field(default_factory=dict)
    without_gaze: Counter[str] = field(default_factory=Counter)  # by reason
    n_dictations: int = 0  # readings with words

    def add(self, table: str, reading_id: str, columns: Mapping[str, Any]) -> None:
        """Add rows of one reading; no column when there is no row."""
        n_rows = len(next(iter(columns.values())))
        if n_rows:
            pieces = self.tables.setdefault(table, {})
            for name, values in {"reading_id": [reading_id] * n_rows, **columns}.items():
                pieces.setdefault(name, []).append(values)

    def measure(self, sort: str, **values: Any) -> None:
        """Note what was measured of one reading."""
        columns = self.measures.setdefault(sort, {})
        for name, value in values.items():
            columns.setdefault(name, []).append(value)

    def add_reading(self, reading_id: str, reading: object, **values: Any) -> None:
        """Add one row to `readings`: its columns are attributes of the reading, or `values`."""
        names = TABLES["readings"].columns
        row = {name: getattr(reading, name) for name in names if hasattr(reading, name)}
        columns = {name: [value] for name, value in (row | values).items()}
        self.add("readings", reading_id, columns)

    def add_attributes(self, reading_id: str, values: Mapping[str, str]) -> None:
        """Add the attributes of one reading, by name."""
        columns = {"name": list(values), "value": list(values.values())}
        self.add("attributes", reading_id, columns)

    def add_words(self, reading_id: str, transcript: Transcript, words: Sequence[Word]) -> Measures:
        """Add the words of one reading, in the order of its transcript, and the sentences.

        Gives what was measured of them.
        """
        columns = {
            "word": range(len(words)),
            "text": [word.text for word in words],
            "onset_s": [word.onset_s for word in words],
            "offset_s": [word.offset_s for word in words],
            "char_start": transcript.char_start,
            "char_end": transcript.char_end,
            "sentence": transcript.sentence,
        }
        self.add("words", reading_id, columns)
        self.n_dictations += 1
        first, last = transcript.first, transcript.last
        measures = measure_words(words, len(first))
        self.measure("words", reading_id=reading_id, **measures)
        columns = {
            "sentence": range(len(first)),
            "onset_s": [words[number].onset_s for number in first],
            "offset_s": [words[number].offset_s for number in last],
            "char_start": [transcript.char_start[number] for number in first],
            "char_end": [transcript.char_end[number] for number in last],
        }
        self.add("sentences", reading_id, columns)
        return measures

    def add_fixations(
        self,
        reading_id: str,
        columns: Mapping[str, Any],
        size_px: tuple[int | None, int | None],
        thresholds: Quality,
        is_impossible: Callable[[Measures], bool] | None = None,
    ) -> bool:
        """Add the fixations of one reading unless their quality is beyond a threshold; tell which.

        `columns`: of the table `fixations` but the number, in time order, one row at least.
        `is_impossible` says of their measures whether they cannot be and are left out.
        """
        measures = measure_fixations(columns, size_px)
        self.measure("fixations", reading_id=reading_id, **measures)
        if is_impossible is not None and is_impossible(measures):
            self.without_gaze["impossible"] += 1
            return False
        quality = gaze_quality(columns, size_px, thresholds.min_gap_s)
        excluded = exclusions(quality, thresholds)
        row = {"reading_id": reading_id, **asdict(quality), "excluded": " ".join(excluded)}
        for name, value in row.items():
            self.quality.setdefault(name, []).append(value)
        if excluded:
            self.without_gaze[f"quality: {excluded[0]}"] += 1
            return False
        self.add("fixations", reading_id, {"fixation": np.arange(quality.n_fixations), **columns})
        return True

    def add_samples(
        self,
        reading_id: str,
        columns: Mapping[str, Any],
        size_px: tuple[int | None, int | None],
        px_per_deg: tuple[float, float] = (math.nan, math.nan),
        is_impossible: Callable[[Measures], bool] | None = None,
    ) -> None:
        """Add the samples of one reading in time order.

        `columns`: of the table `samples` but the number, and `inside` where it is valid gaze.
        `px_per_deg` is of the image, where its fixations do not say it. `is_impossible` says of
        their measures whether they cannot be: then none is valid.
        """
        time_s, x_px, y_px, valid = (columns[name] for name in ("time_s", "x_px", "y_px", "valid"))
        measures = measure_samples(columns, size_px, px_per_deg)
        self.measure("samples", reading_id=reading_id, **measures)
        if is_impossible is not None and is_impossible(measures):
            valid = np.zeros(len(time_s), bool)
        inside = valid & on_image(x_px, y_px, size_px[0] or 0, size_px[1] or 0)
        self.samples.append((reading_id, {"inside": inside, **columns, "valid": valid}))

    def add_usable_fixations(
        self,
        values: Mapping[str, NDArray[Any]],
        usable: NDArray[np.bool_],
        places: NDArray[np.integer[Any]],
        size_px: tuple[int | None, int | None],
        thresholds: Quality,
        findings: Findings,
        is_impossible: Callable[[Measures], bool] | None = None,
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
        reading_id = str(findings.item)
        return self.add_fixations(reading_id, columns, size_px, thresholds, is_impossible)

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

    def rows_of(self, table: str) -> Iterator[pa.Table | dict[str, Any]]:
        """Give the rows of a table, those of each row group by themselves."""
        if table in self.packed:
            yield self.packed[table]
        if table != "samples":
            return
        group: list[dict[str, Any]] = []
        n_rows = 0
        for piece in self._pieces_of_samples():
            n = len(piece["reading_id"])
            if n_rows + n > GROUP_ROWS:
                yield {name: _join([part[name] for part in group]) for name in piece}
                group, n_rows = [], 0
            group.append(piece)
            n_rows += n
        if n_rows:
            yield {name: _join([part[name] for part in group]) for name in group[0]}

    def _pieces_of_samples(self) -> Iterator[dict[str, Any]]:
        """Cut the samples of each reading."""
        for reading_id, columns in self.samples:
            n_rows = len(columns["time_s"])
            for start in range(0, n_rows, GROUP_ROWS):
                number = np.arange(start, min(start + GROUP_ROWS, n_rows), dtype=np.int32)
                piece = {
                    name: values[start : start + GROUP_ROWS] for name, values in columns.items()
                }
                yield {"reading_id": [reading_id] * len(number), "sample": number, **piece}

    def take_notes(self, other: "Chunk") -> None:
        """Take over all but the rows of another chunk."""
        self.faults += other.faults
        self.without_gaze += other.without_gaze
        self.n_dictations += other.n_dictations
        for name, values in other.quality.items():
            self.quality.setdefault(name, []).extend(values)
        for sort, columns in other.measures.items():
            measures = self.measures.setdefault(sort, {})
            for name, values in columns.items():
                if name == "reading_id":
                    measures.setdefault(name, []).extend(map(sys.intern, values))
                else:  # numbers of `Measures` take a quarter of their place in an array
                    measures.setdefault(name, array("d") if sort in SORTS else []).extend(values)


def _join(pieces: list[Any]) -> Any:
    if len(pieces) == 1:
        return pieces[0]
    if all(isinstance(piece, np.ndarray) for piece in pieces):
        return np.concatenate(pieces)
    return list(chain.from_iterable(pieces))


def cut(tasks: Readings[Task], size: int = CHUNK_READINGS) -> Cuts[Task]:
    """Cut items into chunks of fixed size, the last one shorter."""
    return Cuts(tasks, size)


def write_chunks(
    chunks: Iterable[Chunk],
    out: Path | None,
    names: Iterable[str],
    extra: Mapping[str, str] | None = None,
    tally: Tally | None = None,
) -> tuple[dict[str, int], Chunk]:
    """Write chunks to tables as they come, those of rising readings; without a folder only read.

    All tables in `names` are written, also when no chunk has a row of them, with `extra` in the
    metadata of each. Gives the rows written, by table, and a chunk of all faults, quality rows and
    counts without rows. With a tally, faults are counted there, and only errors kept of them and of
    quality.
    """
    notes = Chunk()
    with ExitStack() as stack:
        writers = {}
        if out is not None:
            writers = {name: stack.enter_context(TableWriter(out, name, extra)) for name in names}
        for chunk in chunks:
            chunk.pack()
            for name, writer in writers.items():
                for rows in chunk.rows_of(name):
                    writer.write(rows)
            if tally is not None:
                tally.add(chunk.faults)
                chunk.faults = [fault for fault in chunk.faults if fault.severity == "error"]
                chunk.quality = {}
            notes.take_notes(chunk)
    return {name: writer.n_rows for name, writer in writers.items()}, notes


def find_obsolete(out: Path, dataset: str, names: Iterable[str]) -> list[str]:
    """Find the files of tables that an earlier run left and this one does not write.

    `dataset` is about to be written with the tables `names`; it is empty where it is unknown. A
    GazeError if tables of another data set lie there. The folder need not exist.
    """
    settle(out)
    present = [name for name in INGESTED if table_path(out, name).is_file()]
    strangers = ", ".join(sorted({dataset_of(out, name) for name in present} - {dataset, ""}))
    if dataset and strangers:
        problem = f"tables of {strangers} lie here, and {dataset} would mix with them."
        raise GazeError(problem, where=out, remedy="Name another folder, or empty this one.")
    return [table_path(out, name).name for name in set(present).difference(names)]


def dataset_of(folder: Path, table: str = "readings") -> str:
    """Name the data set that a table was ingested from; empty where the file does not say it."""
    try:
        metadata = parquet_schema(table_path(folder, table)).metadata or {}
    except SchemaError:
        return ""
    return str(metadata.get(b"source", b"").decode(errors="replace").rpartition(" ")[0])
