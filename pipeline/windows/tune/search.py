"""The search itself: choose and read the cases, score every rule on them, rank.

Source: Lanfredi et al. 2023, Section 2.8; `spec/mil.md` section 3.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from gazescribe.pipeline.core.errors import GazeError
from gazescribe.pipeline.core.parallel import map_tasks
from gazescribe.pipeline.core.tables import read_table, table_path
from gazescribe.pipeline.dictation.label_maps import LabelMap, load_column_map
from gazescribe.pipeline.dictation.mentions import read_mentions
from gazescribe.pipeline.geometry.iou import ALL_THRESHOLDS, PUBLISHED_THRESHOLDS, Curves
from gazescribe.pipeline.maps.planning import plan_ellipses
from gazescribe.pipeline.windows.tune.candidates import Candidate
from gazescribe.pipeline.windows.tune.cases import Box, Case, read_cases
from gazescribe.pipeline.windows.tune.floors import DRAWN, score_ellipses, whole_report
from gazescribe.pipeline.windows.tune.layers import Drawing
from gazescribe.pipeline.windows.tune.levels import N_LEVELS
from gazescribe.pipeline.windows.tune.results import Results, compare
from gazescribe.pipeline.windows.tune.score import score_subject
from gazescribe.pipeline.windows.tune.settings import SearchSettings
from gazescribe.pipeline.windows.tune.validate import LabelScores


def choose_readings(readings: pa.Table, phases: Sequence[int]) -> tuple[list[str], dict[str, int]]:
    """Choose the paper's cases: training readings with gaze of some phases; count the others.

    Data sets without phases are not asked for one.
    """
    chosen, left_out = [], Counter[str]()
    for row in readings.to_pylist():
        if row["phase"] is not None and row["phase"] not in phases:
            left_out["other phase"] += 1
        elif row["split"] != "train":
            left_out[f"split {row['split']}"] += 1
        elif not row["has_gaze"]:
            left_out["no gaze"] += 1
        elif row["width_px"] is None or row["height_px"] is None:
            left_out["no image size"] += 1
        else:
            chosen.append(row["reading_id"])
    return chosen, dict(sorted(left_out.items()))


def gather(
    tables: Path,
    mentions: Path,
    params: SearchSettings,
    label_map: LabelMap,
    rules: Path | None = None,
) -> tuple[list[Case], dict[str, Any]]:
    """Read the cases; give them with what was counted on the way.

    Raises
    ------
    GazeError
        If tables, mentions or rules do not fit together, or no case is left.
    """
    readings = read_table(tables, "readings")
    spoken = read_mentions(mentions, readings, label_map)
    ids, left_out = choose_readings(readings, params.tune.phases)
    dataset = next((row["dataset"] for row in readings.to_pylist()), "")
    if not table_path(tables, "ellipses").is_file():
        message = f"{dataset} has no ellipses, by which windows are compared."
        remedy = "Give tables of REFLACX, or of your own ellipses."
        raise GazeError(message, where=tables, remedy=remedy)
    column_map = load_column_map(dataset, label_map.channels, rules)
    maps, ellipses_left_out = plan_ellipses(
        read_table(tables, "ellipses"), column_map, params.heatmaps.min_certainty
    )
    boxes: dict[str, dict[str, list[Box]]] = {reading_id: {} for reading_id in ids}
    for planned in maps:
        if planned.reading_id in boxes:
            boxes[planned.reading_id][planned.label] = planned.boxes
    with_boxes = [reading_id for reading_id in ids if boxes[reading_id]]
    left_out["no ellipse of a label"] = len(ids) - len(with_boxes)
    if not with_boxes:
        message = f"no training reading of phases {params.tune.phases} has gaze and an ellipse."
        faults = [f"{why}: {n}" for why, n in left_out.items()]
        raise GazeError(message, where=tables, remedy="Look at tune.phases.", faults=faults)
    cases = list(
        read_cases(
            with_boxes,
            boxes,
            tables=tables,
            mentions=spoken,
            params=params.associate,
            label_map=label_map,
        )
    )
    silent = Counter(
        label
        for case in cases
        for label in case.boxes
        if not any(label in spoken.labels for spoken in case.spoken)
    )
    return cases, {
        "n_readings": len(cases),
        "n_subjects": len({case.subject_id for case in cases}),
        "n_images": len({case.dicom_id for case in cases}),
        "n_drawn_and_not_mentioned": dict(sorted(silent.items())),
        "readings_left_out": left_out,
        "ellipses_left_out": ellipses_left_out,
    }


def score_all(
    cases: Sequence[Case],
    candidates: Sequence[Candidate],
    drawing: Drawing,
    channels: Sequence[str],
    *,
    workers: int | None = None,
    scheduler: str | None = None,
) -> list[LabelScores]:
    """Score cases under all candidates and between floor and ceiling; one task a subject.

    Labels with a case, in channel order; rules are the candidates, then those of `DRAWN`.
    """
    ordered = sorted(cases, key=lambda case: (case.subject_id, case.reading_id))
    by_subject = [list(group) for _, group in groupby(ordered, key=lambda case: case.subject_id)]
    scores_by_subject = map_tasks(
        partial(score_subject, candidates=candidates, drawing=drawing),
        by_subject,
        workers=workers,
        scheduler=scheduler,
        description="tune",
    )
    n: dict[str, list[int]] = defaultdict(list)
    iou: dict[str, list[Curves]] = defaultdict(list)
    for scores in scores_by_subject:
        for label, (n_cases, curves) in scores.items():
            n[label].append(n_cases)
            iou[label].append(curves)
    labels = []
    for label in (channel for channel in channels if channel in n):
        between = score_ellipses(label, ordered, drawing)
        n_each = np.repeat(np.array(n[label])[:, None], len(candidates), axis=1)
        labels.append(
            LabelScores(
                label,
                between.subjects,
                np.concatenate([n_each, between.n], axis=1),
                np.concatenate([np.stack(iou[label]), between.iou], axis=1),
            )
        )
    return labels


def search(
    cases: Sequence[Case],
    rules: Sequence[Candidate],
    params: SearchSettings,
    channels: Sequence[str],
    *,
    workers: int | None = None,
    scheduler: str | None = None,
) -> Results:
    """Score and rank rules on cases, with floors and ceilings beside them."""
    candidates = [*rules, whole_report()]
    size = (params.tune.size, params.tune.size)
    drawing = Drawing(size, params.tune.resize, params.heatmaps.amplitude)
    labels = score_all(cases, candidates, drawing, channels, workers=workers, scheduler=scheduler)
    tried = np.array(ALL_THRESHOLDS)
    if params.tune.thresholds == "published":
        tried = np.array(PUBLISHED_THRESHOLDS)
        levels = np.rint(tried * (N_LEVELS - 1)).astype(int)
        labels = [replace(scores, iou=scores.iou[..., levels]) for scores in labels]
    return compare([*candidates, *DRAWN], labels, tried, params.tune)
