"""Some readings as `associate` takes them: a task, and the rows of its tables."""

import math
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, overload

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from gazescribe.pipeline.core.tables import read_readings, rows_of
from gazescribe.pipeline.windows.windows import Columns

READINGS_A_TASK = 256

Shares = dict[int, NDArray[np.float64]]
"""Of one reading: by sentence, the share of each fixation that is the sentence's."""


@dataclass(frozen=True)
class Task:
    """Some readings: their ids in order, their mentions, and their shares if these are learnt."""

    ids: Sequence[str]
    mentions: pa.Table
    shares: Mapping[str, Shares] = field(default_factory=dict)


class Tasks(Sequence[Task]):
    """Readings cut into tasks, which are made when they are asked for.

    Only a task's own mentions travel to its worker. `ids` and `mentions` are in order.
    """

    def __init__(self, ids: Sequence[str], mentions: pa.Table) -> None:
        self._ids, self._mentions = ids, mentions
        starts = [*ids[::READINGS_A_TASK]]
        reports = mentions["report_id"]
        # The mentions of a task end where those of the next begin; of the last with its last.
        self._rows = [_first_row(reports, start) for start in starts]
        self._rows += [_first_row(reports, f"{ids[-1]}\0")] if ids else []

    def __len__(self) -> int:
        return math.ceil(len(self._ids) / READINGS_A_TASK)

    @overload
    def __getitem__(self, number: int) -> Task: ...

    @overload
    def __getitem__(self, number: slice) -> Sequence[Task]: ...

    def __getitem__(self, number: int | slice) -> Task | Sequence[Task]:
        if isinstance(number, slice):
            return [self[k] for k in range(len(self))[number]]
        ids = self._ids[number * READINGS_A_TASK : (number + 1) * READINGS_A_TASK]
        if not ids:
            raise IndexError(number)
        # Taken, for a slice would travel with the whole of the table.
        rows = np.arange(self._rows[number], self._rows[number + 1])
        return Task(ids, self._mentions.take(pa.array(rows)))


def _first_row(sorted_ids: pa.ChunkedArray, name: str) -> int:
    """Give the first row whose id is not before a name."""
    return bisect_left(range(len(sorted_ids)), name, key=lambda row: sorted_ids[row].as_py())


def read_parts(
    folder: Path, mentions: pa.Table, ids: Sequence[str]
) -> Iterator[tuple[dict[str, Any], dict[str, Columns]]]:
    """Read some readings for `associate_reading`: a row of `readings` each, and its other tables.

    `ids` are in order, `mentions` sorted by report.
    """
    parts = {name: read_readings(folder, name, ids) for name in ("readings", "fixations")}
    for name in ("words", "sentences"):  # recordings of gaze alone may lack them
        parts[name] = read_readings(folder, name, ids, optional=True)
    parts["mentions"] = rows_of(mentions, "report_id", ids)
    for reading_id in ids:
        tables = {name: part[reading_id] for name, part in parts.items()}
        reading = {name: values[0] for name, values in tables.pop("readings").items()}
        # floats where another reading of the file has none
        reading |= {side: int(reading[side]) for side in ("width_px", "height_px")}
        yield reading, tables
