"""Pages to look at: one for a run, and one for each reading, the inspector.

Reads: the parts of a run that are there (`layout`), and the radiographs (`radiograph_files`).
Writes: `index.html` and `readings/<reading>.html`; each whole, offline, and free of links out.
Params: `heatmaps.amplitude` and `heatmaps.min_certainty`, as they made the maps.
Drops: nothing silently; readings without an inspector, radiographs that are absent or of another
size, and parts that were not made are counted and named.
"""

import os
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from gazescribe.pipeline.core.errors import GazeError
from gazescribe.pipeline.core.parallel import map_tasks
from gazescribe.pipeline.core.schemas import TABLES
from gazescribe.pipeline.core.tables import read_table, table_path
from gazescribe.pipeline.dictation.label_maps import LabelMap, load_column_map, load_label_map
from gazescribe.pipeline.dictation.mentions import read_mentions
from gazescribe.pipeline.images.paths import leads_out, radiographs_root
from gazescribe.pipeline.maps.settings import Heatmaps
from gazescribe.pipeline.report import stages
from gazescribe.pipeline.report.counts import count_tables, flows, intake, left_out, read_metrics
from gazescribe.pipeline.report.inspector import Look
from gazescribe.pipeline.report.layout import ROOT, RUN_FILE, DataSet, RunLayout
from gazescribe.pipeline.report.notices import notice_of
from gazescribe.pipeline.report.pages import is_ours, write_page
from gazescribe.pipeline.report.parts import read_parts
from gazescribe.pipeline.report.reading import Card, Source, write_reading
from gazescribe.pipeline.report.results import networks
from gazescribe.pipeline.report.selection import choose, reading_ids

READINGS_A_TASK = 16
GALLERY = 60  # readings shown with a picture; the others follow as a list
_SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")


@dataclass(frozen=True)
class Task:
    """Some readings of one data set, sorted: id and the label to show first; their mentions."""

    source: Source
    readings: dict[str, str]
    mentions: pa.Table


def write_task(task: Task, *, out: Path, order: Mapping[str, tuple[str, str]]) -> list[Card]:
    """Write the inspectors of a task; give what the gallery shows of them."""
    source = task.source
    parts = read_parts(source.tables, source.associated, task.mentions, list(task.readings))
    return [
        write_reading(parts[one], source, out, label, order[one])
        for one, label in task.readings.items()
    ]


def run(
    folder: Path,
    out: Path,
    parts: RunLayout,
    params: Heatmaps,
    *,
    images: Path | None = None,
    with_images: bool = True,
    asked: Sequence[str] = (),
    count: int = 24,
    workers: int | None = None,
    scheduler: str | None = None,
) -> dict[str, Any]:
    """Write the pages of a run; give the counts.

    Parameters
    ----------
    folder : pathlib.Path
        Of the run.
    out : pathlib.Path
        Folder of the pages; inspectors of an earlier report there are removed.
    parts : RunLayout
        Where the parts of the run lie, as `layout.open_run` found them.
    params : Heatmaps
        How its maps were drawn.
    images : pathlib.Path, optional
        Folder of the radiographs, or one above it; else what `run.json` names, else
        `GAZE_DATA_ROOT`, else the demo's. The first two must hold one at least.
    with_images : bool
        Whether radiographs go into the pages.
    asked, count
        As `choose.choose` takes them.

    Raises
    ------
    GazeError
        If the folder is no run, or its parts do not fit together.
    """
    label_map = load_label_map()
    ids = reading_ids(folder, parts)
    windows = {name: _windows(folder, parts.datasets[name]) for name in ids}
    known = {name: table for name, table in windows.items() if table is not None}
    chosen = choose(ids, known, asked, count)
    _check_names(chosen)
    root = _images(folder, parts, images, list(ids)) if with_images else None
    tasks = [
        task
        for name, readings in chosen.items()
        for task in _tasks(name, readings, folder, parts.datasets[name], root, params, label_map)
    ]
    names = [one for task in tasks for one in task.readings]
    notice = notice_of(folder / parts.datasets[name].tables for name in ids)
    sections = _sections(folder, parts)
    n_readings = sum(map(len, ids.values()))
    (out / "index.html").unlink(missing_ok=True)  # a folder with an index is whole
    pages = map_tasks(
        partial(write_task, out=out.resolve(), order=_neighbours(names)),
        tasks,
        workers=workers,
        scheduler=scheduler,
        description="inspectors",
    )
    cards = list(chain.from_iterable(pages))
    _remove_others(out / "readings", set(names))
    write_page(
        out / "index.html",
        "index.html",
        "style.css",
        None,
        notice=notice,
        run=parts,
        cards=cards,
        gallery=GALLERY,
        n_readings=n_readings,
        **sections,
    )
    return {
        "n_readings": n_readings,
        "n_inspectors": len(cards),
        "radiographs": dict(sorted(Counter(card.radiograph for card in cards).items())),
        "notice": notice.foot,
    }


def _sections(folder: Path, parts: RunLayout) -> dict[str, Any]:
    """Read what the page of a run shows of its stages."""
    metrics = read_metrics(folder, parts.metrics)
    lost, kept = left_out(metrics)
    there = [row for row in lost if row.count]
    found, looked_for = ({(row.what, row.reason) for row in rows} for rows in (there, lost))
    return {
        "flows": flows(metrics),
        "intake": intake(metrics),
        "lost": there,
        "never": [f"{what}: {reason}" for what, reason in sorted(looked_for - found)],
        "kept": kept,
        "counted": count_tables(metrics),
        "settings": stages.settings(metrics),
        "parts": [
            stages.labeler(folder, parts),
            stages.search(folder, parts),
            *networks(folder, parts),
        ],
        "curves": stages.training(folder, parts),
    }


def _images(
    folder: Path, parts: RunLayout, given: Path | None, names: Sequence[str]
) -> Path | None:
    """Find the radiographs; what nobody asked for may be absent, and is counted."""
    paths = [path for name in names for path in _image_paths(folder / parts.datasets[name].tables)]
    own = None if parts.images is None else folder / parts.images
    asked = given or (own if (folder / RUN_FILE).is_file() else None)
    if asked is not None:
        return radiographs_root(asked, paths)
    named = os.environ.get(ROOT)
    guess = own or (Path(named) if named else None)
    try:
        return guess and radiographs_root(guess, paths)
    except (GazeError, OSError):  # it may hold other data sets alone
        return guess


def _image_paths(tables: Path) -> list[str]:
    column = read_table(tables, "readings", ["image_path"])["image_path"]
    paths: list[str] = column.drop_null().to_pylist()
    strange = sorted({repr(path) for path in paths if leads_out(path)})
    if strange:
        what = "these paths of radiographs (image_path) lead out of their folder."
        raise GazeError(what, where=tables, faults=strange)
    return paths


def _windows(folder: Path, part: DataSet) -> pa.Table | None:
    associated = None if part.associated is None else folder / part.associated
    if associated is None or not table_path(associated, "windows").is_file():
        return None
    return read_table(associated, "windows")


def _tasks(
    name: str,
    readings: Mapping[str, str],
    folder: Path,
    part: DataSet,
    root: Path | None,
    params: Heatmaps,
    label_map: LabelMap,
) -> list[Task]:
    folder = folder.resolve()  # workers of a scheduler have another working folder
    source = Source(
        dataset=name,
        tables=folder / part.tables,
        associated=None if part.associated is None else folder / part.associated,
        images=root,
        look=Look(
            params.amplitude,
            params.min_certainty,
            label_map,
            load_column_map(name, label_map.channels),
        ),
        notice=notice_of([folder / part.tables]),
    )
    mentions = TABLES["mentions"].schema.empty_table()
    if part.mentions is not None and readings:
        table = read_table(source.tables, "readings")
        mentions = read_mentions(folder / part.mentions, table, label_map)
    ids = list(readings)
    chunks = [ids[at : at + READINGS_A_TASK] for at in range(0, len(ids), READINGS_A_TASK)]
    return [
        Task(source, {one: readings[one] for one in chunk}, _of(mentions, chunk))
        for chunk in chunks
    ]


def _of(mentions: pa.Table, ids: Sequence[str]) -> pa.Table:
    return mentions.filter(pc.is_in(mentions["report_id"], pa.array(ids, pa.string())))


def _check_names(chosen: Mapping[str, Mapping[str, str]]) -> None:
    """Refuse ids that cannot name a page."""
    strange = [one for own in chosen.values() for one in own if not _SAFE.fullmatch(one)]
    if strange:
        what = "these reading ids cannot name a page: letters, digits, '.', '_' and '-' can."
        raise GazeError(what, faults=[repr(one) for one in strange])


def _neighbours(names: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Give for each reading those before and after it; empty at the ends."""
    before, after = ["", *names], [*names[1:], ""]
    return {name: pair for name, *pair in zip(names, before, after, strict=False)}  # type: ignore[misc]


def _remove_others(folder: Path, names: set[str]) -> None:
    """Remove the inspectors of an earlier report: it may have shown other readings."""
    for path in folder.glob("*.html"):
        if path.stem not in names and is_ours(path):
            path.unlink()
