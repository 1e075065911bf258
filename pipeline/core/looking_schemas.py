"""The tables of scan paths and of their comparison."""

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
]
