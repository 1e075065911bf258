"""Draw heatmaps: Gaussians to maps, maps to shards.

Reads: a folder of tables, and the folder that `associate` wrote.
Writes: `heatmaps-00000.npy` … , `index.parquet`, `heatmaps.json`.
Params: `heatmaps`.
Drops: nothing silently; windows that are empty or reversed, ellipses below the certainty, and maps
that stay blank are counted.
Source: Lanfredi et al. 2023, Section 2.1.3; `spec/mil.md` section 2. Saliency: Qiu et al. 2025.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from gazescribe.pipeline.core.errors import ParamsError, SchemaError
from gazescribe.pipeline.core.files import write_json
from gazescribe.pipeline.core.parallel import map_tasks
from gazescribe.pipeline.core.schemas import TABLES
from gazescribe.pipeline.core.shards import ROWS_A_SHARD, shard_folder, write_shard
from gazescribe.pipeline.core.tables import (
    conform,
    read_readings,
    read_table,
    split_source,
    table_path,
    write_table,
)
from gazescribe.pipeline.dictation.label_maps import load_column_map, load_label_map
from gazescribe.pipeline.geometry.canvas import (
    Canvas,
    Columns,
    FloatMap,
    Size,
    frame_of,
    join_ellipses,
)
from gazescribe.pipeline.geometry.sizes import parse_size
from gazescribe.pipeline.maps.settings import Heatmaps

WINDOW_KINDS = {"label": ("sentence", "mention"), "report": ("report",), "saliency": ("reading",)}
READING_COLUMNS = (
    "reading_id",
    "dataset",
    "phase",
    "split",
    "dicom_id",
    "width_px",
    "height_px",
)
WINDOW_COLUMNS = (
    "reading_id",
    "window",
    "kind",
    "labels",
    "n_mentions",
    "n_uncertain",
    "n_fixations",
    "gaze_s",
    "status",
)
SIDES = ("xmin_px", "ymin_px", "xmax_px", "ymax_px")

Row = dict[str, Any]


def plan(windows: pa.Table, kind: str) -> tuple[list[Row], dict[str, int]]:
    """List the maps to draw from windows.

    Parameters
    ----------
    windows : pyarrow.Table
        Table `windows`.
    kind : {'label', 'report', 'saliency'}
        label: one map for each label mentioned, over its sentences or mentions; report: gaze to the
        last word; saliency: all gaze of the reading.

    Returns
    -------
    tuple
        One dict a map, sorted by reading and label, with its windows and counts; and the windows
        left out, by status.
    """
    table = windows.filter(pc.is_in(windows["kind"], pa.array(WINDOW_KINDS[kind])))
    maps: dict[tuple[str, str], Row] = {}
    left_out: Counter[str] = Counter()
    for window in table.to_pylist():
        if window["status"] != "ok":
            left_out[window["status"]] += 1
            continue
        for label, n_mentions, n_uncertain in _labels_of(window, kind):
            key = (window["reading_id"], label)
            row = maps.setdefault(key, _new_row(*key))
            row["windows"].append(window["window"])
            row["gaze_s"] += window["gaze_s"]
            row["n_fixations"] += window["n_fixations"]
            row["n_mentions"] += n_mentions
            row["n_uncertain"] += n_uncertain
    return [maps[key] for key in sorted(maps)], dict(sorted(left_out.items()))


def _new_row(reading_id: str, label: str) -> Row:
    counts = {"gaze_s": 0.0, "n_fixations": 0, "n_mentions": 0, "n_uncertain": 0}
    return {"reading_id": reading_id, "label": label, "windows": [], **counts}


def _labels_of(window: Row, kind: str) -> Iterator[tuple[str, int, int]]:
    if kind == "label":
        yield from zip(window["labels"], window["n_mentions"], window["n_uncertain"], strict=True)
    else:
        yield "", 0, 0


def plan_ellipses(
    ellipses: pa.Table, column_map: dict[str, tuple[str, ...]], min_certainty: int
) -> tuple[list[Row], dict[str, int]]:
    """List the ellipse masks to draw.

    Parameters
    ----------
    ellipses : pyarrow.Table
        Table `ellipses`.
    column_map : dict of str to tuple of str
        Channels that each label of the data set reaches.
    min_certainty : int
        Ellipses below are left out; 3 (possibly) in Lanfredi et al. 2023.

    Returns
    -------
    tuple
        One dict a mask, sorted by reading and label, with its boxes; ellipses left out, by reason.
    """
    maps: dict[tuple[str, str], Row] = {}
    left_out: Counter[str] = Counter()
    for ellipse in ellipses.to_pylist():
        channels = column_map.get(ellipse["label"], ())
        if not channels:
            left_out["label without channel"] += 1
        elif ellipse["certainty"] < min_certainty:
            left_out[f"certainty below {min_certainty}"] += 1
        else:
            for channel in channels:
                key = (ellipse["reading_id"], channel)
                row = maps.setdefault(key, {"reading_id": key[0], "label": channel, "boxes": []})
                row["boxes"].append(tuple(ellipse[side] for side in SIDES))
    return [maps[key] for key in sorted(maps)], dict(sorted(left_out.items()))


@dataclass(frozen=True)
class Drawing:
    """What a worker needs to draw a shard: where to read and write, and how to draw."""

    tables: Path
    associated: Path
    folder: Path
    kind: str
    size: Size
    params: Heatmaps


def draw_shard(task: tuple[int, list[Row]], drawing: Drawing) -> list[float | None]:
    """Draw the maps of one shard into its file.

    Parameters
    ----------
    task : tuple
        Number of the shard, and its maps as `plan` lists them, with `image_size`.
    drawing : Drawing
        Where and how.

    Returns
    -------
    list of float or None
        Peak of each map; None for ellipses.
    """
    shard, maps = task
    peaks: list[float | None] = []

    def drawn() -> Iterator[FloatMap]:
        for heatmap, highest in _draw_maps(maps, drawing):
            peaks.append(highest)
            yield heatmap

    write_shard(drawing.folder, shard, (len(maps), *drawing.size), drawn())
    return peaks


def _draw_maps(maps: list[Row], drawing: Drawing) -> Iterator[tuple[FloatMap, float | None]]:
    if drawing.kind == "ellipse":
        for row in maps:
            mask = join_ellipses(
                row["boxes"], row["image_size"], drawing.size, drawing.params.resize
            )
            yield mask.astype(np.float32), None
        return
    gaze = _read_gaze(maps, drawing)
    for reading_id, group in groupby(maps, key=lambda row: str(row["reading_id"])):
        rows = list(group)
        canvas = _canvas(gaze[reading_id], rows, drawing)
        known: dict[tuple[int, ...], tuple[FloatMap, float]] = {}
        for row in rows:  # labels said in the same sentences share their map
            windows = tuple(row["windows"])
            if windows not in known:
                known[windows] = canvas.label_map(windows)
            yield known[windows]


def _read_gaze(maps: list[Row], drawing: Drawing) -> dict[str, Columns]:
    ids = sorted({row["reading_id"] for row in maps})
    if _from_samples(drawing):
        return read_readings(drawing.tables, "samples", ids)
    return read_readings(drawing.associated, "gaussians", ids)


def _from_samples(drawing: Drawing) -> bool:
    return drawing.kind == "saliency" and drawing.params.saliency_from == "samples"


def _canvas(gaze: Columns, rows: list[Row], drawing: Drawing) -> Canvas:
    image_size = rows[0]["image_size"]
    windows = sorted({window for row in rows for window in row["windows"]})
    if _from_samples(drawing):
        sigma_px = drawing.params.samples_sigma_px
        gaze = sample_gaussians(gaze, image_size, sigma_px, window=windows[0])
    else:
        drawn = np.isin(gaze["window"], windows)
        gaze = {name: values[drawn] for name, values in gaze.items()}
    return Canvas(
        gaze,
        image_size,
        drawing.size,
        amplitude=drawing.params.amplitude,
        resize=drawing.params.resize,
    )


def sample_gaussians(
    samples: Columns, image_size: Size, sigma_px: float, *, window: int
) -> Columns:
    """Turn gaze samples into the Gaussians of one window.

    Notes
    -----
    Every sample on the image counts the same, with one blur for all images: the published target of
    Qiu et al. 2025 (`spec/egd.md` section 8, MTU). Their border reflects; here it is empty.
    """
    inside = samples["inside"].astype(bool)
    times = samples["time_s"]
    interval_s = float(np.median(np.diff(times))) if len(times) > 1 else 0.0
    n = int(inside.sum())
    height, width = image_size
    return {
        "window": np.full(n, window),
        "x_px": samples["x_px"][inside],
        "y_px": samples["y_px"][inside],
        "sigma_x_px": np.full(n, sigma_px),
        "sigma_y_px": np.full(n, sigma_px),
        "weight_s": np.full(n, interval_s),
        "clip_xmin_px": np.zeros(n, int),
        "clip_ymin_px": np.zeros(n, int),
        "clip_xmax_px": np.full(n, width),
        "clip_ymax_px": np.full(n, height),
    }


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
    known = read_table(tables, "readings", list(READING_COLUMNS)).to_pylist()
    readings = {row["reading_id"]: row for row in known}
    maps, left_out = _plan(tables, associated, kind, params, readings, rules)
    for row in maps:
        reading = readings[row["reading_id"]]
        row["image_size"] = (reading["height_px"], reading["width_px"])
    no_size = sum(None in row["image_size"] for row in maps)
    left_out |= {"no image size": no_size} if no_size else {}
    maps = [row for row in maps if None not in row["image_size"]]
    with shard_folder(out) as folder:
        # Absolute: workers of a scheduler have a working folder of their own.
        places = (tables.resolve(), associated.resolve(), folder.resolve())
        drawing = Drawing(*places, kind, size, params)
        shards = [maps[at : at + ROWS_A_SHARD] for at in range(0, len(maps), ROWS_A_SHARD)]
        drawn = map_tasks(
            partial(draw_shard, drawing=drawing),
            list(enumerate(shards)),
            workers=workers,
            scheduler=scheduler,
            description=f"{kind} maps",
        )
        peaks = [one for part in drawn for one in part]
        sigma_deg = None if kind == "ellipse" else _sigma_deg(associated)
        index = [
            _index_row(number, row, highest, readings[row["reading_id"]], drawing, sigma_deg)
            for number, (row, highest) in enumerate(zip(maps, peaks, strict=True))
        ]
        source = split_source(tables)
        extra = {"split_source": source, "params": params.model_dump_json()}
        table = conform(pa.Table.from_pylist(index, schema=TABLES["heatmaps"].schema), "heatmaps")
        write_table(table, folder, "heatmaps", extra)
        table_path(folder, "heatmaps").rename(folder / "index.parquet")
        summary = {
            "kind": kind,
            "params": params.model_dump(),
            "split_source": source,
            "n_maps": len(maps),
            "n_readings": len({row["reading_id"] for row in maps}),
            "n_shards": len(shards),
            "n_blank": sum(highest == 0 for highest in peaks),
            "maps_by_label": dict(sorted(Counter(row["label"] for row in maps).items())),
            "left_out": left_out,
        }
        write_json(summary, folder / "heatmaps.json")
    return summary


def _plan(
    tables: Path,
    associated: Path,
    kind: str,
    params: Heatmaps,
    readings: dict[str, Row],
    rules: Path | None,
) -> tuple[list[Row], dict[str, int]]:
    if kind != "ellipse":
        of_kind = [("kind", "in", WINDOW_KINDS[kind])]
        windows = read_table(associated, "windows", list(WINDOW_COLUMNS), of_kind)
        unknown = sorted(set(windows["reading_id"].to_pylist()) - set(readings))
        if unknown:
            what = f"{len(unknown)} readings have windows but are not in {tables}."
            raise SchemaError(what, where=associated, faults=unknown)
        return plan(windows, kind)
    channels = load_label_map(rules).channels
    maps: list[Row] = []
    left_out: Counter[str] = Counter()
    ellipses = read_table(tables, "ellipses")
    for dataset in sorted({row["dataset"] for row in readings.values()}):
        ids = [name for name, row in readings.items() if row["dataset"] == dataset]
        own = ellipses.filter(pc.is_in(ellipses["reading_id"], pa.array(ids, pa.string())))
        column_map = load_column_map(dataset, channels, rules)
        found, without = plan_ellipses(own, column_map, params.min_certainty)
        maps += found
        left_out.update(without)
    return sorted(maps, key=lambda row: (row["reading_id"], row["label"])), dict(left_out)


def _sigma_deg(associated: Path) -> float | None:
    metadata = pq.read_schema(table_path(associated, "gaussians")).metadata or {}
    return float(metadata[b"sigma_deg"]) if b"sigma_deg" in metadata else None


def _index_row(
    number: int,
    row: Row,
    highest: float | None,
    reading: Row,
    drawing: Drawing,
    sigma_deg: float | None,
) -> Row:
    frame = frame_of(row["image_size"], drawing.size, drawing.params.resize)
    samples = _from_samples(drawing)
    shared = ("n_mentions", "n_uncertain") + (() if samples else ("gaze_s", "n_fixations"))
    return {
        **{name: reading[name] for name in ("reading_id", "dataset", "phase", "split", "dicom_id")},
        **{name: row.get(name) for name in ("label", *shared)},
        **{name: getattr(frame, name) for name in ("height", "width", "scale")},
        "pad_x_px": frame.pad_x_px,
        "pad_y_px": frame.pad_y_px,
        "kind": drawing.kind,
        "shard": number // ROWS_A_SHARD,
        "row": number % ROWS_A_SHARD,
        "peak": highest,
        "sigma_deg": None if samples else sigma_deg,
        "amplitude": None if drawing.kind == "ellipse" else drawing.params.amplitude,
    }
