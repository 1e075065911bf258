"""Where things stand on the timeline of a reading, in CSS pixels."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import ceil

PX_PER_S = 40.0  # words of ordinary speech fit in three or four lanes
MIN_WIDTH_PX = 1100.0  # short readings are stretched to fill a desk's width
LETTER_PX = 6.4  # mean advance of the timeline's letters, 12 px high
GAP_PX = 6.0
TICK_S = 5
AXIS_PX = 24.0
END_PX = 24.0  # free behind the last text
BETWEEN_PX = 6.0  # rows


@dataclass(frozen=True)
class TimelineItem:
    """A word, sentence, mention, window or fixation with its beginning and end."""

    onset_s: float
    offset_s: float
    text: str = ""  # written at it; empty for none
    numbers: tuple[int, ...] = ()  # rows of the words, fixations, mentions …, for the script
    kind: str = ""  # class for its looks


@dataclass(frozen=True)
class Bar:
    """An item in its place; `y_px` is the top of its lane."""

    item: TimelineItem
    x_px: float
    width_px: float
    y_px: float


@dataclass(frozen=True)
class TimelineRow:
    """One kind of items, in as many lanes as keep their texts apart."""

    name: str
    y_px: float
    height_px: float
    lane_px: float
    bars: list[Bar]


@dataclass(frozen=True)
class Timeline:
    """The rows from top to bottom, and the ticks of the axis."""

    duration_s: float
    width_px: float
    height_px: float
    px_per_s: float
    rows: list[TimelineRow]
    ticks: list[tuple[int, float]] = field(default_factory=list)


def lay_out(
    duration_s: float, rows: Sequence[tuple[str, float, Sequence[TimelineItem]]]
) -> Timeline:
    """Place items on an axis of this duration; rows without items are left out.

    A row is its name, the height of a lane in pixels, and its items.
    """
    px_per_s = max(PX_PER_S, MIN_WIDTH_PX / max(duration_s, 1.0))
    top, end, placed = AXIS_PX, duration_s * px_per_s, []
    for name, lane_px, items in rows:
        if not items:
            continue
        starts = [item.onset_s * px_per_s for item in items]
        widths = [max((item.offset_s - item.onset_s) * px_per_s, 2.0) for item in items]
        needed = [  # what keeps its texts apart; without a text, items may share a lane
            max(width, len(item.text) * LETTER_PX + GAP_PX) if item.text else 0.0
            for width, item in zip(widths, items, strict=True)
        ]
        lanes = assign_lanes(starts, needed)
        bars = [
            Bar(item, round(x, 1), round(width, 1), top + lane * lane_px)
            for item, x, width, lane in zip(items, starts, widths, lanes, strict=True)
        ]
        end = max(end, *(x + width for x, width in zip(starts, needed, strict=True)))
        height = lane_px * (max(lanes) + 1)
        placed.append(TimelineRow(name, top, height, lane_px, bars))
        top += height + BETWEEN_PX
    ticks = [(s, round(s * px_per_s, 1)) for s in range(0, ceil(duration_s) + 1, TICK_S)]
    return Timeline(duration_s, round(end + END_PX, 1), top, round(px_per_s, 4), placed, ticks)


def assign_lanes(starts: Sequence[float], lengths: Sequence[float]) -> list[int]:
    """Give each stretch the first lane in which it overlaps none before it; lengths may be 0."""
    ends: list[float] = []
    lanes = []
    for start, length in zip(starts, lengths, strict=True):
        lane = next((n for n, end in enumerate(ends) if end <= start), len(ends))
        if lane == len(ends):
            ends.append(0.0)
        ends[lane] = start + length
        lanes.append(lane)
    return lanes
