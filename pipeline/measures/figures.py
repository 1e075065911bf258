"""Pictures of the measures: dwell by region, eye movements, gaze before speech."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from gazescribe.pipeline.core.figures import (
    CYCLE,
    DOUBLE_MM,
    GREY,
    Plate,
    legend_below,
    panels,
    plain,
    printed,
)

ROW_MM = 5.0  # height of a region
HISTOGRAMS = {
    "fixation_median_s": "median fixation, s",
    "amplitude_median_deg": "median saccade, degrees",
    "transition_entropy": "transition entropy, bit",
    "lung_coverage": "share of the lungs seen",
}
FARTHEST_S = 8.0  # of leads that are drawn


def plates(regions: pd.DataFrame, readings: pd.DataFrame, leads: pd.DataFrame) -> dict[str, Plate]:
    """Draw all that the three tables have something for, by file name."""
    drawn = {"dwell": dwell(regions), "eye_movements": eye_movements(readings)}
    if leads["lead_s"].notna().any():
        drawn["leads"] = lead_histograms(leads)
    return drawn


def own_ellipses(regions: pd.DataFrame) -> pd.DataFrame:
    """Choose the rows of a label's gaze on what the reader drew of that label."""
    is_own = (regions["kind"] == "ellipse") & (regions["label"] == regions["region"])
    return regions[is_own]


@printed()
def dwell(regions: pd.DataFrame) -> Plate:
    """Draw the share of gaze in each region, beside the share of the image that it covers."""
    whole = regions[(regions["label"] == "") & regions["kind"].isin(["image", "anatomy", "own"])]
    parts = [("all gaze", whole)]
    if len(ellipses := own_ellipses(regions)):
        parts.append(("a finding's gaze, in its ellipses", ellipses))
    longest = max(part["region"].nunique() for _, part in parts)
    figure, axes_of = panels(len(parts), len(parts), DOUBLE_MM, ROW_MM * longest + 30)
    for axes, (title, part) in zip(axes_of, parts, strict=True):
        _share_by_region(axes, part)
        axes.set(title=title, xlabel="share", xlim=(0, 1))
    legend_below(figure, *axes_of[0].get_legend_handles_labels())
    caption = (
        "Mean over readings of the share of fixation time (dots, with two standard errors) and of"
        " the image's area (bars). Right of its bar, a region is looked at more than its size asks."
    )
    return Plate(figure, "Where readers look", caption)


def _share_by_region(axes: Axes, rows: pd.DataFrame) -> None:
    by_region = rows.groupby("region")
    share = by_region["share"].mean().sort_values()
    error = by_region["share"].sem().reindex(share.index)
    area = by_region["area_share"].mean().reindex(share.index)
    places = np.arange(len(share))
    axes.barh(places, area, height=0.7, color="0.85", label="of the area")
    axes.errorbar(
        share, places, xerr=2 * error.fillna(0), fmt="o", color=CYCLE[0], label="of the gaze"
    )
    axes.set_yticks(places, [plain(str(name)) for name in share.index])
    axes.grid(visible=False, axis="y")


@printed()
def eye_movements(readings: pd.DataFrame) -> Plate:
    """Draw how readings differ in fixations, saccades, entropy and coverage."""
    whole = readings[readings["label"] == ""]
    names = [name for name in HISTOGRAMS if whole[name].notna().any()]
    figure, axes_of = panels(len(names), max(len(names), 1), DOUBLE_MM, 50)
    for axes, name in zip(axes_of, names, strict=True):
        values = whole[name].dropna()
        axes.hist(values, bins=12, color=CYCLE[0])
        axes.axvline(values.median(), color=GREY, linestyle="--")
        axes.set(xlabel=HISTOGRAMS[name])
    if axes_of:
        axes_of[0].set_ylabel("readings")
    caption = "All gaze of each reading; dashed: the median over readings."
    return Plate(figure, "How eyes move", caption)


@printed()
def lead_histograms(leads: pd.DataFrame) -> Plate:
    """Draw how long before the sentence a region that it names was looked at."""
    kinds: Sequence[str] = sorted(set(leads["kind"]))
    figure, axes_of = panels(len(kinds), len(kinds), DOUBLE_MM, 55)
    n_beyond = 0
    for axes, kind in zip(axes_of, kinds, strict=True):
        lead_s = leads.loc[leads["kind"] == kind, "lead_s"].dropna()
        near = lead_s[lead_s.abs() <= FARTHEST_S]
        n_beyond += len(lead_s) - len(near)
        axes.hist(near, bins=32, range=(-FARTHEST_S, FARTHEST_S), color=CYCLE[0])
        axes.axvline(lead_s.median(), color=GREY, linestyle="--")
        axes.set(title=kind, xlabel="gaze before the sentence, s")
    axes_of[0].set_ylabel("mentions")
    caption = (
        "Begin of the sentence less begin of the visit to what it names: right of 0, eyes come"
        f" first; dashed: the median. {n_beyond} beyond {FARTHEST_S:g} s are not drawn."
    )
    return Plate(figure, "Gaze before speech", caption)
