"""Pages to look at: one for a run, one for each reading, and one for each image of several.

Reads: the parts of a run that are there (`layout`), and the radiographs (`radiograph_files`).
Writes: `index.html`, `readings/<reading>.html` and `images/<dicom_id>.html`; each whole, offline,
and free of links out.
Params: `heatmaps.amplitude` and `heatmaps.min_certainty`, as they made the maps.
Drops: nothing silently; readings without an inspector, radiographs that are absent or of another
size, images whose readings cannot lie side by side, and parts that were not made are counted and
named.
"""

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import pyarrow as pa

from gazescribe.pipeline.core.errors import GazeError
from gazescribe.pipeline.core.files import replacing_folder
from gazescribe.pipeline.core.parallel import map_tasks
from gazescribe.pipeline.core.tables import read_table, table_path
from gazescribe.pipeline.dictation.label_maps import load_column_map, load_label_map
from gazescribe.pipeline.images.paths import leads_out, radiographs_root
from gazescribe.pipeline.maps.settings import Heatmaps
from gazescribe.pipeline.report.counts import count_tables, flows, intake, left_out, read_metrics
from gazescribe.pipeline.report.fits import fits
from gazescribe.pipeline.report.gallery import gallery_data, gallery_rows, gallery_tasks
from gazescribe.pipeline.report.image_page import image_tasks, write_image
from gazescribe.pipeline.report.inspector import Look
from gazescribe.pipeline.report.layout import ROOT, RUN_FILE, DataSet, RunLayout
from gazescribe.pipeline.report.networks import Network, ask, count_answers, open_predictions
from gazescribe.pipeline.report.notices import notice_of
from gazescribe.pipeline.report.overview import facts
from gazescribe.pipeline.report.pages import generator, write_page
from gazescribe.pipeline.report.parts import read_parts
from gazescribe.pipeline.report.reading import (
    ENCLOSED,
    Card,
    Context,
    DataSource,
    Enclosed,
    mentions_of,
    write_reading,
)
from gazescribe.pipeline.report.results import networks
from gazescribe.pipeline.report.reviewing import ReviewedRun, name_of_run
from gazescribe.pipeline.report.selection import choose, reading_ids
from gazescribe.pipeline.report.shared_images import SharedImage, by_reading, shared_images
from gazescribe.pipeline.report.stages import labeler, search, settings, training
from gazescribe.pipeline.report.voices import check_voices

READINGS_A_TASK = 16
EGD = "egd"  # the data set whose recordings of the voice may begin at another time than its gaze
GALLERY = 60  # inspectors shown with a picture; the others follow as a list


@dataclass(frozen=True)
class InspectorTask:
    """Some readings of one data set, sorted, for one worker."""

    source: DataSource
    readings: dict[str, Context]  # by id
    mentions: pa.Table


def write_task(task: InspectorTask, *, out: Path) -> list[Card]:
    """Write the inspectors of a task; give what the gallery shows of them."""
    source = task.source
    parts = read_parts(source.tables, source.associated, task.mentions, list(task.readings))
    return [
        write_reading(parts[reading_id], source, out, context)
        for reading_id, context in task.readings.items()
    ]


def run(
    folder: Path,
    out: Path,
    layout: RunLayout,
    params: Heatmaps,
    *,
    images: Path | None = None,
    enclosed: Enclosed = ENCLOSED,
    wanted: Sequence[str] = (),
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
    layout : RunLayout
        Where the parts of the run lie, as `layout.open_run` found them.
    params : Heatmaps
        How its maps were drawn.
    images : pathlib.Path, optional
        Folder of the radiographs, or one above it; else what `run.json` names, else
        `GAZE_DATA_ROOT`, else the demo's. The first two must hold one at least.
    enclosed : Enclosed
        Whether radiographs go into the pages and how large, and the dictations as audio, whose
        offset is of EGD alone.
    asked, count
        As `selection.choose` takes them.

    Raises
    ------
    GazeError
        If the folder is no run, or its parts do not fit together.
    """
    ids = reading_ids(folder, layout)
    windows = {name: _windows(folder, layout.datasets[name]) for name in ids}
    chosen = choose(
        ids, {name: table for name, table in windows.items() if table is not None}, wanted, count
    )
    names = [reading_id for readings in chosen.values() for reading_id in readings]
    roots = _images(folder, layout, images, list(ids)) if enclosed.picture_px else {}
    if enclosed.audio is not None:
        check_voices(enclosed.audio, names)
    reviewed = ReviewedRun(
        name_of_run(folder / layout.datasets[name].tables for name in ids), len(names)
    )
    sources = {
        name: replace(
            source_of(name, folder, layout, roots.get(name), params, enclosed), run=reviewed
        )
        for name in ids
    }
    listed = [task for name in ids for task in gallery_tasks(sources[name], ids[name])]
    tables = {name: read_table(source.tables, "readings") for name, source in sources.items()}
    shared, without_page = shared_images(tables, names)
    shared_tasks = image_tasks(shared, sources, names)
    asked_networks = open_predictions([folder / path for path in layout.predictions])
    labels = {key: label for readings in chosen.values() for key, label in readings.items()}
    contexts = _contexts(labels, tables.values(), by_reading(shared), asked_networks)
    tasks = [
        task
        for name, readings in chosen.items()
        for task in _tasks(sources[name], {key: contexts[key] for key in readings})
    ]
    notice = notice_of(folder / layout.datasets[name].tables for name in ids)
    sections = _sections(folder, layout)
    n_readings = sum(map(len, ids.values()))
    obsolete = ("index.html", "readings", "images")
    spread = partial(map_tasks, workers=workers, scheduler=scheduler)
    with replacing_folder(out, "pages", obsolete=obsolete, mark="index.html") as staging:
        write = partial(write_task, out=staging)
        cards = list(chain.from_iterable(spread(write, tasks, description="inspectors")))
        rows = list(chain.from_iterable(spread(gallery_rows, listed, description="gallery")))
        list(spread(partial(write_image, out=staging), shared_tasks, description="side by side"))
        write_page(
            staging / "index.html",
            "index.html",
            ["style.css", "run.css"],
            ["run.js", "curves.js", "gallery.js", "reviewed.js"],
            notice=notice,
            run=layout,
            reviewed=reviewed,
            cards=cards,
            gallery=GALLERY,
            shared=shared,
            data=gallery_data(rows, load_label_map(layout.rules_in(folder)).channels),
            n_readings=n_readings,
            **sections,
        )
    return {
        "n_readings": n_readings,
        "n_inspectors": len(cards),
        "radiographs": dict(sorted(Counter(card.radiograph for card in cards).items())),
        "n_image_pages": len(shared),
        "images_without_page": without_page,
        "n_voices": sum(card.has_voice for card in cards),
        "networks": count_answers(
            [context.answers for context in contexts.values()],
            [network.name for network in asked_networks],
        ),
        "notice": notice.foot,
    }


def _contexts(
    labels: Mapping[str, str],
    tables: Iterable[pa.Table],
    shared: Mapping[str, SharedImage],
    asked_networks: Sequence[Network],
) -> dict[str, Context]:
    """Gather what the page of each chosen reading shows besides its rows.

    `labels` has what each opens with, in the order of the pages.
    """
    rows = {row["reading_id"]: row for table in tables for row in table.to_pylist()}
    ids = ["", *labels, ""]
    return {
        reading_id: Context(
            label=labels[reading_id],
            before=before,
            after=after,
            shared=shared.get(reading_id),
            answers=ask(asked_networks, rows[reading_id]),
        )
        for before, reading_id, after in zip(ids, ids[1:-1], ids[2:], strict=False)
    }


def _sections(folder: Path, layout: RunLayout) -> dict[str, Any]:
    """Read what the page of a run shows of its stages."""
    metrics = read_metrics(folder, layout.metrics, layout.datasets)
    reasons, noticed = left_out(metrics)
    lost = [row for row in reasons if row.count]
    not_found = {(row.objects, row.reason) for row in reasons}
    not_found -= {(row.objects, row.reason) for row in lost}
    parts = [labeler(folder, layout), *fits(folder, layout), search(folder, layout)]
    parts += networks(folder, layout)
    curves = training(folder, layout)
    is_project = not (folder / RUN_FILE).is_file()
    if not is_project:  # a part that the file does not name is no part of the run
        named = {*layout.results}
        named |= {"labeler"} if layout.evaluated_labels else set()
        named |= {"tune"} if layout.tune else set()
        parts = [part for part in parts if part.key in named or not part.missing]
    return {
        "facts": facts(folder, layout, metrics, generator()),
        "headlines": [headline for part in parts for headline in part.headlines],
        "flows": flows(metrics),
        "intake": intake(metrics),
        "lost": lost,
        "not_found": [f"{objects}: {reason}" for objects, reason in sorted(not_found)],
        "noticed": noticed,
        "counts": count_tables(metrics),
        "settings": settings(metrics),
        "parts": parts,
        "curves": curves,
        "shows_training": bool(curves) or is_project,
    }


def _images(
    folder: Path, layout: RunLayout, images: Path | None, names: Sequence[str]
) -> dict[str, Path]:
    """Find the radiographs of each data set; what nobody asked for may be absent, it is counted."""
    paths = {name: _image_paths(folder / layout.datasets[name].tables) for name in names}
    named = None if layout.images is None else folder / layout.images
    folder_named = images or (named if (folder / RUN_FILE).is_file() else None)
    variable = os.environ.get(ROOT)
    start = folder_named or named or (Path(variable) if variable else None)
    if start is None:
        return {}
    roots = {}
    for name in names:
        with suppress(GazeError, OSError):  # it may hold other data sets alone
            roots[name] = radiographs_root(start, paths[name], name=name)
    if folder_named is not None and not roots:
        # It says what is wrong.
        radiographs_root(folder_named, list(chain.from_iterable(paths.values())))
    return {name: roots.get(name, start) for name in names}


def _image_paths(tables: Path) -> list[str]:
    column = read_table(tables, "readings", ["image_path"])["image_path"]
    paths: list[str] = column.drop_null().to_pylist()
    strange = sorted({repr(path) for path in paths if leads_out(path)})
    if strange:
        message = "these paths of radiographs (image_path) lead out of their folder."
        raise GazeError(message, where=tables, faults=strange)
    return paths


def _windows(folder: Path, part: DataSet) -> pa.Table | None:
    if part.associated is None or not table_path(folder / part.associated, "windows").is_file():
        return None
    return read_table(folder / part.associated, "windows")


def source_of(
    name: str,
    folder: Path,
    layout: RunLayout,
    root: Path | None,
    params: Heatmaps,
    enclosed: Enclosed = ENCLOSED,
) -> DataSource:
    """Gather what tasks need of a data set; its radiographs lie in `root`, where that is known."""
    folder = folder.resolve()  # workers of a scheduler have another working folder
    part = layout.datasets[name]
    rules = layout.rules_in(folder)
    label_map = load_label_map(rules)
    column_map = load_column_map(name, label_map.channels, rules, optional=rules is not None)
    return DataSource(
        dataset=name,
        tables=folder / part.tables,
        associated=None if part.associated is None else folder / part.associated,
        mentions=None if part.mentions is None else folder / part.mentions,
        images=root,
        enclosed=enclosed if name == EGD else replace(enclosed, audio_offset_s=0.0),
        look=Look(params.amplitude, params.min_certainty, label_map, column_map),
        notice=notice_of([folder / part.tables]),
    )


def _tasks(source: DataSource, readings: Mapping[str, Context]) -> Iterator[InspectorTask]:
    ids = list(readings)
    mentions = source.read_mentions(ids)
    for begin in range(0, len(ids), READINGS_A_TASK):
        chunk = {key: readings[key] for key in ids[begin : begin + READINGS_A_TASK]}
        yield InspectorTask(source, chunk, mentions_of(mentions, chunk))
