"""What a score lies between: floors that know less than the gaze of a sentence, and a ceiling.

Floors: the map of the whole report for every label that it mentions; the mean ellipse of the label
over all other subjects. Ceiling: what the other readers of the same image drew.
"""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gazescribe.pipeline.geometry.canvas import join_ellipses
from gazescribe.pipeline.geometry.iou import iou_curves
from gazescribe.pipeline.windows.tune.candidates import Candidate, FloatArray, overlap
from gazescribe.pipeline.windows.tune.cases import Case
from gazescribe.pipeline.windows.tune.layers import Drawing
from gazescribe.pipeline.windows.tune.levels import N_LEVELS, count_levels, to_levels
from gazescribe.pipeline.windows.tune.validate import LabelScores


def _nothing(case: Case) -> FloatArray:
    return np.zeros((len(case.spoken), len(case.gaussians["onset_s"])))


DRAWN = (
    Candidate("mean_ellipse", _nothing, "floor"),
    Candidate("other_readers", _nothing, "ceiling"),
    Candidate("other_readers_who_drew", _nothing, "ceiling"),
)
"""What is scored from ellipses alone, in the order of `score_ellipses`."""


def whole_report() -> Candidate:
    """Give the floor of all windows: gaze from the start to the last word (`spec/mil.md` 1.4)."""
    return Candidate("whole_report", report_weights, "floor")


def report_weights(case: Case) -> FloatArray:
    """Seconds of each fixation until the last word, the same for each mention sentence."""
    return overlap(case, np.array([[0.0, case.report_s]] * len(case.spoken)).reshape(-1, 2))


def score_ellipses(label: str, cases: Sequence[Case], drawing: Drawing) -> LabelScores:
    """Score the mean ellipse of a label, and its readers against each other.

    `cases` are all cases, also of readers who did not draw this label.

    Returns
    -------
    LabelScores
        Rules are those of `DRAWN`. The mean ellipse leaves the subject out. Other readers of the
        image: their mean IoU, 0 for one who did not draw the label; and the mean over those who
        did. A reading without another reader is no case of these two.
    """
    drew = [case for case in cases if label in case.boxes]
    masks = [
        join_ellipses(case.boxes[label], case.image_size, drawing.size, drawing.resize)
        for case in drew
    ]
    packed = [np.packbits(mask) for mask in masks]
    readers = Counter(case.dicom_id for case in cases)
    subjects = np.unique([case.subject_id for case in drew])
    total = np.sum(masks, axis=0, dtype=np.int32)
    n = np.zeros((len(subjects), len(DRAWN)), np.int64)
    iou = np.zeros((len(subjects), len(DRAWN), N_LEVELS))
    for row, subject in enumerate(subjects):
        same_subject = [number for number, case in enumerate(drew) if case.subject_id == subject]
        remaining = total - np.sum(
            [masks[number] for number in same_subject], axis=0, dtype=np.int32
        )
        levels = to_levels((remaining / max(remaining.max(), 1)).astype(np.float32))
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


def mask_iou(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> float:
    """IoU of two masks, each packed into bits; 0 where both are empty."""
    union = int(np.bitwise_count(first | second).sum())
    return int(np.bitwise_count(first & second).sum()) / union if union else 0.0
