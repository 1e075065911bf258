"""Score predicted scan paths against those of readers, between floors and ceiling.

Reads: predictions as JSON of COCO-Search18; `scanpaths.parquet`.
Writes: `scanpath_scores.parquet` and `.csv`, a picture of them, `score-scanpaths.json`.
Params: `score_scanpaths`, `figures`.
Drops: scan paths of readers that nothing predicts, predictions of other images or findings, and
those without a fixation; counted by reason. Measures that are not defined are left out of means.
Source of the way: each predicted path against each reader's of the same image and finding, as HAT
and ChestSearch score.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from gazescribe.pipeline.core.csv_writing import write_csv
from gazescribe.pipeline.core.errors import AlignmentError, shorten
from gazescribe.pipeline.core.files import replacing_folder, write_json
from gazescribe.pipeline.core.parallel import map_tasks
from gazescribe.pipeline.core.resampling import Draws, draw_clusters, interval, ratio
from gazescribe.pipeline.core.schemas import TABLES
from gazescribe.pipeline.core.settings import Figures
from gazescribe.pipeline.core.tables import conform, write_table
from gazescribe.pipeline.geometry.alignment import Frame
from gazescribe.pipeline.scanpaths.comparison import MEASURES, compare
from gazescribe.pipeline.scanpaths.floors import FLOORS, drawn
from gazescribe.pipeline.scanpaths.ours import Others, ScanPath, read_scan_paths
from gazescribe.pipeline.scanpaths.predictions import check_frames, in_frame, read_predictions
from gazescribe.pipeline.scanpaths.settings import ScoreScanpaths

SOURCES = ("predicted", "other_readers", *FLOORS)
LESS = tuple(("predicted", other) for other in SOURCES[1:])
"""Differences, each over the scan paths that both have a value for."""
ALL_FINDINGS, WHOLE_READING = "all findings", "whole reading"
SCOPES = ("all", "several readers")
MARK = "score-scanpaths.json"

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class ScoredPath:
    """What one reader's scan path is compared with."""

    ours: ScanPath
    predicted: list[Floats]  # in the pixels of the image
    other_readers: list[Floats]


def run(
    predictions: Path,
    scanpaths: Path,
    out: Path,
    params: ScoreScanpaths,
    *,
    size: Frame | None = None,
    pictures: Figures | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
) -> dict[str, Any]:
    """Score a file of predictions; give the counts and the headline scores.

    `size` is the frame (height, width) of predictions that do not say theirs; the image by default.
    Without `pictures` none is drawn.

    Raises
    ------
    GazeError
        If the files cannot be read, have no image and finding in common, or pixels of another
        frame.
    """
    left_out: Counter[str] = Counter()
    paths = read_scan_paths(scanpaths)
    scored = _matched(predictions, paths, size, left_out)
    by_subject = sorted(scored, key=lambda scored_path: scored_path.ours.subject_id)
    tasks = [
        list(group)
        for _, group in groupby(by_subject, lambda scored_path: scored_path.ours.subject_id)
    ]
    score = partial(score_subject, others=Others(paths), params=params)
    parallel: dict[str, Any] = {"workers": workers, "scheduler": scheduler}
    values = np.concatenate(list(map_tasks(score, tasks, description="scan paths", **parallel)))
    rows = _rows([scored_path for task in tasks for scored_path in task], values, params)
    summary: dict[str, Any] = {
        "params": params.model_dump(),
        "n_scanpaths": len(scored),
        "n_predicted": sum(len(group) for group in _by_key(scored).values()),
        "n_images": len({scored_path.ours.image for scored_path in scored}),
        "n_subjects": len(tasks),
        "left_out": {why: n for why, n in sorted(left_out.items()) if n},
        "scores": _headlines(rows),
    }
    schema = TABLES["scanpath_scores"].schema
    table = conform(pa.Table.from_pylist(rows, schema=schema), "scanpath_scores")
    with replacing_folder(out, "scores of scan paths", obsolete=(), mark=MARK) as folder:
        write_table(table, folder, "scanpath_scores", {"params": params.model_dump_json()})
        write_csv(table, folder / "scanpath_scores.csv")
        if pictures:
            _draw(rows, summary["scores"]["of"], folder, pictures)
        write_json(summary, folder / MARK)
    return summary


def _by_key(scored: Sequence[ScoredPath]) -> dict[tuple[str, str], list[Floats]]:
    return {scored_path.ours.key: scored_path.predicted for scored_path in scored}


def _draw(rows: Sequence[dict[str, Any]], label: str, folder: Path, pictures: Figures) -> None:
    """Draw the scores on the images that have a ceiling, if any."""
    from gazescribe.pipeline.core.figures import captions, save  # matplotlib is slow to import
    from gazescribe.pipeline.scanpaths.plots import score_panels

    scopes = {row["scope"] for row in rows if row["label"] == label}
    plate = score_panels(rows, label, SCOPES[1] if SCOPES[1] in scopes else SCOPES[0])
    save(plate.figure, folder, "scanpath_scores", pictures)
    write_json(captions({"scanpath_scores": plate}), folder / "captions.json")


def _matched(
    predictions: Path, paths: Sequence[ScanPath], size: Frame | None, left_out: Counter[str]
) -> list[ScoredPath]:
    """Find for each of our paths the predicted ones, and those of other readers."""
    ours = defaultdict(list)
    for path in paths:
        ours[path.key].append(path)
    images = {path.image for path in paths}
    predicted = read_predictions(predictions, images, size, left_out)
    matched = [
        prediction for prediction in predicted if (prediction.image, prediction.task) in ours
    ]
    left_out["predicted, of another image or finding"] += len(predicted) - len(matched)
    if not matched:
        examples = ", ".join(shorten(repr(key)) for key in list(ours)[:3])
        examples_of_theirs = ", ".join(
            shorten(repr((prediction.image, prediction.task))) for prediction in predicted[:3]
        )
        theirs = f"predicted are {examples_of_theirs or 'none'}"
        message = f"no prediction is of an image and finding of ours: {theirs}"
        remedy = "`name` must be the image's dicom_id with .jpg, `task` the label in lower case."
        raise AlignmentError(f"{message}; ours are {examples}.", where=predictions, remedy=remedy)
    sizes = [ours[prediction.image, prediction.task][0].frame for prediction in matched]
    check_frames(matched, sizes, predictions)
    by_key = defaultdict(list)
    for prediction, frame in zip(matched, sizes, strict=True):
        by_key[prediction.image, prediction.task].append(in_frame(prediction, frame))
    left_out["of readers, not predicted"] += sum(path.key not in by_key for path in paths)
    return [
        ScoredPath(
            path,
            by_key[path.key],
            [other.path for other in ours[path.key] if other.reading_id != path.reading_id],
        )
        for path in paths
        if path.key in by_key
    ]


def score_subject(
    scored: Sequence[ScoredPath], *, others: Others, params: ScoreScanpaths
) -> Floats:
    """Score the scan paths of a subject by each source: one task; (paths, sources, measures)."""
    values = np.full((len(scored), len(SOURCES), len(MEASURES)), np.nan)
    for row, scored_path in enumerate(scored):
        candidates = _candidates(scored_path, others, params)
        for column, source in enumerate(SOURCES):
            measured = [
                [*compare(scored_path.ours.path, path, scored_path.ours.frame, params).values()]
                for path in candidates[source]
            ]
            values[row, column] = _mean(np.array(measured).reshape(-1, len(MEASURES)))
    return values


def _candidates(
    scored_path: ScoredPath, others: Others, params: ScoreScanpaths
) -> dict[str, list[Floats]]:
    """Give what is compared with a reader's scan path, by source, in the pixels of its image."""
    candidates = {"predicted": scored_path.predicted, "other_readers": scored_path.other_readers}
    known = others.of(scored_path.ours.label, scored_path.ours.subject_id)
    name = f"{scored_path.ours.reading_id} {scored_path.ours.label}"
    for floor in FLOORS:
        paths = [] if known is None else drawn(floor, known, name, params)
        candidates[floor] = [scored_path.ours.in_pixels(path) for path in paths]
    return candidates


def _mean(values: Floats) -> Floats:
    is_defined = ~np.isnan(values)
    return ratio(np.where(is_defined, values, 0).sum(axis=0), is_defined.sum(axis=0))


def _rows(
    scored: Sequence[ScoredPath], values: Floats, params: ScoreScanpaths
) -> list[dict[str, Any]]:
    """Mean and interval of each source, label, scope and measure."""
    labels = np.array([scored_path.ours.label for scored_path in scored])
    several = np.array([bool(scored_path.other_readers) for scored_path in scored])
    subjects = np.array([scored_path.ours.subject_id for scored_path in scored])
    groups = {name: labels == name for name in sorted(set(labels)) if name}
    if groups:
        groups[ALL_FINDINGS] = labels != ""
    if (labels == "").any():
        groups[WHOLE_READING] = labels == ""
    series = {name: values[:, number] for number, name in enumerate(SOURCES)}
    for first, second in LESS:
        series[f"{first} less {second}"] = series[first] - series[second]
    rows = []
    for label, of_label in groups.items():
        for scope, chosen in zip(SCOPES, (of_label, of_label & several), strict=True):
            for source, of_source in series.items():
                rows += _measured(of_source[chosen], subjects[chosen], params, label, scope, source)
    return rows


def _measured(
    values: Floats,
    subjects: NDArray[np.int64],
    params: ScoreScanpaths,
    label: str,
    scope: str,
    source: str,
) -> list[dict[str, Any]]:
    """Mean and interval of each measure, subjects drawn with all their scan paths."""
    compared = ~np.isnan(values).all(axis=1)  # without another reader there is no ceiling
    values, is_defined = values[compared], ~np.isnan(values[compared])
    clusters, of_cluster = np.unique(subjects[compared], return_inverse=True)
    total, n = np.zeros((2, len(clusters), len(MEASURES)))
    np.add.at(total, of_cluster, np.where(is_defined, values, 0))
    np.add.at(n, of_cluster, is_defined)
    draws = Draws(params.n_bootstrap, params.confidence, params.seed)
    times = draw_clusters(len(clusters), draws)
    low, high = interval(ratio(times @ total, times @ n), params.confidence)
    mean, n_subjects = ratio(total.sum(axis=0), n.sum(axis=0)), (n > 0).sum(axis=0)
    low, high = (np.where(n_subjects > 1, edge, np.nan) for edge in (low, high))
    return [
        {
            "source": source,
            "label": label,
            "scope": scope,
            "measure": measure,
            "mean": mean[number],
            "low": low[number],
            "high": high[number],
            "n_scanpaths": int(n[:, number].sum()),
            "n_subjects": int(n_subjects[number]),
        }
        for number, measure in enumerate(MEASURES)
        if n[:, number].any()
    ]


def _headlines(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Give the means of findings, else of whole readings, by source and measure."""
    labels = {row["label"] for row in rows}
    shown = ALL_FINDINGS if ALL_FINDINGS in labels else WHOLE_READING
    scores: dict[str, dict[str, Any]] = defaultdict(dict)
    for row in rows:
        if row["label"] == shown and row["scope"] == "all":
            three = [None if np.isnan(row[name]) else row[name] for name in ("mean", "low", "high")]
            scores[row["source"]][row["measure"]] = three
    return {"of": shown, **scores}
