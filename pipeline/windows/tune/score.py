"""IoU with the readers' ellipses: of every rule's maps, and of what their scores lie between.

Floors know less than the gaze of a sentence: the map of the whole report for every label that it
mentions; the mean ellipse of the label over all other subjects. Ceiling: what the other readers of
the same image drew.
Source: Lanfredi et al. 2023, Section 2.8; `spec/mil.md` section 3.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from functools import partial
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gazescribe.pipeline.core.parallel import map_tasks
from gazescribe.pipeline.geometry.canvas import join_ellipses
from gazescribe.pipeline.geometry.iou import Curves, iou_curves
from gazescribe.pipeline.windows.tune.candidates import Candidate, FloatArray, overlap
from gazescribe.pipeline.windows.tune.cases import Case
from gazescribe.pipeline.windows.tune.layers import (
    N_LEVELS,
    Drawing,
    Layers,
    Mask,
    Regions,
    count_levels,
    to_levels,
)
from gazescribe.pipeline.windows.tune.validate import LabelScores


def score_all(
    cases: Sequence[Case],
    candidates: Sequence[Candidate],
    drawing: Drawing,
    channels: Sequence[str],
    **where: Any,
) -> list[LabelScores]:
    """Score cases under all candidates and between floor and ceiling; one task a subject.

    Labels with a case, in channel order; rules are the candidates, then those of `DRAWN`. `where`
    says where the tasks run, as `map_tasks` takes it.
    """
    ordered = sorted(cases, key=lambda case: (case.subject_id, case.reading_id))
    by_subject = [list(group) for _, group in groupby(ordered, key=lambda case: case.subject_id)]
    task = partial(score_subject, candidates=candidates, drawing=drawing)
    n: dict[str, list[int]] = defaultdict(list)
    iou: dict[str, list[Curves]] = defaultdict(list)
    for scores in map_tasks(task, by_subject, description="tune", **where):
        for label, (n_cases, curves) in scores.items():
            n[label].append(n_cases)
            iou[label].append(curves)
    labels = []
    for label in (channel for channel in channels if channel in n):
        # Both list the subjects with a case in rising order.
        between = score_ellipses(label, ordered, drawing)
        n_each = np.repeat(np.array(n[label])[:, None], len(candidates), axis=1)
        n_all = np.concatenate([n_each, between.n], axis=1)
        iou_all = np.concatenate([np.stack(iou[label]), between.iou], axis=1)
        labels.append(LabelScores(label, between.subjects, n_all, iou_all))
    return labels


def score_subject(
    cases: Sequence[Case], candidates: Sequence[Candidate], drawing: Drawing
) -> dict[str, tuple[int, Curves]]:
    """Sum the curves of a subject's cases: one task; by label the number of cases and the sum."""
    summed: dict[str, tuple[int, Curves]] = {}
    for case in cases:
        for label, curves in score_case(case, candidates, drawing).items():
            n, total = summed.get(label, (0, np.zeros_like(curves)))
            summed[label] = n + 1, total + curves
    return summed


def score_case(case: Case, candidates: Sequence[Candidate], drawing: Drawing) -> dict[str, Curves]:
    """IoU at each threshold for each label that the reader drew, shape (candidates, N_LEVELS).

    0 where the report does not mention it, or where no gaze falls into the windows.
    """
    weights = np.stack([candidate.weigh(case) for candidate in candidates])
    if not weights.size:
        return {label: np.zeros((len(candidates), N_LEVELS)) for label in case.boxes}
    # Many rules weigh the fixations of a sentence alike: each weighting is drawn once.
    flat = weights.reshape(-1, weights.shape[2])
    first: dict[bytes, int] = {}
    rows = [first.setdefault(weight_s.tobytes(), row) for row, weight_s in enumerate(flat)]
    masks = [_mask(case, label, drawing) for label in case.boxes]
    layers = Layers(case, drawing, flat, Regions.of(masks))
    units = [
        layers.units(drawn, candidate.contrast)
        for drawn, candidate in zip(np.reshape(rows, weights.shape[:2]), candidates, strict=True)
    ]
    curves = {}
    for number, (label, mask) in enumerate(zip(case.boxes, masks, strict=True), 1):
        places = [place for place, spoken in enumerate(case.spoken) if label in spoken.labels]
        keys = [tuple(sorted({of_rule[place] for place in places})) for of_rule in units]
        distinct = {key: row for row, key in enumerate(dict.fromkeys(keys))}
        counts = np.stack([layers.counts(key)[[0, number]] for key in distinct])
        scored = iou_curves(counts[:, 0], counts[:, 1], int(mask.sum()))
        curves[label] = scored[[distinct[key] for key in keys]]
    return curves


def report_weights(case: Case) -> FloatArray:
    """Seconds of each fixation until the last word, the same for each mention sentence."""
    return overlap(case, np.array([[0.0, case.report_s]] * len(case.spoken)).reshape(-1, 2))


def _nothing(case: Case) -> FloatArray:
    return np.zeros((len(case.spoken), len(case.gaussians["onset_s"])))


WHOLE_REPORT = Candidate("whole_report", report_weights, "floor")  # `spec/mil.md` 1.4
DRAWN = (  # what is scored from ellipses alone, in the order of `score_ellipses`
    Candidate("mean_ellipse", _nothing, "floor"),
    Candidate("other_readers", _nothing, "ceiling"),
    Candidate("other_readers_who_drew", _nothing, "ceiling"),
)


def score_ellipses(label: str, cases: Sequence[Case], drawing: Drawing) -> LabelScores:
    """Score the mean ellipse of a label, and its readers against each other.

    `cases` are all cases, also of readers who did not draw this label; rules those of `DRAWN`. The
    mean ellipse leaves the subject out. Other readers of the image: their mean IoU, 0 for one who
    did not draw the label; and the mean over those who did. A reading without another reader is no
    case of these two.
    """
    drew = [case for case in cases if label in case.boxes]
    masks = [_mask(case, label, drawing) for case in drew]
    packed = [np.packbits(mask) for mask in masks]
    readers = Counter(case.dicom_id for case in cases)
    subjects = np.unique([case.subject_id for case in drew])
    total = np.sum(masks, axis=0, dtype=np.int32)
    n = np.zeros((len(subjects), len(DRAWN)), np.int64)
    iou = np.zeros((len(subjects), len(DRAWN), N_LEVELS))
    for row, subject in enumerate(subjects):
        same_subject = [number for number, case in enumerate(drew) if case.subject_id == subject]
        theirs = np.sum([masks[number] for number in same_subject], axis=0, dtype=np.int32)
        others = total - theirs
        levels = to_levels((others / max(others.max(), 1)).astype(np.float32))
        everywhere = count_levels(levels)
        for number in same_subject:
            mask, image = masks[number], drew[number].dicom_id
            iou[row, 0] += iou_curves(everywhere, count_levels(levels[mask]), int(mask.sum()))[0]
            n[row, 0] += 1
            beside = [
                mask_iou(packed[number], packed[neighbour])
                for neighbour in same_subject
                if neighbour != number and drew[neighbour].dicom_id == image
            ]
            for column, among in ((1, readers[image] - 1), (2, len(beside))):
                if among:
                    iou[row, column] += sum(beside) / among
                    n[row, column] += 1
    return LabelScores(label, subjects, n, iou)


def _mask(case: Case, label: str, drawing: Drawing) -> Mask:
    return join_ellipses(case.boxes[label], case.image_size, drawing.size, drawing.resize)


def mask_iou(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> float:
    """IoU of two masks, each packed into bits; 0 where both are empty."""
    union = int(np.bitwise_count(first | second).sum())
    return int(np.bitwise_count(first & second).sum()) / union if union else 0.0
