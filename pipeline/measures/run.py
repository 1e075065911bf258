"""Measure how readings look: by region, by label, and around each mention.

Reads: `readings, fixations` of a folder of tables, `regions, ellipses, words, sentences` where it
has them; the windows and Gaussians that `associate` wrote; mentions and regions of one's own, if
any.
Writes: `region_measures`, `reading_measures` and `mention_leads` as Parquet and CSV, `columns.csv`
that says what each column is, and `measures.json`.
Params: `measures`, `scanpaths.min_share` and `heatmaps.min_certainty`.
Drops: readings without gaze, image size or fixation, counted by reason; phrases that name anatomy
without a box or a time, likewise.
Source of the definitions: Holmqvist et al. 2011; docs/measures.md.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from gazescribe.pipeline.core.class_names import labels_metadata, labels_said
from gazescribe.pipeline.core.csv_writing import write_csv
from gazescribe.pipeline.core.files import replacing_folder, write_json
from gazescribe.pipeline.core.foreign_tables import parquet_schema
from gazescribe.pipeline.core.parallel import map_tasks
from gazescribe.pipeline.core.schemas import TABLES
from gazescribe.pipeline.core.tables import (
    read_readings,
    read_table,
    split_source,
    table_path,
    usable_readings,
    write_table,
)
from gazescribe.pipeline.dictation.label_maps import LabelMap, load_column_map, load_label_map
from gazescribe.pipeline.dictation.mentions import read_mentions
from gazescribe.pipeline.gaze.sync.anatomy import AnatomyPhrases, load_anatomy
from gazescribe.pipeline.maps.heatmaps import read_windows
from gazescribe.pipeline.maps.label_weights import Columns, check_fixations
from gazescribe.pipeline.measures.by_reading import reading_row
from gazescribe.pipeline.measures.by_region import count_revisits, region_row
from gazescribe.pipeline.measures.gaze import ALL_GAZE, gaze_by_label
from gazescribe.pipeline.measures.leads import anatomy_leads, label_leads, mentioned_sentences
from gazescribe.pipeline.measures.regions import (
    OwnRegions,
    Region,
    boxes,
    ellipses,
    grid_points,
    read_own_regions,
    whole_image,
)
from gazescribe.pipeline.measures.settings import Measures

READINGS_A_TASK = 64
NAMES = ("region_measures", "reading_measures", "mention_leads")
NO_FIXATION = "no fixation"
OF_LABELS = ("fixations", "windows", "gaussians")
OPTIONAL = ("words", "sentences", "regions", "ellipses")

SHOWN = ("dwell.*", "eye_movements.*", "leads.*", "captions.json", "measures.html")
"""What `show` may write; that of an older run goes."""

Row = dict[str, Any]
Show = Callable[[Path, Mapping[str, Any]], None]
WordTimes = dict[str, dict[tuple[str, int], float]]


@dataclass(frozen=True)
class Request:
    """What is measured with, the same for all readings."""

    params: Measures
    min_share: float
    min_certainty: int
    column_maps: dict[str, dict[str, tuple[str, ...]]]  # by data set
    anatomy: AnatomyPhrases
    own: OwnRegions | None
    words_s: WordTimes  # by reading: when a label is said in a sentence


@dataclass(frozen=True)
class Sources:
    """What is read."""

    tables: Path
    associated: Path
    mentions: Path | None = None  # they say when a label is said
    regions: Path | None = None  # a CSV file of one's own
    rules: Path | None = None


@dataclass(frozen=True)
class Part:
    """Rows of some readings, by table."""

    rows: dict[str, list[Row]] = field(default_factory=lambda: {name: [] for name in NAMES})
    left_out: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))


def run(
    sources: Sources,
    out: Path,
    params: Measures,
    *,
    min_share: float,
    min_certainty: int,
    show: Show | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
) -> dict[str, Any]:
    """Measure a folder; give the counts, and means for the summary line.

    `min_share` is `scanpaths.min_share`, `min_certainty` that of `heatmaps`; `show` puts what is to
    be looked at beside the tables, given their folder and the summary.

    Raises
    ------
    GazeError
        If tables, windows, mentions, regions and rules do not fit together.
    """
    tables, associated = sources.tables, sources.associated.resolve()
    readings = read_table(tables, "readings")
    rows = readings.to_pylist()
    read_windows(tables, associated, {row["reading_id"]: row for row in rows})
    labels = labels_said(parquet_schema(table_path(associated, "windows")).metadata, associated)
    request = _prepare(sources, readings, labels, params, (min_share, min_certainty))
    ids, left_out = usable_readings(readings)
    measure = partial(_measure, request, tables.resolve(), associated)
    tasks = [ids[n : n + READINGS_A_TASK] for n in range(0, len(ids), READINGS_A_TASK)]
    parallel: dict[str, Any] = {"workers": workers, "scheduler": scheduler}
    whole = Part()
    whole.left_out["readings"].update(left_out)
    for part in map_tasks(measure, tasks, description="measures", **parallel):
        for name in NAMES:
            whole.rows[name] += part.rows[name]
        for kind, counts in part.left_out.items():
            whole.left_out[kind].update(counts)
    extra = {"split_source": split_source(tables), "params": params.model_dump_json()}
    summary = _summary(whole, params, extra["split_source"])
    with replacing_folder(out, "measures", obsolete=SHOWN, mark="measures.json") as folder:
        for name in NAMES:
            table = pa.Table.from_pylist(whole.rows[name], schema=TABLES[name].schema)
            write_table(table, folder, name, extra | labels_metadata(labels))
            write_csv(read_table(folder, name), folder / f"{name}.csv")
        write_csv(describe_columns(), folder / "columns.csv")
        if show and summary["n_readings"]:
            show(folder, summary)
        write_json(summary, folder / "measures.json")
    return summary


def _prepare(
    sources: Sources,
    readings: pa.Table,
    labels: tuple[str, ...],
    params: Measures,
    least: tuple[float, int],
) -> Request:
    """Read what all readings are measured with; `least` are share and certainty."""
    rules, rows = sources.rules, readings.to_pylist()
    column_maps = {
        name: load_column_map(name, labels, rules, optional=True)
        for name in sorted({row["dataset"] for row in rows})
    }
    own_regions = read_own_regions(sources.regions, rows) if sources.regions else None
    words_s: WordTimes = {}
    if sources.mentions:
        words_s = _word_times(sources.mentions, readings, load_label_map(rules))
    return Request(params, *least, column_maps, load_anatomy(rules), own_regions, words_s)


def describe_columns() -> pa.Table:
    """Say what each column of the three tables is, and its unit."""
    rows = [
        {
            "table": name,
            "column": column.name,
            "unit": column.metadata.get(b"unit", b"").decode(),
            "description": column.metadata[b"description"].decode(),
        }
        for name in NAMES
        for column in TABLES[name].schema
    ]
    return pa.Table.from_pylist(rows)


def _word_times(mentions: Path, readings: pa.Table, label_map: LabelMap) -> WordTimes:
    """Find when each sentence first says each label, by mentions that are not denied."""
    times: WordTimes = defaultdict(dict)
    for mention in read_mentions(mentions, readings, label_map).to_pylist():
        if mention["polarity"] == "negative" or mention["onset_s"] is None:
            continue
        of_reading = times[mention["report_id"]]
        for label in label_map.channels_of(mention["label"]):
            key = label, mention["sentence"]
            of_reading[key] = min(mention["onset_s"], of_reading.get(key, np.inf))
    return dict(times)


def _measure(request: Request, tables: Path, associated: Path, ids: Sequence[str]) -> Part:
    """Measure some readings: one task."""
    parts = {name: read_readings(tables, name, ids) for name in ("readings", "fixations")}
    parts |= {name: read_readings(tables, name, ids, optional=True) for name in OPTIONAL}
    parts |= {name: read_readings(associated, name, ids) for name in ("windows", "gaussians")}
    check_fixations(parts["fixations"], parts["gaussians"], associated)
    measured = Part()
    for reading_id in ids:
        columns = {name: part[reading_id] for name, part in parts.items()}
        reading = {name: values[0] for name, values in columns.pop("readings").items()}
        if not len(columns["fixations"]["onset_s"]):
            measured.left_out["readings"][NO_FIXATION] += 1
            continue
        _measure_reading(reading, columns, request, measured)
    return measured


def _measure_reading(
    reading: Row, columns: Mapping[str, Columns], request: Request, measured: Part
) -> None:
    size = int(reading["height_px"]), int(reading["width_px"])
    fixations, windows, gaussians = (columns[name] for name in OF_LABELS)
    gaze = gaze_by_label(fixations, windows, gaussians, request.min_share)
    regions = _regions(reading, columns, request)
    points_px = grid_points(size[1], size[0])
    lungs = [region for region in regions if region.name.casefold() in request.params.lungs]
    spoken = mentioned_sentences(windows)
    areas = {region: float(region.holds(points_px).mean()) for region in regions}
    said_s = _said(spoken, columns["sentences"])
    key = {"reading_id": reading["reading_id"]}
    for label, of_label in gaze.items():
        row = reading_row(of_label, size, lungs, points_px, request.params)
        measured.rows["reading_measures"].append({**key, "label": label, **row})
        for region in regions:
            row = {"area_share": areas[region], **region_row(of_label, region)}
            if label in said_s:
                again = count_revisits(gaze[ALL_GAZE], region, said_s[label])
                row["n_revisits_after_mention"] = again
            measured.rows["region_measures"].append({**key, "label": label, **row})
    words_s = request.words_s.get(reading["reading_id"], {})
    leads = [*label_leads(gaze[ALL_GAZE], regions, spoken, columns["sentences"], words_s)]
    phrases = measured.left_out["anatomy"]
    leads += anatomy_leads(gaze[ALL_GAZE], reading["text"], columns, request.anatomy, phrases)
    measured.rows["mention_leads"] += [{**key, **row} for row in leads]


def _regions(reading: Row, columns: Mapping[str, Columns], request: Request) -> list[Region]:
    column_map = request.column_maps[reading["dataset"]]
    own_regions = request.own.of(reading) if request.own else []
    return [
        whole_image(int(reading["width_px"]), int(reading["height_px"])),
        *boxes(columns["regions"]),
        *ellipses(columns["ellipses"], column_map, request.min_certainty),
        *own_regions,
    ]


def _said(spoken: Mapping[str, Sequence[int]], sentences: Columns) -> dict[str, float]:
    """Say when the first sentence that mentions each label ends."""
    ends_s = dict(zip(sentences["sentence"].tolist(), sentences["offset_s"].tolist(), strict=True))
    return {label: ends_s[numbers[0]] for label, numbers in spoken.items() if numbers[0] in ends_s}


def _summary(whole: Part, params: Measures, source: str) -> dict[str, Any]:
    of_readings = [row for row in whole.rows["reading_measures"] if row["label"] == ALL_GAZE]
    leads = [row["lead_s"] for row in whole.rows["mention_leads"] if row.get("lead_s") is not None]
    covered = [row["lung_coverage"] for row in of_readings if row["lung_coverage"] is not None]
    return {
        "params": params.model_dump(),
        "split_source": source,
        "n_readings": len(of_readings),
        "n_rows": {name: len(rows) for name, rows in whole.rows.items()},
        "n_readings_without_lungs": len(of_readings) - len(covered),
        "fixation_median_s": _median([row["fixation_median_s"] for row in of_readings]),
        "amplitude_median_deg": _median([row["amplitude_median_deg"] for row in of_readings]),
        "lung_coverage_median": _median(covered),
        "lead_median_s": _median(leads),
        "left_out": {
            kind: {why: n for why, n in sorted(counts.items()) if n}
            for kind, counts in sorted(whole.left_out.items())
        },
    }


def _median(values: Sequence[float | None]) -> float | None:
    numbers = [value for value in values if value is not None]
    return float(np.median(numbers)) if numbers else None
