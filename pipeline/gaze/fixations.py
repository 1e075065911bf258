"""Fixations from raw samples, where a data set gives no better ones.

Reads: samples, readings, and where they are there the data set's own fixations or attributes, for
the size of a degree and the part of the image on screen. Writes: a folder of tables as `ingest`
does, with these fixations and without samples, and `fixations.json`. Params: `fixations`. Drops:
readings without samples, without a known size of a degree, without any fixation, and those whose
gaze was left out before; counted by reason.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from gazescribe.pipeline.core.errors import GazeError
from gazescribe.pipeline.core.files import replacing_folder, write_json
from gazescribe.pipeline.core.foreign import parsing
from gazescribe.pipeline.core.foreign_tables import open_parquet
from gazescribe.pipeline.core.parallel import map_tasks
from gazescribe.pipeline.core.tables import (
    copy_table,
    further_metadata,
    has_table,
    read_readings,
    read_table,
    rows_of,
    table_path,
    write_table,
)
from gazescribe.pipeline.gaze.detection import detect, fixation_columns
from gazescribe.pipeline.gaze.noise_limits import noise_limit
from gazescribe.pipeline.gaze.samples import Samples
from gazescribe.pipeline.gaze.settings import Detection
from gazescribe.pipeline.geometry.sampling import Floats, noise_of, step_of
from gazescribe.pipeline.ingest.chunks import (
    READING_TABLES,
    Chunk,
    cut,
    dataset_of,
    find_obsolete,
    write_chunks,
)

CARRIED = (
    "px_per_deg_x",
    "px_per_deg_y",
    *(f"shown_{side}_px" for side in ("xmin", "ymin", "xmax", "ymax")),
)
COPIED = READING_TABLES[2:]  # all but readings and fixations
READINGS_A_TASK = 8  # 45 s of samples at 1 kHz each

Row = dict[str, Any]


def find_fixations(
    tables: Path,
    out: Path,
    settings: Detection,
    *,
    px_per_deg: float | None = None,
    theirs: pa.Table | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
) -> dict[str, Any]:
    """Write tables whose fixations come from samples; give the content of `out/fixations.json`.

    `tables` is an ingested folder with samples, `out` another folder; `px_per_deg` image pixels a
    degree, for readings of which no table says it; `theirs` fixations that these are compared with.
    A GazeError if `out` holds those of another data set, or there are no samples.
    """
    if px_per_deg is not None and not px_per_deg > 0:
        raise GazeError(f"--px-per-deg {px_per_deg} is not above 0.")
    readings = read_table(tables, "readings")
    ids = sorted(readings["reading_id"].to_pylist())
    # Gaze that was left out before stays out. Where no reading has any, it came without fixations.
    rows = readings.select(["reading_id", "has_gaze"]).to_pylist()
    excluded = {row["reading_id"] for row in rows if not row["has_gaze"]}
    find = partial(
        _find_in_readings,
        tables=tables.resolve(),
        settings=settings,
        px_per_deg=px_per_deg,
        excluded=excluded if len(excluded) < len(ids) else set(),
    )
    read_table(tables, "samples", ["reading_id"], [("reading_id", "==", "")])  # checks its schema
    n_samples = open_parquet(table_path(tables, "samples")).metadata.num_rows
    tasks = cut(ids, READINGS_A_TASK)
    chunks = map_tasks(find, tasks, workers=workers, scheduler=scheduler, description="fixations")
    recorded = json.dumps(settings.model_dump(), sort_keys=True)
    copied = [name for name in COPIED if has_table(tables, name)]
    obsolete = find_obsolete(out, dataset_of(tables), ["readings", "fixations", *copied])
    with replacing_folder(out, "tables", obsolete=obsolete, mark="fixations.json") as folder:
        n_rows, notes = write_chunks(chunks, folder, ["fixations"], {"fixations_params": recorded})
        with_gaze = set(read_table(folder, "fixations", ["reading_id"])["reading_id"].to_pylist())
        _write_readings(readings, with_gaze, folder)
        for name in copied:
            copy_table(tables, name, folder)
        summary = {
            **settings.model_dump(),
            "readings": len(ids),
            "readings_with_gaze": len(with_gaze),
            "samples": n_samples,
            "fixations": n_rows["fixations"],
            "without_gaze": dict(sorted(notes.without_gaze.items())),
            "noise": _sum_up_noise(notes.measures.get("noise", {})),
        }
        if theirs is not None:
            searched = notes.measures.get("noise", {}).get("reading_id", [])
            summary["agreement"] = agreement(read_table(folder, "fixations"), theirs, searched)
        write_json(summary, folder / "fixations.json")
    return summary


def _write_readings(readings: pa.Table, with_gaze: set[str], out: Path) -> None:
    ids = readings["reading_id"].to_pylist()
    has_gaze = pa.array([reading_id in with_gaze for reading_id in ids])
    place = readings.column_names.index("has_gaze")
    extra = further_metadata(readings, "readings")
    write_table(readings.set_column(place, "has_gaze", has_gaze), out, "readings", extra)


def _find_in_readings(
    ids: Sequence[str],
    *,
    tables: Path,
    settings: Detection,
    px_per_deg: float | None,
    excluded: set[str],
) -> Chunk:
    chunk = Chunk()
    samples = read_readings(tables, "samples", ids)
    fixations, attributes = (
        read_readings(tables, name, ids) if has_table(tables, name) else {}
        for name in ("fixations", "attributes")
    )
    for reading_id in ids:
        if reading_id in excluded:
            chunk.without_gaze["left out before"] += 1
            continue
        views = _views(fixations.get(reading_id), attributes.get(reading_id), px_per_deg)
        if not len(samples[reading_id]["time_s"]):
            chunk.without_gaze["no samples"] += 1
        elif views is None:
            chunk.without_gaze["pixels per degree unknown"] += 1
        else:
            rows = _fixations(reading_id, samples[reading_id], views, settings, chunk)
            if len(rows["onset_s"]):
                chunk.add("fixations", reading_id, rows)
            else:
                chunk.without_gaze["no fixation"] += 1
    return chunk.pack()


def _views(fixations: Row | None, attributes: Row | None, px_per_deg: float | None) -> Row | None:
    """Give the views of the image: rows of `CARRIED` and when each begins, or None if unknown."""
    if fixations is not None and len(fixations["onset_s"]):
        between_s = (fixations["offset_s"][:-1] + fixations["onset_s"][1:]) / 2
        begin_s = np.concatenate([[-np.inf], np.maximum.accumulate(between_s)])
        return {"begin_s": begin_s, **{name: fixations[name] for name in CARRIED}}
    values = dict(zip(attributes["name"], attributes["value"], strict=True)) if attributes else {}
    with parsing("table attributes", "a size of a degree, px_per_deg_x and px_per_deg_y"):
        sizes = [float(values.get(f"px_per_deg_{axis}", px_per_deg or np.nan)) for axis in "xy"]
        if any(size <= 0 or np.isinf(size) for size in sizes):
            message = f"{sizes[0]} and {sizes[1]} are no sizes above 0"
            raise ValueError(message)
    if np.isnan(sizes).any():
        return None
    view = dict(zip(CARRIED, [*sizes, *[np.nan] * 4], strict=True))  # no part shown: the whole
    return {name: np.array([value]) for name, value in {"begin_s": -np.inf, **view}.items()}


def _fixations(
    reading_id: str, samples: Row, views: Row, settings: Detection, chunk: Chunk
) -> dict[str, NDArray[Any]]:
    """Give the columns of the table `fixations` for one reading; note its noise in the chunk."""
    time_s, position_px = samples["time_s"], np.stack([samples["x_px"], samples["y_px"]], axis=1)
    valid = samples["valid"].astype(bool) & np.isfinite(position_px).all(axis=1)
    shown = np.stack([views[name] for name in CARRIED[2:]], axis=1)
    # NaN differs from itself: a number of no pixel makes unknown parts of the image one view.
    filled = np.nan_to_num(shown, nan=-1e9)
    view_of_row = np.unique(filled, axis=0, return_inverse=True)[1].ravel()
    row = np.asarray(np.searchsorted(views["begin_s"], time_s, side="right")) - 1
    # One resolution a view: REFLACX's is rounded to whole pixels, fixation by fixation.
    px_per_deg = np.array(
        [
            [np.median(views[name][view_of_row == number]) for name in CARRIED[:2]]
            for number in range(view_of_row.max() + 1)
        ]
    )
    view = view_of_row[row]
    gaze = Samples(time_s, position_px / px_per_deg[view], valid, view)
    noise_deg = noise_of(time_s, gaze.position_deg, valid)
    limit_deg = np.nan if np.isnan(noise_deg) else noise_limit(step_of(time_s), settings)
    chunk.measure("noise", reading_id=reading_id, noise_deg=noise_deg, limit_deg=limit_deg)
    spans = detect(gaze, settings)
    middle = spans.sum(axis=1) // 2
    return {
        **fixation_columns(time_s, position_px, valid, spans),
        **{name: views[name][row[middle]] for name in CARRIED},
    }


def _sum_up_noise(measures: Mapping[str, Sequence[Any]]) -> dict[str, float | int | None]:
    """Sum up the noise of readings: medians, and how many have more than the method bears."""
    noise_deg, limit_deg = (
        np.array(measures.get(f"{name}_deg", ()), np.float64) for name in ("noise", "limit")
    )
    is_measured = ~np.isnan(noise_deg)
    is_known = bool(is_measured.any())
    return {
        "median_deg": float(np.median(noise_deg[is_measured])) if is_known else None,
        "limit_deg": float(np.median(limit_deg[is_measured])) if is_known else None,
        "readings": int(is_measured.sum()),
        "readings_beyond": int((noise_deg[is_measured] > limit_deg[is_measured]).sum()),
    }


def agreement(
    ours: pa.Table, theirs: pa.Table, searched: Iterable[str]
) -> dict[str, float | int | None]:
    """Compare fixations with others of the same readings; None where there is nothing to compare.

    `searched` are the readings in whose samples fixations were looked for, also in vain. Gives
    `readings`, those of them that the others have; `count_ratio`, ours over theirs; `time_iou`,
    time inside fixations of both over time inside fixations of either; `share_matched`, of theirs
    that overlap one of ours; and of these pairs, each of theirs with the one of ours that overlaps
    it longest, the median distance of centres and of onsets and offsets.
    """
    ids = sorted({*searched} & {*theirs["reading_id"].to_pylist()})
    first, second = rows_of(ours, "reading_id", ids), rows_of(theirs, "reading_id", ids)
    n_ours, n_theirs = (sum(len(rows[key]["onset_s"]) for key in ids) for rows in (first, second))
    both_s = either_s = 0.0
    pairs = [np.empty((0, 3))]
    for key in ids:
        overlap_s, length_s, apart = _compare(first[key], second[key])
        both_s += overlap_s
        either_s += length_s - overlap_s
        pairs.append(apart)
    apart = np.concatenate(pairs)
    medians = np.median(apart, axis=0).tolist() if len(apart) else [None] * 3
    return {
        "readings": len(ids),
        "count_ratio": n_ours / n_theirs if n_theirs else None,
        "time_iou": both_s / either_s if either_s else None,
        "share_matched": len(apart) / n_theirs if n_theirs else None,
        **dict(zip(("distance_deg", "onset_apart_s", "offset_apart_s"), medians, strict=True)),
    }


def _compare(ours: Row, theirs: Row) -> tuple[float, float, Floats]:
    """Give seconds inside fixations of both, the length of both sets in seconds, and the pairs.

    Of each pair, shape (n, 3): distance of centres in degrees, of onsets and of offsets in seconds.
    """
    first = np.maximum(ours["onset_s"][:, None], theirs["onset_s"])
    last = np.minimum(ours["offset_s"][:, None], theirs["offset_s"])
    overlap_s = np.maximum(last - first, 0.0)
    length_s = sum(float((rows["offset_s"] - rows["onset_s"]).sum()) for rows in (ours, theirs))
    if not len(overlap_s):
        return 0.0, length_s, np.empty((0, 3))
    best, is_met = overlap_s.argmax(axis=0), overlap_s.max(axis=0) > 0
    partner = {name: values[best[is_met]] for name, values in ours.items()}
    matched = {name: values[is_met] for name, values in theirs.items()}
    x_deg, y_deg = (
        (partner[f"{axis}_px"] - matched[f"{axis}_px"]) / matched[f"px_per_deg_{axis}"]
        for axis in "xy"
    )
    apart_s = [np.abs(partner[name] - matched[name]) for name in ("onset_s", "offset_s")]
    return float(overlap_s.sum()), length_s, np.stack([np.hypot(x_deg, y_deg), *apart_s], axis=1)
