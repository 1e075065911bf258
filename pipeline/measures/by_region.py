"""Dwell, visits and times of one region: rows of the table `region_measures`."""

from typing import Any

import numpy as np

from gazescribe.pipeline.geometry.looking import find_visits
from gazescribe.pipeline.measures.gaze import Gaze
from gazescribe.pipeline.measures.regions import Region


def region_row(gaze: Gaze, region: Region) -> dict[str, Any]:
    """Measure how gaze, of a label or all, dwells in a region."""
    inside = region.holds(gaze.places_px)
    n_visits = len(find_visits(inside, gaze.follows).begins)
    dwell_s, total_s = float(gaze.weight_s[inside].sum()), float(gaze.weight_s.sum())
    return {
        "kind": region.kind,
        "region": region.name,
        "dwell_s": dwell_s,
        "share": dwell_s / total_s if total_s > 0 else None,
        "n_fixations": int(inside.sum()),
        "first_fixation_s": float(gaze.onset_s[inside][0]) if inside.any() else None,
        "n_visits": n_visits,
        "visit_mean_s": dwell_s / n_visits if n_visits else None,
    }


def count_revisits(all_gaze: Gaze, region: Region, mentioned_s: float) -> int:
    """Count the visits to a region that begin after a mention was said, but for a first visit."""
    visits = find_visits(region.holds(all_gaze.places_px), all_gaze.follows)
    begins_s = all_gaze.onset_s[visits.begins]
    after = int(np.count_nonzero(begins_s > mentioned_s))
    return after if after < len(begins_s) else max(after - 1, 0)
