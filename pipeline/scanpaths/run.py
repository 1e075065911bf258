"""Write the scan path of each finding that a reading mentions, and of each whole reading.

Reads: `readings, fixations` of a folder of tables, `ellipses, attributes` where it has them; the
windows and Gaussians that `associate` wrote.
Writes: `scanpaths.parquet`, `findings.json` and `readings.json` in the form of COCO-Search18, and
`scanpaths.json`, the counts.
Params: `scanpaths`; `heatmaps.min_certainty` of the ellipses whose box a finding gets.
Drops: readings without gaze, image size or fixation on the image, findings and fixations; counted
by reason.
Source of the form: COCO-Search18 (Chen et al. 2021), as the loaders of HAT, Gazeformer and
ChestSearch read it.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from gazescribe.pipeline.core.class_names import labels_metadata, labels_said
from gazescribe.pipeline.core.errors import AlignmentError
from gazescribe.pipeline.core.files import replacing_folder, write_json
from gazescribe.pipeline.core.foreign_tables import parquet_schema
from gazescribe.pipeline.core.parallel import map_tasks
from gazescribe.pipeline.core.schemas import TABLES
from gazescribe.pipeline.core.tables import (
    TableWriter,
    conform,
    read_if_present,
    read_readings,
    read_table,
    split_source,
    table_path,
    usable_readings,
)
from gazescribe.pipeline.dictation.label_maps import load_column_map
from gazescribe.pipeline.maps.label_weights import Columns, check_fixations
from gazescribe.pipeline.scanpaths.paths import WHOLE, scan_paths
from gazescribe.pipeline.scanpaths.search18 import Entry, as_json, entry
from gazescribe.pipeline.scanpaths.settings import Scanpaths

READINGS_A_TASK = 128
READER = "reader"
SIDES = ("xmin_px", "ymin_px", "xmax_px", "ymax_px")
FILES = ("findings.json", "readings.json")

Boxes = dict[tuple[str, str], NDArray[np.float64]]


@dataclass(frozen=True)
class PathsPart:
    """Scan paths of some readings."""

    rows: pa.Table
    entries: list[Entry]
    left_out: dict[str, Counter[str]]


def run(
    tables: Path,
    associated: Path,
    out: Path,
    params: Scanpaths,
    *,
    min_certainty: int,
    size: tuple[int, int] | None = None,
    rules: Path | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
) -> dict[str, Any]:
    """Write the scan paths of a folder; give the counts.

    `size` is the frame (height, width) that the JSON squeezes images to; the table keeps the pixels
    of the images.

    Raises
    ------
    GazeError
        If tables, windows and rules do not fit together.
    """
    readings = read_table(tables, "readings")
    ids, without_gaze = usable_readings(readings)
    _check_windows(associated, readings)
    labels = labels_said(parquet_schema(table_path(associated, "windows")).metadata, associated)
    make = partial(
        _paths_of,
        tables=tables.resolve(),
        associated=associated.resolve(),
        min_share=params.min_share,
        boxes=_boxes(tables, readings, labels, min_certainty, rules),
        readers=number_readers(readings, read_if_present(tables, "attributes")),
        size=size,
    )
    tasks = [ids[n : n + READINGS_A_TASK] for n in range(0, len(ids), READINGS_A_TASK)]
    left_out: dict[str, Counter[str]] = defaultdict(Counter)
    left_out["readings"].update(without_gaze)
    entries: list[Entry] = []
    extra = {"split_source": split_source(tables), "params": params.model_dump_json()}
    extra |= labels_metadata(labels)
    parallel: dict[str, Any] = {"workers": workers, "scheduler": scheduler}
    with replacing_folder(out, "scan paths", obsolete=(), mark="scanpaths.json") as folder:
        with TableWriter(folder, "scanpaths", extra) as writer:
            for part in map_tasks(make, tasks, description="scan paths", **parallel):
                writer.write(part.rows)
                entries += part.entries
                for kind, counts in part.left_out.items():
                    left_out[kind].update(counts)
        labels_by_task = {label.casefold(): label for label in labels}
        findings = [path_entry for path_entry in entries if path_entry["condition"] == "present"]
        whole = [path_entry for path_entry in entries if path_entry["condition"] == "freeview"]
        for name, content in zip(FILES, (findings, whole), strict=True):
            (folder / name).write_text(as_json(content), encoding="utf-8")
        by_label = Counter(labels_by_task[path_entry["task"]] for path_entry in findings)
        summary = {
            "params": params.model_dump(),
            "split_source": extra["split_source"],
            "n_readings": len(whole),
            "n_findings": len(findings),
            "n_fixations": sum(path_entry["length"] for path_entry in whole),
            "n_fixations_of_findings": sum(path_entry["length"] for path_entry in findings),
            "findings_by_label": dict(sorted(by_label.items())),
            "left_out": {
                kind: {why: n for why, n in sorted(counts.items()) if n}
                for kind, counts in sorted(left_out.items())
            },
        }
        write_json(summary, folder / "scanpaths.json")
    return summary


def _check_windows(associated: Path, readings: pa.Table) -> None:
    ids = read_table(associated, "windows", ["reading_id"])["reading_id"].unique()
    is_known = pc.is_in(ids, readings["reading_id"].combine_chunks())
    strange = ids.filter(pc.invert(is_known)).to_pylist()
    if strange:
        message = f"{len(strange)} readings have windows but are not in TABLES."
        remedy = "Give the tables that it was made from."
        raise AlignmentError(message, where=associated, remedy=remedy, faults=strange)


def number_readers(readings: pa.Table, attributes: pa.Table) -> dict[str, int]:
    """Give the reader of each reading a number, from 1.

    By the attribute `reader` where every reading has it; else readings of one image are numbered,
    and a number is another person on another image.
    """
    named = attributes.filter(pc.equal(pc.utf8_lower(attributes["name"]), READER))
    names = dict(zip(named["reading_id"].to_pylist(), named["value"].to_pylist(), strict=True))
    ids = readings["reading_id"].to_pylist()
    if ids and all(reading_id in names for reading_id in ids):
        number = {name: n for n, name in enumerate(sorted(set(names.values())), 1)}
        return {reading_id: number[names[reading_id]] for reading_id in ids}
    n_readings: Counter[str] = Counter()
    numbers = {}
    for reading_id, image in zip(ids, readings["dicom_id"].to_pylist(), strict=True):
        n_readings[image] += 1
        numbers[reading_id] = n_readings[image]
    return numbers


def _boxes(
    tables: Path,
    readings: pa.Table,
    labels: Sequence[str],
    min_certainty: int,
    rules: Path | None,
) -> Boxes:
    """Give the box around all that a reader drew of a label, by reading and label."""
    ellipses = read_if_present(tables, "ellipses").to_pylist()
    if not ellipses:
        return {}
    datasets = dict(
        zip(readings["reading_id"].to_pylist(), readings["dataset"].to_pylist(), strict=True)
    )
    maps = {
        name: load_column_map(name, tuple(labels), rules, optional=True)
        for name in sorted(set(datasets.values()))
    }
    corners: dict[tuple[str, str], list[list[float]]] = defaultdict(list)
    for ellipse in ellipses:
        reading_id = ellipse["reading_id"]
        channels = maps[datasets[reading_id]].get(ellipse["label"], ())
        for label in channels if ellipse["certainty"] >= min_certainty else ():
            corners[reading_id, label].append([ellipse[side] for side in SIDES])
    joined = {}
    for key, boxes in corners.items():
        sides = np.array(boxes)
        joined[key] = np.concatenate([sides[:, :2].min(axis=0), sides[:, 2:].max(axis=0)])
    return joined


def _paths_of(
    ids: Sequence[str],
    *,
    tables: Path,
    associated: Path,
    min_share: float,
    boxes: Boxes,
    readers: Mapping[str, int],
    size: tuple[int, int] | None,
) -> PathsPart:
    """Make the scan paths of some readings: one task."""
    parts = {name: read_readings(tables, name, ids) for name in ("readings", "fixations")}
    parts |= {name: read_readings(associated, name, ids) for name in ("windows", "gaussians")}
    left_out: dict[str, Counter[str]] = defaultdict(Counter)
    entries: list[Entry] = []
    pieces = [TABLES["scanpaths"].schema.empty_table()]
    check_fixations(parts["fixations"], parts["gaussians"], associated)
    for reading_id in ids:
        reading, fixations, windows, gaussians = (part[reading_id] for part in parts.values())
        about = _about(reading, readers[reading_id])
        paths = dict(scan_paths(about, fixations, windows, gaussians, min_share, left_out))
        if WHOLE not in paths:
            left_out["readings"]["no fixation on the image"] += 1
        for label, columns in paths.items():
            path = {**about, **columns, "label": label}
            entries.append(entry(path, boxes.get((reading_id, label)), size))
            pieces.append(_table(path, len(columns["place"])))
    return PathsPart(conform(pa.concat_tables(pieces), "scanpaths"), entries, dict(left_out))


def _about(reading: Columns, reader: int) -> dict[str, Any]:
    """Give what each row of a reading's scan paths says."""
    about = {name: reading[name][0] for name in ("reading_id", "dicom_id", "split")}
    about |= {name: int(reading[name][0]) for name in ("subject_id", "width_px", "height_px")}
    return {**about, "reader": reader}


def _table(path: Mapping[str, Any], n: int) -> pa.Table:
    schema = TABLES["scanpaths"].schema
    columns = [
        pa.array(path[name] if isinstance(path[name], np.ndarray) else [path[name]] * n, kind)
        for name, kind in zip(schema.names, schema.types, strict=True)
    ]
    return pa.Table.from_arrays(columns, schema=schema)
