"""The page of `diff`: the readings that changed most, before and after.

Reads: the changes (`report.diff`), and the maps that they name. Writes: one page, offline.
Params: none. Drops: readings beyond the first 24 and maps of a reading beyond the first 4, counted.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gazescribe.pipeline.core.shards import Shards, open_shards
from gazescribe.pipeline.report.diff import Change
from gazescribe.pipeline.report.diff_words import measure, say
from gazescribe.pipeline.report.notices import UNKNOWN
from gazescribe.pipeline.report.pages import write_page
from gazescribe.pipeline.report.pictures import as_data, over
from gazescribe.pipeline.report.sheets import Sheet

N_READINGS = 24
N_MAPS = 4
LONGEST_PX = 256  # of a map on the page

Places = Sequence[Path]
"""A table before and after."""


@dataclass(frozen=True)
class MapPair:
    """One map on both sides, as addresses of pictures; empty where a side has none."""

    caption: str
    before: str
    after: str


@dataclass(frozen=True)
class ChangedReading:
    """What the page shows of one reading or report."""

    id: str
    words: list[str]
    maps: list[MapPair]
    n_more_maps: int
    sheet: Sheet


def write_diff_page(
    path: Path, changes: Sequence[Change], places: Mapping[str, Places], title: str
) -> None:
    """Write the page.

    Parameters
    ----------
    path : pathlib.Path
        Of the page.
    changes : sequence of Change
        All that `report.diff.compare` gave.
    places : mapping of str to sequence of pathlib.Path
        The files before and after by their names in the changes.
    title : str
        What was compared.
    """
    ranked = rank_readings(changes)
    shards = {
        change.part: [open_shards(place.parent) for place in places[change.part]]
        for change in changes
        if change.table == "heatmaps"
    }
    shown = [_reading(name, ranked[name], shards) for name in list(ranked)[:N_READINGS]]
    write_page(
        path,
        "diff.html",
        ["style.css"],
        [],
        notice=UNKNOWN,
        title=title,
        words=_words(changes),
        readings=shown,
        n_readings=len(ranked),
    )


def rank_readings(changes: Sequence[Change]) -> dict[str, list[Change]]:
    """Group changes by reading, the most changed first.

    That is the one whose maps lost most (1 − IoU, summed; 1 for a map that one side lacks), and of
    equals the one with more changes.
    """
    groups: dict[str, list[Change]] = {}
    for change in changes:
        groups.setdefault(change.id, []).append(change)

    def order(name: str) -> tuple[float, int, str]:
        lost = sum(_lost(change) for change in groups[name] if change.table == "heatmaps")
        return -lost, -len(groups[name]), name

    return {name: groups[name] for name in sorted(groups, key=order)}


def _lost(change: Change) -> float:
    return 1.0 if change.iou is None else 1 - change.iou


def _words(changes: Sequence[Change]) -> list[str]:
    parts = dict.fromkeys(change.part for change in changes)
    return [
        f"{part}: {say(measure([change for change in changes if change.part == part]))}"
        for part in parts
    ]


def _reading(
    name: str, changes: Sequence[Change], shards: Mapping[str, Sequence[Shards]]
) -> ChangedReading:
    maps = sorted((change for change in changes if change.table == "heatmaps"), key=_lost)[::-1]
    pairs = [_pair(change, shards[change.part]) for change in maps[:N_MAPS]]
    rows = [
        [change.table, change.change, _text(change, change.before), _text(change, change.after)]
        for change in changes
        if change.table != "heatmaps"
    ]
    columns = ["table", "change", "before", "after"]
    sheet = Sheet("Mentions and windows", columns, [False] * len(columns), rows)
    return ChangedReading(name, _words(changes), pairs, len(maps[N_MAPS:]), sheet)


def _pair(change: Change, shards: Sequence[Shards]) -> MapPair:
    meaning = change.change if change.iou is None else f"IoU {change.iou:.2f}"
    names = (change.label or "all gaze", Path(change.part).parent.name)
    caption = f"{', '.join(filter(None, names))}: {meaning}"
    sides = zip(shards, (change.before, change.after), strict=True)
    before, after = ("" if row is None else _picture(side, row["place"]) for side, row in sides)
    return MapPair(caption, before, after)


def _picture(shards: Shards, place: int) -> str:
    heatmap = shards.finite(place)
    step = math.ceil(max(heatmap.shape) / LONGEST_PX)
    small = np.asarray(heatmap[::step, ::step], np.float32)
    return as_data(over(np.zeros(small.shape, np.uint8), small))


def _text(change: Change, row: Mapping[str, Any] | None) -> str:
    """Say what a mention or a window was on one side."""
    if row is None:
        return "-"
    if change.table == "mentions":
        return f"{change.label}: {row['polarity']}"
    labels = " + ".join(row["labels"]) or "no label"
    return (
        f"{labels}: {row['start_s']:.2f} to {row['end_s']:.2f} s,"
        f" {row['n_fixations']} fixations, {row['status']}"
    )
