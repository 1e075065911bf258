"""Draw heatmaps: plan the maps, draw them into shards, write the index.

Reads: a folder of tables, and the folder that `associate` wrote.
Writes: `heatmaps-00000.npy` … , `index.parquet`, `heatmaps.json`.
Params: `heatmaps`.
Drops: nothing silently; windows that are empty or reversed, ellipses below the certainty, and maps
that stay blank are counted.
Source: Lanfredi et al. 2023, Section 2.1.3; `spec/mil.md` section 2. Saliency: Qiu et al. 2025.
"""

from collections import Counter
from collections.abc import Mapping
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from gazescribe.pipeline.core.class_names import labels_metadata, labels_said
from gazescribe.pipeline.core.errors import ParamsError, SchemaError
from gazescribe.pipeline.core.files import write_json
from gazescribe.pipeline.core.foreign import parsing
from gazescribe.pipeline.core.foreign_tables import parquet_schema
from gazescribe.pipeline.core.parallel import map_tasks
from gazescribe.pipeline.core.schemas import TABLES
from gazescribe.pipeline.core.shards import ROWS_A_SHARD, shard_folder
from gazescribe.pipeline.core.tables import read_table, split_source, table_path, write_table
from gazescribe.pipeline.dictation.label_maps import load_column_map, load_label_map
from gazescribe.pipeline.geometry.canvas import frame_of
from gazescribe.pipeline.geometry.sizes import parse_size
from gazescribe.pipeline.maps.drawing import ShardDrawing, ShardTask, draw_shard
from gazescribe.pipeline.maps.planning import PlannedMap, plan, plan_ellipses
from gazescribe.pipeline.maps.settings import Heatmaps

INDEXED_COLUMNS = ("reading_id", "dataset", "phase", "split", "dicom_id")

Row = dict[str, Any]


def run(
    tables: Path,
    associated: Path,
    out: Path,
    kind: str,
    params: Heatmaps,
    *,
    rules: Path | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
) -> dict[str, Any]:
    """Draw all maps of a kind into shards; give the counts.

    Raises
    ------
    GazeError
        If tables, windows, rules or parameters do not fit together.
    """
    size = parse_size(params.size)
    if size is None:
        raise ParamsError("shards hold maps of one size: native is for `gazescribe render`.")
    columns = [*INDEXED_COLUMNS, "height_px", "width_px"]
    rows = read_table(tables, "readings", columns).to_pylist()
    readings = {row["reading_id"]: row for row in rows}
    if kind == "ellipse":  # drawn by readers, not from gaze: `associate` is not asked
        labels = load_label_map(rules).channels
        maps, left_out = _plan_ellipses(tables, params.min_certainty, readings, labels, rules)
    else:
        windows = read_windows(tables, associated, readings)
        labels = labels_said(windows.schema.metadata, associated)
        maps, left_out = plan(windows, kind)
    n_planned = len(maps)
    maps = [planned for planned in maps if None not in _size(readings[planned.reading_id])]
    if len(maps) < n_planned:
        left_out["no image size"] = n_planned - len(maps)
    with shard_folder(out) as folder:
        # Absolute: workers of a scheduler have a working folder of their own.
        places = (tables.resolve(), associated.resolve(), folder.resolve())
        drawing = ShardDrawing(*places, kind, size, params)
        tasks = _tasks(maps, readings)
        draw = partial(draw_shard, drawing=drawing)
        peaks_by_shard = map_tasks(
            draw, tasks, workers=workers, scheduler=scheduler, description=f"{kind} maps"
        )
        peaks = list(chain.from_iterable(peaks_by_shard))
        source = split_source(tables)
        extra = {"split_source": source, "params": params.model_dump_json()}
        extra |= labels_metadata(labels)
        write_table(_index(maps, peaks, readings, drawing), folder, "heatmaps", extra)
        # `open_shards` knows a folder of maps and one of images by this one name.
        table_path(folder, "heatmaps").rename(folder / "index.parquet")
        summary = {
            "kind": kind,
            "params": params.model_dump(),
            "split_source": source,
            "n_maps": len(maps),
            "n_readings": len({planned.reading_id for planned in maps}),
            "n_shards": len(tasks),
            "n_blank": sum(peak == 0 for peak in peaks),
            "maps_by_label": dict(sorted(Counter(planned.label for planned in maps).items())),
            "left_out": left_out,
        }
        write_json(summary, folder / "heatmaps.json")
    return summary


def read_windows(tables: Path, associated: Path, readings: Mapping[str, Row]) -> pa.Table:
    """Read the windows; refuse those of readings that are not in `tables`."""
    windows = read_table(associated, "windows")
    unknown = sorted(set(windows["reading_id"].to_pylist()) - set(readings))
    if unknown:
        message = f"{len(unknown)} readings have windows but are not in {tables}."
        raise SchemaError(message, where=associated, faults=unknown)
    return windows


def _plan_ellipses(
    tables: Path,
    min_certainty: int,
    readings: dict[str, Row],
    channels: tuple[str, ...],
    rules: Path | None,
) -> tuple[list[PlannedMap], dict[str, int]]:
    """Plan data set by data set: each has label names, and so a column map, of its own."""
    maps: list[PlannedMap] = []
    left_out: Counter[str] = Counter()
    ellipses = read_table(tables, "ellipses")
    for dataset in sorted({row["dataset"] for row in readings.values()}):
        ids = [name for name, row in readings.items() if row["dataset"] == dataset]
        rows = ellipses.filter(pc.is_in(ellipses["reading_id"], pa.array(ids, pa.string())))
        column_map = load_column_map(dataset, channels, rules)
        planned, without_map = plan_ellipses(rows, column_map, min_certainty)
        maps += planned
        left_out.update(without_map)
    maps.sort(key=lambda planned: (planned.reading_id, planned.label))
    return maps, dict(left_out)


def _tasks(maps: list[PlannedMap], readings: dict[str, Row]) -> list[ShardTask]:
    tasks = []
    for number, first in enumerate(range(0, len(maps), ROWS_A_SHARD)):
        chunk = maps[first : first + ROWS_A_SHARD]
        image_sizes = {planned.reading_id: _size(readings[planned.reading_id]) for planned in chunk}
        tasks.append(ShardTask(number, chunk, image_sizes))
    return tasks


def _size(reading: Row) -> tuple[int, int]:
    return reading["height_px"], reading["width_px"]


def _index(
    maps: list[PlannedMap],
    peaks: list[float | None],
    readings: dict[str, Row],
    drawing: ShardDrawing,
) -> pa.Table:
    """Lay out the table `heatmaps`: a row for each map; what a kind does not have is null."""
    sigma_deg = _sigma_deg(drawing)
    rows = []
    for number, (planned, peak) in enumerate(zip(maps, peaks, strict=True)):
        reading = readings[planned.reading_id]
        frame = frame_of(_size(reading), drawing.size, drawing.params.resize)
        counts = dict(planned.counts)
        if drawing.from_samples:  # the counts of the window are those of its fixations
            del counts["gaze_s"], counts["n_fixations"]
        row = {name: reading[name] for name in INDEXED_COLUMNS} | counts
        row |= {
            "label": planned.label,
            "kind": drawing.kind,
            "shard": number // ROWS_A_SHARD,
            "row": number % ROWS_A_SHARD,
            "peak": peak,
            "sigma_deg": sigma_deg,
            "amplitude": None if drawing.kind == "ellipse" else drawing.params.amplitude,
        }
        for name in ("height", "width", "scale", "pad_x_px", "pad_y_px"):
            row[name] = getattr(frame, name)
        rows.append(row)
    return pa.Table.from_pylist(rows, schema=TABLES["heatmaps"].schema)


def _sigma_deg(drawing: ShardDrawing) -> float | None:
    if drawing.kind == "ellipse" or drawing.from_samples:
        return None
    path = table_path(drawing.associated, "gaussians")
    metadata = parquet_schema(path).metadata or {}
    with parsing(path, "what `gazescribe associate` writes"):
        return float(metadata[b"sigma_deg"]) if b"sigma_deg" in metadata else None
