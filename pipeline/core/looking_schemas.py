"""The tables of scan paths, of their comparison, and of gaze measures."""

import pyarrow as pa

from gazescribe.pipeline.core.columns import (
    COUNT,
    ID,
    NUMBER,
    PIXEL,
    PIXELS,
    READING_ID,
    TIME,
    column,
    table,
)
from gazescribe.pipeline.core.values import SPLITS

RATE = pa.float64()


def _three(name: str, kind: pa.DataType, description: str, unit: str) -> list[pa.Field]:
    """Define the columns of mean, median and standard deviation."""
    words = {"mean": "mean", "median": "median", "sd": "standard deviation (of the sample)"}
    return [
        column(f"{name}_{short}_{unit}", kind, f"{description}: {word}", unit=unit, null=True)
        for short, word in words.items()
    ]


LOOKING_TABLES = [
    table(
        "scanpaths",
        ("reading_id", "label", "fixation"),
        "One fixation of the scan path of a finding, or of a whole reading",
        [
            READING_ID,
            column("label", ID, "Channel; empty for the whole reading"),
            column("fixation", COUNT, "Fixation of the reading"),
            column("place", COUNT, "Its place in the scan path, from 0 in time order"),
            column("onset_s", TIME, "Start", unit="s"),
            column("duration_s", TIME, "End less start", unit="s"),
            column("weight_s", TIME, "Of it, what belongs to the label", unit="s"),
            column("x_px", PIXEL, "Centre, on the image", unit="px"),
            column("y_px", PIXEL, "Centre, on the image", unit="px"),
            column("dicom_id", ID, "Image"),
            column("subject_id", NUMBER, "MIMIC subject"),
            column(
                "reader",
                COUNT,
                "From 1: the reader, where attributes name readers; else the reading among those"
                " of its image",
            ),
            column("split", ID, ", ".join(SPLITS), null=True),
            column("width_px", PIXELS, "Width of the image", unit="px"),
            column("height_px", PIXELS, "Height of the image", unit="px"),
        ],
    ),
    table(
        "scanpath_scores",
        ("label", "scope", "measure", "source"),
        "How alike scan paths of one source and those of readers are, by one measure",
        [
            column("label", ID, "Channel, all findings, or whole reading"),
            column("scope", ID, "all, or several readers: of the image"),
            column("measure", ID, "docs/scanpaths.md has the definitions"),
            column("source", ID, "What is compared: predicted, a ceiling or floor, a difference"),
            column("mean", pa.float64(), "Over scan paths of readers", null=True),
            column("low", pa.float64(), "Interval by subject", null=True),
            column("high", pa.float64(), "Interval by subject", null=True),
            column("n_scanpaths", COUNT, "Scan paths of readers with a value", unit="count"),
            column("n_subjects", COUNT, "Subjects of these", unit="count"),
        ],
    ),
    table(
        "region_measures",
        ("reading_id", "label", "kind", "region"),
        "How one reading looked at one region, in the windows of a label or altogether",
        [
            READING_ID,
            column("label", ID, "Channel whose windows the gaze is of; empty: all gaze"),
            column(
                "kind", ID, "image, anatomy (table regions), ellipse (drawn by the reader), own"
            ),
            column("region", ID, "Name; of ellipses the channel, or the data set's own label"),
            column("area_share", RATE, "Of the image, that the region covers"),
            column("dwell_s", TIME, "Total fixation time inside", unit="s"),
            column("share", RATE, "Of all fixation time of the label", null=True),
            column("n_fixations", COUNT, "Inside", unit="count"),
            column(
                "first_fixation_s",
                TIME,
                "When the first fixation inside begins; null without one",
                unit="s",
                null=True,
            ),
            column("n_visits", COUNT, "Runs of successive fixations inside", unit="count"),
            column("visit_mean_s", TIME, "Dwell over visits", unit="s", null=True),
            column(
                "n_revisits_after_mention",
                COUNT,
                "Visits of the whole reading, but the first, that begin after the first sentence"
                " that mentions the label; null for all gaze, and without sentences",
                unit="count",
                null=True,
            ),
        ],
    ),
    table(
        "reading_measures",
        ("reading_id", "label"),
        "How one reading looked, in the windows of a label or altogether",
        [
            READING_ID,
            column("label", ID, "Channel whose windows the gaze is of; empty: all gaze"),
            column("n_fixations", COUNT, "Fixations", unit="count"),
            column("gaze_s", TIME, "Total fixation time", unit="s"),
            column("fixation_rate_hz", RATE, "First onset to last offset", unit="Hz", null=True),
            column("off_image_share", RATE, "Of fixation time, off the image", null=True),
            *_three("fixation", TIME, "Fixation duration", "s"),
            column("n_saccades", COUNT, "Gaps that a saccade can take", unit="count"),
            *_three("saccade", TIME, "Saccade duration: the gap between fixations", "s"),
            *_three("amplitude", RATE, "Saccade amplitude", "deg"),
            *_three("amplitude", PIXEL, "Saccade amplitude", "px"),
            column("path_deg", RATE, "Summed amplitudes", unit="deg"),
            column("stationary_entropy", RATE, "Of the cells of a grid", unit="bit", null=True),
            column(
                "transition_entropy", RATE, "Of the next cell, given this", unit="bit", null=True
            ),
            column(
                "lung_coverage",
                RATE,
                "Share of the lungs near a fixation (measures.coverage_deg); null without lungs",
                null=True,
            ),
        ],
    ),
    table(
        "mention_leads",
        ("reading_id", "sentence", "label", "kind", "region"),
        "Gaze and speech at one mention: when the region that it names was looked at",
        [
            READING_ID,
            column("sentence", COUNT, "Sentence of the mention"),
            column("label", ID, "Channel mentioned; empty where a phrase names anatomy"),
            column(
                "kind", ID, "ellipse and own: of the label's name; anatomy: that a phrase names"
            ),
            column("region", ID, "Name"),
            column("sentence_s", TIME, "When the sentence begins", unit="s"),
            column(
                "word_s",
                TIME,
                "When the first mention begins; null for labels without mentions",
                unit="s",
                null=True,
            ),
            column("look_s", TIME, "Begin of the visit: docs/measures.md", unit="s", null=True),
            column("visit_s", TIME, "How long it lasts", unit="s", null=True),
            column(
                "lead_s", TIME, "sentence_s less look_s: above 0, eyes first", unit="s", null=True
            ),
            column("word_lead_s", TIME, "word_s less look_s", unit="s", null=True),
        ],
    ),
]
