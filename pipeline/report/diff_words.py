"""What changes between two runs mean, in numbers and in words: for `report.diff` and its page."""

from collections import Counter
from collections.abc import Mapping, Sequence
from statistics import fmean, median
from typing import Any, Protocol

from gazescribe.pipeline.core.console import plural

SHIFTS = ("start_s", "end_s", "n_fixations")  # of windows


class Changed(Protocol):
    """What is read of a change (`report.diff.Change`)."""

    @property
    def table(self) -> str: ...  # noqa: D102  a field
    @property
    def change(self) -> str: ...  # noqa: D102  a field
    @property
    def before(self) -> Mapping[str, Any] | None: ...  # noqa: D102  a field
    @property
    def after(self) -> Mapping[str, Any] | None: ...  # noqa: D102  a field
    @property
    def iou(self) -> float | None: ...  # noqa: D102  a field


def measure(changes: Sequence[Changed]) -> dict[str, Any]:
    """Count changes by kind, and measure those that are on both sides.

    Returns
    -------
    dict
        `n` by kind of change. Of mentions `flipped`, by polarity before and after. Of windows the
        median of `shifts`, after less before, in seconds or fixations, and how many are
        `relabelled`. Of maps `mean_iou`, and how many are of `other_size`, which have no IoU.
        Null or empty where nothing of the kind changed.
    """
    flipped: Counter[str] = Counter()
    shifts: dict[str, list[float]] = {name: [] for name in SHIFTS}
    relabelled = other_size = 0
    ious = []
    for change in changes:
        before, after = change.before, change.after
        if change.iou is not None:
            ious.append(change.iou)
        if before is None or after is None:
            continue
        if change.table == "mentions":
            flipped[f"{before['polarity']} → {after['polarity']}"] += 1
        elif change.table == "windows":
            for name in SHIFTS:
                shifts[name].append(after[name] - before[name])
            relabelled += before["labels"] != after["labels"]
        else:
            other_size += change.iou is None
    return {
        "n": dict(sorted(Counter(change.change for change in changes).items())),
        "flipped": dict(sorted(flipped.items())),
        "shifts": {name: median(values) if values else None for name, values in shifts.items()},
        "relabelled": relabelled,
        "mean_iou": fmean(ious) if ious else None,
        "other_size": other_size,
    }


def say(measured: Mapping[str, Any]) -> str:
    """Say what `measure` gave: `2 changed: start −0.50 s, 3 fixations more (median)`."""
    counts = ", ".join(f"{n:,} {change}" for change, n in measured["n"].items()) or "no change"
    meaning = []
    if measured["flipped"]:
        kinds = ", ".join(f"{n:,} {kind}" for kind, n in measured["flipped"].items())
        meaning.append(f"{plural(sum(measured['flipped'].values()), 'label')} flipped ({kinds})")
    if moved := _shifts(measured["shifts"]):
        meaning.append(f"{moved} (median)")
    if measured["relabelled"]:
        meaning.append(f"{plural(measured['relabelled'], 'window')} of other labels")
    if measured["mean_iou"] is not None:
        meaning.append(f"IoU {measured['mean_iou']:.2f} (mean)")
    if measured["other_size"]:
        meaning.append(f"{plural(measured['other_size'], 'map')} of another size")
    return f"{counts}: {', '.join(meaning)}" if meaning else counts


def _shifts(shifts: Mapping[str, float | None]) -> str:
    moved = []
    for name, value in shifts.items():
        if not value:
            continue
        if name == "n_fixations":
            noun = "fixation" if abs(value) == 1 else "fixations"
            moved.append(f"{abs(value):g} {noun} {'more' if value > 0 else 'fewer'}")
        else:
            moved.append(f"{name.removesuffix('_s')} {signed(value)} s")
    return ", ".join(moved)


def signed(value: float) -> str:
    """Write a difference with its sign, as a person does."""
    return f"{value:+.2f}".replace("-", "−")
