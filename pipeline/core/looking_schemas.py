"""The tables of scan paths and of their comparison."""

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
]
