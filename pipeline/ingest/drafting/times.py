"""Times in files that nobody has described: their unit; whether gaze and words share a clock."""

import re
from itertools import pairwise
from typing import Any

from gazescribe.pipeline.ingest.drafting.kinds import Group, preset_columns
from gazescribe.pipeline.ingest.drafting.units import TIMES, named_unit, time_unit

NEAR_S = 1.0  # what is further apart is on two clocks
CLOCK = re.compile(r"\d:\d\d")


def time_unit_of(group: Group, column: str) -> tuple[str | None, str]:
    """Guess the unit of a column of times of a plain table, and say why; None where unknown."""
    unit = named_unit(column)
    if unit in TIMES:
        return unit, "by its name"
    texts = [text for text in group.sheets[0].texts(column) if text]
    if texts and all(CLOCK.search(text) for text in texts):
        return "s", "as a clock shows them"
    return time_unit(group.table, _lengths(group))


def _lengths(group: Group) -> list[float]:
    """Give how long fixations and words last, or how far samples are apart, in the first file."""
    columns, sheet = group.columns, group.sheets[0]
    if "duration_s" in columns:
        return sheet.numbers(columns["duration_s"])
    if "time_s" in columns:
        times = sheet.numbers(columns["time_s"])
        return [after - before for before, after in pairwise(times)]
    if "offset_s" not in columns:
        return []
    starts, ends = (sheet.numbers(columns[name]) for name in ("onset_s", "offset_s"))
    return [end - start for start, end in zip(starts, ends, strict=False)]


def ask_audio_start(by_table: dict[str, Group]) -> str | None:
    """Ask when the audio began, where gaze and words share no time; else nothing."""
    gaze = by_table.get("fixations") or by_table.get("samples")
    words = by_table.get("words")
    if gaze is None or words is None:
        return None
    gaze_s, words_s = _span_s(gaze), _span_s(words)
    if gaze_s is None or words_s is None:
        return None
    if gaze_s[0] <= words_s[1] + NEAR_S and words_s[0] <= gaze_s[1] + NEAR_S:
        return None
    return (
        f"when did the audio begin, on the clock of the gaze? That is from {gaze_s[0]:.3f} to"
        f" {gaze_s[1]:.3f} s, words are from {words_s[0]:.3f} to {words_s[1]:.3f} s"
    )


def _span_s(group: Group) -> tuple[float, float] | None:
    """Give the first and the last second of the first file of a group; None where unknown."""
    cell = _start_of(group)
    if cell is None or not group.sheets or cell[0] not in group.sheets[0].header:
        return None
    column, unit = cell
    times = group.sheets[0].numbers(column)
    if not times or unit not in TIMES:
        return None
    return min(times) * TIMES[unit], max(times) * TIMES[unit]


def _start_of(group: Group) -> tuple[str, str | None] | None:
    """Give the column that says when something starts, and its unit."""
    columns: dict[str, Any] = preset_columns(group) or group.columns
    cell = columns.get("onset_s", columns.get("time_s"))
    if isinstance(cell, dict):
        return str(cell.get("column")), cell.get("unit", "s")
    if cell is None:
        return None
    return cell, "s" if group.format is not None else time_unit_of(group, cell)[0]
