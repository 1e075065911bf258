"""IoU of a case's maps with its reader's ellipses.

Source: `spec/mil.md` section 3.
"""

from collections.abc import Sequence

import numpy as np

from gazescribe.pipeline.geometry.canvas import join_ellipses
from gazescribe.pipeline.geometry.iou import Curves, iou_curves
from gazescribe.pipeline.windows.tune.candidates import Candidate
from gazescribe.pipeline.windows.tune.cases import Case
from gazescribe.pipeline.windows.tune.layers import Drawing, Layers, Regions
from gazescribe.pipeline.windows.tune.levels import N_LEVELS


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
    """Score one case.

    Returns
    -------
    dict of str to ndarray of float64, shape (candidates, N_LEVELS)
        IoU at each threshold, for each label that the reader drew; 0 where the report does not
        mention it, or where no gaze falls into the windows.
    """
    weights = np.stack([candidate.weigh(case) for candidate in candidates])
    if not weights.size:
        return {label: np.zeros((len(candidates), N_LEVELS)) for label in case.boxes}
    unique, weight_rows = np.unique(
        weights.reshape(-1, weights.shape[2]), axis=0, return_inverse=True
    )
    masks = [
        join_ellipses(boxes, case.image_size, drawing.size, drawing.resize)
        for boxes in case.boxes.values()
    ]
    regions = Regions.of(masks)
    layers = Layers(case, drawing, unique, regions)
    units = [
        layers.units(drawn, candidate.contrast)
        for drawn, candidate in zip(weight_rows.reshape(weights.shape[:2]), candidates, strict=True)
    ]
    curves = {}
    for label, mask, inside in zip(case.boxes, masks, regions.inside.T, strict=True):
        places = [place for place, spoken in enumerate(case.spoken) if label in spoken.labels]
        keys = [tuple(sorted({of_rule[place] for place in places})) for of_rule in units]
        distinct = {key: number for number, key in enumerate(dict.fromkeys(keys))}
        counts = np.stack([layers.counts(key) for key in distinct])
        scored = iou_curves(counts.sum(axis=1), counts[:, inside].sum(axis=1), int(mask.sum()))
        curves[label] = scored[[distinct[key] for key in keys]]
    return curves
