"""Tie fixations to mentions: windows of time, and the Gaussians that draw them.

Reads: `readings, fixations` of a folder of tables, `words, sentences` where it has them; mentions,
if there are any, of our labeler or of anybody else's.
Writes: `windows.parquet`, `gaussians.parquet`, `associate.json`; with method learned `fit.json`.
Params: `associate`; `learned` with that method.
Drops: nothing silently; readings without gaze or size, windows without a map, and rows of readings
that the tables do not have are counted.
Source: Lanfredi et al. 2023, Sections 2.1.2 and 2.8; `spec/mil.md` section 1. Where paper and
published code differ, the code's reading is the default since it produced the published figures.
"""

import json
from collections import Counter
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, replace
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
    has_table,
    read_pieces,
    read_table,
    split_source,
    usable_readings,
)
from gazescribe.pipeline.dictation.label_maps import LabelMap, load_label_map
from gazescribe.pipeline.dictation.mentions import read_mentions
from gazescribe.pipeline.dictation.reviews.applying import Reviews
from gazescribe.pipeline.dictation.reviews.files import Place
from gazescribe.pipeline.windows.learned.fit_file import FIT_FILE, write_fit
from gazescribe.pipeline.windows.learned.run import share_out_readings
from gazescribe.pipeline.windows.learned.settings import Learned
from gazescribe.pipeline.windows.learned.weights import Model, draw_learned
from gazescribe.pipeline.windows.parts import Task, Tasks, read_parts
from gazescribe.pipeline.windows.reviewed import WindowReviews
from gazescribe.pipeline.windows.settings import Associate
from gazescribe.pipeline.windows.windows import (
    Columns,
    draw_windows,
    find_windows,
    gaze_begins_late,
)

LOOKED_AT = ["reading_id", "dataset", "has_gaze", "width_px", "height_px", "text"]
"""Columns of `readings` that are needed of all at once."""


SPOKEN = ["report_id", "char_start", "char_end", "label", "polarity"]
"""Columns of mentions that windows are found by."""


@dataclass(frozen=True)
class AssociatedPart:
    """Windows and Gaussians of some readings."""

    windows: pa.Table
    gaussians: pa.Table
    mentions_left_out: Counter[str]  # those that opened no window, by reason
    n_late: int  # readings without gaze before their first mention
    n_unseen: int  # readings without a fixation


def associate_readings(
    task: Task,
    *,
    tables: Path,
    params: Associate,
    label_map: LabelMap,
    reviewed: Mapping[str, Mapping[Place, tuple[float, float]]],
    learned: Learned | None,
) -> AssociatedPart:
    """Associate some readings, by windows alone or by shares of their fixations: one task.

    `reviewed` has the windows that reviewers moved, by reading.
    """
    windows: list[dict[str, Any]] = []
    gaussians: list[Columns] = []
    left_out: Counter[str] = Counter()
    n_late = n_unseen = 0
    for reading, parts in read_parts(tables, task.mentions, task.ids):
        reading_id, gaze = reading["reading_id"], parts["fixations"]
        moved = reviewed.get(reading_id, {})
        reading_windows = find_windows(reading, parts, params, label_map, left_out, moved)
        if learned is None:
            rows, columns = draw_windows(reading, reading_windows, gaze, params.sigma_deg)
        else:
            model = Model(learned, task.shares[reading_id], moved)
            rows, columns = draw_learned(reading, parts, reading_windows, model, params.sigma_deg)
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
    learned: Learned | Path | None = None,
    rules: Path | None = None,
    reviews: Sequence[Path] = (),
    encoding: str = "utf-8",
    workers: int | None = None,
    scheduler: str | None = None,
) -> dict[str, Any]:
    """Associate a whole folder; write windows and Gaussians; give the counts.

    Without mentions the windows are those of the whole reading, and of the gaze to its last word.
    With mentions and `learned`, settings to learn by or a fit that other data made, fixations are
    shared out between sentences, and the fit is written too. Files of `reviews` move windows to
    where readers say that they are. Other files in `out` stay.

    Raises
    ------
    GazeError
        If tables, mentions or rules do not fit together.
    """
    label_map = load_label_map(rules)
    readings = read_table(tables, "readings").select(LOOKED_AT)
    window_reviews = WindowReviews(Reviews.read(reviews), readings)
    spoken = TABLES["mentions"].schema.empty_table()
    if mentions is not None:
        spoken = read_mentions(mentions, readings, label_map, encoding=encoding).select(SPOKEN)
    ids, readings_left_out = usable_readings(readings)
    known = set(readings["reading_id"].to_pylist())
    del readings  # its texts have been compared with the mentions
    tasks: Sequence[Task] = Tasks(ids, spoken)
    where: dict[str, Any] = {"workers": workers, "scheduler": scheduler}
    shared = None
    if learned is not None and mentions is not None:
        shared = share_out_readings(tables, tasks, params, learned, label_map, rules)
        tasks = [
            replace(task, shares={reading_id: shared.shares[reading_id] for reading_id in task.ids})
            for task in tasks
        ]
    statuses: Counter[str] = Counter()
    unused = pc.invert(pc.is_in(spoken["report_id"], pa.array(ids, pa.string())))
    left_out = Counter({"reading left out": pc.sum(unused).as_py() or 0})
    n_late = n_unseen = 0
    recorded = params.recorded()
    if shared:
        recorded["learned"] = shared.fit.params.model_dump()
    as_text = json.dumps(recorded, separators=(",", ":"))
    metadata = {"sigma_deg": str(params.sigma_deg), "params": as_text}
    all_metadata = metadata | labels_metadata(label_map.channels)
    associate_task = partial(  # absolute: workers of a scheduler have another working folder
        associate_readings,
        tables=tables.resolve(),
        params=params,
        label_map=label_map,
        reviewed=window_reviews.times,
        learned=shared.fit.params if shared else None,
    )
    obsolete = ("*.parquet", FIT_FILE)
    with replacing_folder(out, "windows", obsolete=obsolete, mark="associate.json") as folder:
        with (
            TableWriter(folder, "windows", all_metadata) as windows,
            TableWriter(folder, "gaussians", metadata) as gaussians,
        ):
            for part in map_tasks(associate_task, tasks, description="associate", **where):
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
            "params": recorded,
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
        if strangers := _strangers(tables, known):
            summary["rows_left_out"] = strangers
        if window_reviews.reviews.files:
            summary["reviews"] = window_reviews.summary()
        if shared:
            write_fit(shared.fit, folder / FIT_FILE)
            summary["learned"] = shared.counts()
        write_json(summary, folder / "associate.json")
    return summary


def _strangers(tables: Path, known: Container[str]) -> dict[str, int]:
    """Count the rows of gaze and words whose readings are not among those known."""
    counts: Counter[str] = Counter()
    for name in ("fixations", "words"):
        pieces = read_pieces(tables, name, ["reading_id"]) if has_table(tables, name) else ()
        for piece in pieces:
            for row in pc.value_counts(piece["reading_id"]).to_pylist():
                if row["values"] not in known:
                    counts[f"{name} of unknown readings"] += row["counts"]
    return dict(counts)
