"""Tie fixations to mentions: windows of time, and the Gaussians that draw them.

Reads: `readings, fixations` of a folder of tables, `words, sentences` where it has them; mentions,
if there are any, of our labeler or of anybody else's.
Writes: `windows.parquet`, `gaussians.parquet`, `associate.json`.
Params: `associate`.
Drops: nothing silently; readings without gaze or size, windows without a map, and rows of readings
that the tables do not have are counted.
Source: Lanfredi et al. 2023, Sections 2.1.2 and 2.8; `spec/mil.md` section 1. Where paper and
published code differ, the code's reading is the default since it produced the published figures.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from gazescribe.pipeline.core.class_names import labels_metadata
from gazescribe.pipeline.core.files import replacing_folder, write_json
from gazescribe.pipeline.core.parallel import map_tasks
from gazescribe.pipeline.core.schemas import TABLES
from gazescribe.pipeline.core.tables import (
    TableWriter,
    conform,
    read_if_present,
    read_readings,
    read_table,
    rows_of,
    split_source,
)
from gazescribe.pipeline.dictation.label_maps import LabelMap, load_label_map
from gazescribe.pipeline.dictation.mentions import read_mentions
from gazescribe.pipeline.dictation.reviews.applying import Reviews
from gazescribe.pipeline.dictation.reviews.files import Place
from gazescribe.pipeline.windows.reviewed import WindowReviews
from gazescribe.pipeline.windows.settings import Associate
from gazescribe.pipeline.windows.windows import Columns, associate_reading, gaze_begins_late

READINGS_A_TASK = 256


@dataclass(frozen=True)
class AssociatedPart:
    """Windows and Gaussians of some readings."""

    windows: pa.Table
    gaussians: pa.Table
    mentions_left_out: Counter[str]  # those that opened no window, by reason
    n_late: int  # readings without gaze before their first mention
    n_unseen: int  # readings without a fixation


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


def associate_readings(
    task: tuple[Sequence[str], pa.Table],
    *,
    tables: Path,
    params: Associate,
    label_map: LabelMap,
    reviewed: Mapping[str, Mapping[Place, tuple[float, float]]],
) -> AssociatedPart:
    """Associate some readings, given by their ids in order and their mentions: one task.

    `reviewed` has the windows that reviewers moved, by reading.
    """
    ids, mentions = task
    windows: list[dict[str, Any]] = []
    gaussians: list[Columns] = []
    left_out: Counter[str] = Counter()
    n_late = n_unseen = 0
    for reading, parts in read_parts(tables, mentions, ids):
        rows, columns = associate_reading(
            reading,
            parts,
            params=params,
            label_map=label_map,
            left_out=left_out,
            reviewed=reviewed.get(reading["reading_id"]),
        )
        windows += rows
        gaussians += columns
        n_late += gaze_begins_late(parts, params, label_map)
        n_unseen += not len(parts["fixations"]["onset_s"])
    joined: Columns | pa.Table = TABLES["gaussians"].schema.empty_table()
    if gaussians:
        joined = {name: np.concatenate([part[name] for part in gaussians]) for name in gaussians[0]}
    return AssociatedPart(
        conform(pa.Table.from_pylist(windows, schema=TABLES["windows"].schema), "windows"),
        conform(joined, "gaussians"),
        left_out,
        n_late,
        n_unseen,
    )


def run(
    tables: Path,
    mentions: Path | None,
    out: Path,
    params: Associate,
    *,
    rules: Path | None = None,
    reviews: Sequence[Path] = (),
    encoding: str = "utf-8",
    workers: int | None = None,
    scheduler: str | None = None,
) -> dict[str, Any]:
    """Associate a whole folder; write windows and Gaussians; give the counts.

    Without mentions the windows are those of the whole reading, and of the gaze to its last word.
    Files of `reviews` move windows to where readers say that they are. Other files in `out` stay.

    Raises
    ------
    GazeError
        If tables, mentions or rules do not fit together.
    """
    label_map = load_label_map(rules)
    readings = read_table(tables, "readings")
    window_reviews = WindowReviews(Reviews.read(reviews), readings)
    spoken = TABLES["mentions"].schema.empty_table()
    if mentions is not None:
        spoken = read_mentions(mentions, readings, label_map, encoding=encoding)
    ids, readings_left_out = _usable(readings)
    tasks = []
    for first in range(0, len(ids), READINGS_A_TASK):
        chunk = ids[first : first + READINGS_A_TASK]
        report = spoken["report_id"]  # only a task's own mentions travel to its worker
        in_chunk = pc.and_(pc.greater_equal(report, chunk[0]), pc.less_equal(report, chunk[-1]))
        tasks.append((chunk, spoken.filter(in_chunk)))
    statuses: Counter[str] = Counter()
    unused = pc.invert(pc.is_in(spoken["report_id"], pa.array(ids, pa.string())))
    left_out = Counter({"reading left out": pc.sum(unused).as_py() or 0})
    n_late = n_unseen = 0
    metadata = {"sigma_deg": str(params.sigma_deg), "params": params.model_dump_json()}
    said = metadata | labels_metadata(label_map.channels)
    associate_task = partial(  # absolute: workers of a scheduler have another working folder
        associate_readings,
        tables=tables.resolve(),
        params=params,
        label_map=label_map,
        reviewed=window_reviews.times,
    )
    with replacing_folder(out, "windows", obsolete=("*.parquet",), mark="associate.json") as folder:
        with (
            TableWriter(folder, "windows", said) as windows,
            TableWriter(folder, "gaussians", metadata) as gaussians,
        ):
            done = map_tasks(
                associate_task, tasks, workers=workers, scheduler=scheduler, description="associate"
            )
            for part in done:
                windows.write(part.windows)
                window_reviews.count(part.windows)
                gaussians.write(part.gaussians)
                left_out.update(part.mentions_left_out)
                n_late += part.n_late
                n_unseen += part.n_unseen
                kinds, states = part.windows["kind"], part.windows["status"]
                statuses.update(
                    map(" ".join, zip(kinds.to_pylist(), states.to_pylist(), strict=True))
                )
        summary = {
            "params": params.model_dump(),
            "split_source": split_source(tables),
            "n_readings": len(ids),
            "n_mentions": None if mentions is None else spoken.num_rows,
            "n_readings_gaze_begins_late": n_late,
            "n_windows": dict(sorted(statuses.items())),
            "n_gaussians": gaussians.n_rows,
            "readings_left_out": readings_left_out,
            "mentions_left_out": {why: n for why, n in sorted(left_out.items()) if n},
        }
        # Tables that ingest wrote have neither: what they have is said in the same bytes as ever.
        if n_unseen:
            summary["n_readings_without_fixations"] = n_unseen
        if strangers := _strangers(tables, readings):
            summary["rows_left_out"] = strangers
        if window_reviews.reviews.files:
            summary["reviews"] = window_reviews.summary()
        write_json(summary, folder / "associate.json")
    return summary


def _strangers(tables: Path, readings: pa.Table) -> dict[str, int]:
    """Count the rows of gaze and words whose readings are not in `readings`."""
    counts = {}
    for name in ("fixations", "words"):
        ids = read_if_present(tables, name, columns=["reading_id"])["reading_id"]
        known = pc.sum(pc.is_in(ids, readings["reading_id"].combine_chunks())).as_py() or 0
        if known < len(ids):
            counts[f"{name} of unknown readings"] = len(ids) - known
    return counts


def _usable(readings: pa.Table) -> tuple[list[str], dict[str, int]]:
    """Choose the readings with gaze and image size; count the others by reason."""
    no_gaze = pc.invert(readings["has_gaze"])
    no_size = pc.or_(pc.is_null(readings["width_px"]), pc.is_null(readings["height_px"]))
    left_out = {"no gaze": no_gaze, "no image size": pc.and_(readings["has_gaze"], no_size)}
    counts = {reason: pc.sum(rows).as_py() or 0 for reason, rows in left_out.items()}
    is_usable = pc.invert(pc.or_(no_gaze, no_size))
    return readings.filter(is_usable)["reading_id"].to_pylist(), counts
