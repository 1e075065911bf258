"""The cases of the search: readings whose reader drew ellipses, ready to be scored.

Source: Lanfredi et al. 2023, Section 2.8; `spec/mil.md` section 3.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from gazescribe.pipeline.core.errors import GazeError
from gazescribe.pipeline.core.tables import has_table, read_table
from gazescribe.pipeline.dictation.label_maps import LabelMap, load_column_map
from gazescribe.pipeline.dictation.mentions import read_mentions
from gazescribe.pipeline.geometry.canvas import GAUSSIAN_COLUMNS, Box, Columns, Size
from gazescribe.pipeline.maps.planning import plan_ellipses
from gazescribe.pipeline.windows.parts import Shares, read_parts
from gazescribe.pipeline.windows.settings import Associate
from gazescribe.pipeline.windows.tune.settings import SearchSettings
from gazescribe.pipeline.windows.windows import associate_reading


@dataclass(frozen=True)
class Spoken:
    """A sentence that mentions labels: when its first and last mention were said."""

    sentence: int
    first_s: float
    last_s: float
    labels: tuple[str, ...]


@dataclass(frozen=True)
class Case:
    """One reading of the search."""

    reading_id: str
    subject_id: int
    dicom_id: str
    image_size: Size
    gaussians: Columns  # one a fixation, as in the table, with `onset_s` and `offset_s`
    sentences: Columns  # all of the reading
    spoken: tuple[Spoken, ...]  # those that mention labels
    report_s: float  # end of the last word
    boxes: dict[str, list[Box]]  # ellipses that this reader drew, by label
    # Of each sentence of `spoken`, the share of each fixation that is its own, if that was learnt.
    share: NDArray[np.float64] | None = None


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
    *,
    encoding: str = "utf-8",
    shares: Mapping[str, Shares] | None = None,
) -> tuple[list[Case], dict[str, Any]]:
    """Read the cases; give them with what was counted on the way.

    `shares` are those that a model learnt, by reading, if rules that use them are compared.

    Raises
    ------
    GazeError
        If tables, mentions or rules do not fit together, or no case is left.
    """
    readings = read_table(tables, "readings")
    spoken = read_mentions(mentions, readings, label_map, encoding=encoding)
    ids, left_out = choose_readings(readings, params.tune.phases)
    dataset = next((row["dataset"] for row in readings.to_pylist()), "")
    if not has_table(tables, "ellipses"):
        message = f"{dataset} has no ellipses, by which windows are compared."
        remedy = "Give tables of REFLACX, or of your own ellipses."
        raise GazeError(message, where=tables, remedy=remedy)
    column_map = load_column_map(dataset, label_map.channels, rules)
    maps, ellipses_left_out = plan_ellipses(
        read_table(tables, "ellipses"), column_map, params.heatmaps.min_certainty
    )
    boxes: dict[str, dict[str, list[Box]]] = defaultdict(dict)
    for planned in maps:
        boxes[planned.reading_id][planned.label] = planned.boxes
    with_boxes = [reading_id for reading_id in ids if reading_id in boxes]
    left_out["no ellipse of a label"] = len(ids) - len(with_boxes)
    if not with_boxes:
        message = f"no training reading of phases {params.tune.phases} has gaze and an ellipse."
        faults = [f"{why}: {n}" for why, n in left_out.items()]
        raise GazeError(message, where=tables, remedy="Look at tune.phases.", faults=faults)
    cases = []
    for reading, parts in read_parts(tables, spoken, with_boxes):
        if len(parts["words"]["onset_s"]):
            case = _case(reading, parts, boxes[reading["reading_id"]], params.associate, label_map)
            if shares is not None:
                case = _with_shares(case, parts["fixations"], shares[case.reading_id])
            cases.append(case)
    if len(cases) < len(with_boxes):
        left_out["no timed words"] = len(with_boxes) - len(cases)
    if not any(case.spoken for case in cases):
        lacking = "opens a window by a mention" if cases else "has words with times"
        message = f"none of {len(with_boxes)} readings with gaze and an ellipse {lacking}."
        remedy = "Windows are compared by when labels were said: give words and MENTIONS."
        raise GazeError(message, where=mentions if cases else tables, remedy=remedy)
    silent = Counter[str]()
    for case in cases:
        mentioned = {label for sentence in case.spoken for label in sentence.labels}
        silent.update(case.boxes.keys() - mentioned)
    return cases, {
        "n_readings": len(cases),
        "n_subjects": len({case.subject_id for case in cases}),
        "n_images": len({case.dicom_id for case in cases}),
        "n_drawn_and_not_mentioned": dict(sorted(silent.items())),
        "readings_left_out": left_out,
        "ellipses_left_out": ellipses_left_out,
    }


def _case(
    reading: Mapping[str, Any],
    parts: Mapping[str, Columns],
    boxes: dict[str, list[Box]],
    params: Associate,
    label_map: LabelMap,
) -> Case:
    """Time the mentions and all gaze of a reading by the arithmetic of `associate` itself."""
    times = []
    for end in ("firstmention", "lastmention"):
        plain = params.model_copy(update={"unit": "sentence", "start": "single", "end": end})
        rows, drawn = associate_reading(reading, parts, params=plain, label_map=label_map)
        times.append([row for row in rows if row["kind"] == "sentence"])
    # The last window is that of the whole reading, where there is gaze at all.
    has_gaze = bool(rows) and rows[-1]["kind"] == "reading"
    gaussians = {name: np.zeros(0) for name in ("fixation", *GAUSSIAN_COLUMNS)}
    if has_gaze:
        gaussians = dict(drawn[-1])
    fixations = parts["fixations"]
    rows_of_gaze = np.searchsorted(fixations["fixation"], gaussians["fixation"])
    gaussians |= {name: fixations[name][rows_of_gaze] for name in ("onset_s", "offset_s")}
    spoken = tuple(
        Spoken(first["sentence"], first["end_s"], last["end_s"], first["labels"])
        for first, last in zip(*times, strict=True)
    )
    return Case(
        str(reading["reading_id"]),
        int(reading["subject_id"]),
        str(reading["dicom_id"]),
        (reading["height_px"], reading["width_px"]),
        gaussians,
        parts["sentences"],
        spoken,
        float(parts["words"]["offset_s"].max(initial=0.0)),
        boxes,
    )


def _with_shares(case: Case, fixations: Columns, shares: Shares) -> Case:
    """Give a case the shares of its own fixations, a row for each of its sentences."""
    numbers: NDArray[np.intp] = case.gaussians["fixation"]
    rows_of_gaze = np.searchsorted(fixations["fixation"], numbers)
    share = np.zeros((len(case.spoken), len(numbers)))
    for row, spoken in enumerate(case.spoken):
        share[row] = shares[spoken.sentence][rows_of_gaze]
    return replace(case, share=share)
