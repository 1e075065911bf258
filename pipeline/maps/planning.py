"""Which maps there are to draw: the windows or ellipses of each, and what the index counts.

Reads and writes nothing.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from gazescribe.pipeline.core.values import WINDOWS_OF
from gazescribe.pipeline.geometry.canvas import Box

WORDLESS = "no timed words"
LACKING = {"report": WORDLESS, "saliency": "no fixations"}
"""Why a reading has no window of a kind that each reading has one of."""
SIDES = ("xmin_px", "ymin_px", "xmax_px", "ymax_px")


@dataclass
class PlannedMap:
    """One map to draw, from windows or from ellipses."""

    reading_id: str
    label: str  # empty for kinds without one
    windows: list[int] = field(default_factory=list)  # their numbers
    boxes: list[Box] = field(default_factory=list)  # of ellipses: xmin, ymin, xmax, ymax, image px
    # gaze_s, n_fixations, n_mentions, n_uncertain; empty for ellipses
    counts: Counter[str] = field(default_factory=Counter)


def plan(windows: pa.Table, kind: str) -> tuple[list[PlannedMap], dict[str, int]]:
    """List the maps to draw from windows, by reading and label; count those left out, by reason.

    Parameters
    ----------
    windows : pyarrow.Table
        Table `windows`.
    kind : {'label', 'report', 'saliency'}
        label: one map for each label mentioned, over its sentences or mentions; report: gaze to the
        last word, so none of a reading without timed words; saliency: all gaze of the reading.
    """
    table = windows.filter(pc.is_in(windows["kind"], pa.array(WINDOWS_OF[kind])))
    maps: dict[tuple[str, str], PlannedMap] = {}
    left_out: Counter[str] = Counter()
    for window in table.to_pylist():
        if window["status"] != "ok":
            left_out[window["status"]] += 1
            continue
        labels = zip(window["labels"], window["n_mentions"], window["n_uncertain"], strict=True)
        for label, n_mentions, n_uncertain in labels if kind == "label" else [("", 0, 0)]:
            key = (window["reading_id"], label)
            planned = maps.setdefault(key, PlannedMap(*key))
            planned.windows.append(window["window"])
            planned.counts.update(
                gaze_s=window["gaze_s"],
                n_fixations=window["n_fixations"],
                n_mentions=n_mentions,
                n_uncertain=n_uncertain,
            )
    if kind in LACKING:
        left_out[LACKING[kind]] = _n_without(windows, kind)
    elif not table.num_rows:  # no mention opened a window: are there words at all?
        left_out[WORDLESS] = _n_without(windows, "report")
    return _sorted(maps), {reason: n for reason, n in sorted(left_out.items()) if n}


def _n_without(windows: pa.Table, kind: str) -> int:
    """Count the readings that have windows, but none of a kind."""
    ids = windows["reading_id"]
    with_kind = ids.filter(pc.is_in(windows["kind"], pa.array(WINDOWS_OF[kind])))
    return len(ids.unique()) - len(with_kind.unique())


def plan_ellipses(
    ellipses: pa.Table, column_map: Mapping[str, tuple[str, ...]], min_certainty: int
) -> tuple[list[PlannedMap], dict[str, int]]:
    """List the ellipse masks to draw, by reading and label; count those left out, by reason.

    Parameters
    ----------
    ellipses : pyarrow.Table
        Table `ellipses`.
    column_map : mapping of str to tuple of str
        Channels that each label of the data set reaches.
    min_certainty : int
        Ellipses below are left out; 3 (possibly) in Lanfredi et al. 2023.
    """
    maps: dict[tuple[str, str], PlannedMap] = {}
    left_out: Counter[str] = Counter()
    for ellipse in ellipses.to_pylist():
        channels = column_map.get(ellipse["label"], ())
        if not channels:
            left_out["label without channel"] += 1
        elif ellipse["certainty"] < min_certainty:
            left_out[f"certainty below {min_certainty}"] += 1
        else:
            xmin, ymin, xmax, ymax = (ellipse[side] for side in SIDES)
            for channel in channels:
                key = (ellipse["reading_id"], channel)
                maps.setdefault(key, PlannedMap(*key)).boxes.append((xmin, ymin, xmax, ymax))
    return _sorted(maps), dict(sorted(left_out.items()))


def _sorted(maps: dict[tuple[str, str], PlannedMap]) -> list[PlannedMap]:
    return [maps[key] for key in sorted(maps)]
