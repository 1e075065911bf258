"""IoU with the readers' ellipses: of every rule's maps, and of what their scores lie between.

Floors know less than the gaze of a sentence: the map of the whole report for every label that it
mentions; the mean ellipse of the label over all other subjects. Ceiling: what the other readers of
the same image drew.
Source: Lanfredi et al. 2023, Section 2.8; `spec/mil.md` section 3.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gazescribe.pipeline.core.parallel import map_tasks
from gazescribe.pipeline.geometry.canvas import join_ellipses
from gazescribe.pipeline.geometry.iou import Curves, iou_curves
from gazescribe.pipeline.windows.tune.candidates import Candidate, FloatArray, overlap
from gazescribe.pipeline.windows.tune.cases import Case
from gazescribe.pipeline.windows.tune.curve_file import CurveFile
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
    levels: NDArray[np.intp],
    folder: Path,
    **where: Any,
) -> list[LabelScores]:
    """Score cases under all candidates and between floor and ceiling; one task a subject.

    Labels with a case, in channel order; rules are the candidates, then those of `DRAWN`; of all
    levels only those asked for. Curves of subjects lie in files of `folder`, which must outlive the
    scores. `where` says where the tasks run, as `map_tasks` takes it.
    """
    ordered = sorted(cases, key=lambda case: (case.subject_id, case.reading_id))
    by_subject = [list(group) for _, group in groupby(ordered, key=lambda case: case.subject_id)]
    drawn = {label for case in ordered for label in case.boxes}
    labels = [channel for channel in channels if channel in drawn]
    between = {label: score_ellipses(label, ordered, drawing) for label in labels}
    curves = {label: CurveFile(folder / str(number)) for number, label in enumerate(labels)}
    subjects: dict[str, list[int]] = {label: [] for label in labels}
    n: dict[str, list[list[int]]] = {label: [] for label in labels}
    task = partial(score_subject, candidates=candidates, drawing=drawing)
    for scores in map_tasks(task, by_subject, description="tune", **where):
        for label, (n_cases, of_rules) in scores.items():
            # Both list the subjects with a case in rising order.
            subject, n_between, of_ellipses = next(between[label])
            subjects[label].append(subject)
            n[label].append([*[n_cases] * len(candidates), *n_between])
            curves[label].append(np.concatenate([of_rules, of_ellipses])[:, levels])
    return [
        LabelScores(label, np.array(subjects[label]), np.array(n[label]), curves[label])
        for label in labels
    ]


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


def score_ellipses(
    label: str, cases: Sequence[Case], drawing: Drawing
) -> Iterator[tuple[int, list[int], Curves]]:
    """Score the mean ellipse of a label, and its readers against each other.

    `cases` are all cases in the order of their subjects, also of readers who did not draw this
    label. Gives each subject who has it, the number of its cases under the rules of `DRAWN`, and
    their summed curves. The mean ellipse leaves the subject out. Other readers of the image: their
    mean IoU, 0 for one who did not draw the label; and the mean over those who did. A reading
    without another reader is no case of these two.
    """
    drew = [case for case in cases if label in case.boxes]
    readers = Counter(case.dicom_id for case in cases)
    total = np.zeros(drawing.size, np.int32)
    for case in drew:  # masks are drawn twice: all of them would not fit into memory
        total += _mask(case, label, drawing)
    for subject, same_subject in groupby(drew, key=lambda case: case.subject_id):
        theirs = list(same_subject)
        masks = [_mask(case, label, drawing) for case in theirs]
        packed = [np.packbits(mask) for mask in masks]
        others = total - np.sum(masks, axis=0, dtype=np.int32)
        shares = np.arange(others.max() + 1) / max(others.max(), 1)
        levels = to_levels(shares.astype(np.float32))[others]
        everywhere = count_levels(levels)
        n, iou = [0] * len(DRAWN), np.zeros((len(DRAWN), N_LEVELS))
        for number, (case, mask) in enumerate(zip(theirs, masks, strict=True)):
            iou[0] += iou_curves(everywhere, count_levels(levels[mask]), int(mask.sum()))[0]
            n[0] += 1
            beside = [
                mask_iou(packed[number], packed[neighbour])
                for neighbour, other in enumerate(theirs)
                if neighbour != number and other.dicom_id == case.dicom_id
            ]
            for column, among in ((1, readers[case.dicom_id] - 1), (2, len(beside))):
                if among:
                    iou[column] += sum(beside) / among
                    n[column] += 1
        yield subject, n, iou


def _mask(case: Case, label: str, drawing: Drawing) -> Mask:
    return join_ellipses(case.boxes[label], case.image_size, drawing.size, drawing.resize)


def mask_iou(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> float:
    """IoU of two masks, each packed into bits; 0 where both are empty."""
    union = int(np.bitwise_count(first | second).sum())
    return int(np.bitwise_count(first & second).sum()) / union if union else 0.0
