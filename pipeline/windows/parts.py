"""Some readings as `associate` takes them: a task, and the rows of its tables."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
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


def make_tasks(ids: Sequence[str], mentions: pa.Table) -> list[Task]:
    """Cut the readings into tasks; only a task's own mentions travel to its worker."""
    tasks = []
    for first in range(0, len(ids), READINGS_A_TASK):
        chunk = ids[first : first + READINGS_A_TASK]
        report = mentions["report_id"]
        in_chunk = pc.and_(pc.greater_equal(report, chunk[0]), pc.less_equal(report, chunk[-1]))
        tasks.append(Task(chunk, mentions.filter(in_chunk)))
    return tasks


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
