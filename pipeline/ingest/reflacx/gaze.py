"""The gaze of one REFLACX reading: fixations, and samples when asked for."""

from pathlib import Path

import numpy as np

from gazescribe.pipeline.core.errors import SchemaError
from gazescribe.pipeline.core.foreign_tables import read_csv_table
from gazescribe.pipeline.ingest.chunks import Chunk
from gazescribe.pipeline.ingest.csv_files import (
    Mask,
    number_columns,
    read_columns,
    reason_of,
    usable_rows,
)
from gazescribe.pipeline.ingest.quality import Quality
from gazescribe.pipeline.ingest.reflacx_metadata import ReflacxReading, findings_of
from gazescribe.pipeline.ingest.settings import Ingest
from gazescribe.pipeline.sources.manifests import Manifest
from gazescribe.pipeline.sources.walking import absence, existing

MAX_AUDIO_S = 240.0  # length of the recording buffer (spec reflacx A13)
STEP_S = 0.001  # 1 kHz
SIDES = ("xmin", "ymin", "xmax", "ymax")
# By name, never by place: the file has the width of the window before its level, the published
# description the other way round (spec reflacx A6).
FIXATION_COLUMNS = {
    "onset_s": "timestamp_start_fixation",
    "offset_s": "timestamp_end_fixation",
    "x_px": "x_position",
    "y_px": "y_position",
    "px_per_deg_x": "angular_resolution_x_pixels_per_degree",
    "px_per_deg_y": "angular_resolution_y_pixels_per_degree",
    **{f"shown_{side}_px": f"{side}_shown_from_image" for side in SIDES},
    "pupil_area_norm": "pupil_area_normalized",
}
MAY_BE_BLANK = ("pupil_area_norm", *(f"shown_{side}_px" for side in SIDES))
SAMPLE_COLUMNS = {"time_s": "timestamp_sample", "x_px": "x_position", "y_px": "y_position"}


def read_fixations(
    root: Path, reading: ReflacxReading, manifest: Manifest, thresholds: Quality, chunk: Chunk
) -> bool:
    """Add fixations and their quality to the chunk; tell whether the reading has gaze."""
    file = manifest.file("fixations")
    findings = findings_of(file, reading, chunk)
    cells = read_columns(root, file, findings, loses="gaze")
    if cells is None:
        chunk.without_gaze["no usable file"] += 1
        return False
    # Gaze off the image is kept, negative positions too: readers look at the buttons beside it.
    values, bad = number_columns(cells, FIXATION_COLUMNS)
    needed = [column for name, column in values.items() if name not in MAY_BE_BLANK]
    blank: Mask = np.logical_or.reduce(np.isnan(needed))
    reversed_ = ~(values["offset_s"] > values["onset_s"])
    flat = ~((values["px_per_deg_x"] > 0) & (values["px_per_deg_y"] > 0))
    reasons = {
        "fixation_unreadable": ("lack a number", blank),
        "fixation_reversed": ("do not end after they start", reversed_),
        "fixation_no_resolution": ("have no pixels per degree above 0", flat),
    }
    usable = usable_rows(reasons, findings, loses="fixations")
    message = "have an unreadable pupil or shown part, taken as unknown"
    unknown = np.any([bad[name] for name in MAY_BE_BLANK], axis=0)
    findings.add_rows("warning", "fixation_part_unreadable", message, unknown)
    places = np.arange(len(usable))
    shown = {name: column[usable] for name, column in values.items()}
    outside = (shown["onset_s"] < 0) | (shown["offset_s"] >= MAX_AUDIO_S)
    xmin, ymin, xmax, ymax = (shown[f"shown_{side}_px"] for side in SIDES)
    unseen = (xmin >= xmax) | (ymin >= ymax)
    for code, message, unusual in (
        ("fixation_outside_audio", "lie outside 0 to 240 s", outside),
        ("fixation_nothing_shown", "show no part of the image", unseen),
    ):
        findings.add_rows("warning", code, message, unusual, rows=places[usable])
    size_px = reading.width_px, reading.height_px
    return chunk.add_usable_fixations(values, usable, places, size_px, thresholds, findings)


def read_samples(
    root: Path, reading: ReflacxReading, manifest: Manifest, _settings: Ingest, chunk: Chunk
) -> None:
    """Add the gaze samples of a reading that was not discarded to the chunk."""
    from pyarrow import csv

    findings = findings_of(manifest.file("gaze"), reading, chunk)
    path = existing(root / findings.file)
    if path is None:
        findings.add("loss", "gaze_missing", absence(root / findings.file), loses="samples")
        return
    types = dict.fromkeys(SAMPLE_COLUMNS.values(), "float64")
    options = csv.ConvertOptions(include_columns=list(types), column_types=types)
    try:
        table = read_csv_table(path, convert=options)
    except SchemaError as error:
        findings.add("loss", "gaze_unreadable", reason_of(error), loses="samples")
        return
    if not len(table):
        findings.add("loss", "gaze_none", "there is no sample", loses="samples")
        return
    values = {name: table[source].to_numpy() for name, source in SAMPLE_COLUMNS.items()}
    timeless = ~np.isfinite(values["time_s"])
    findings.add_rows("loss", "sample_no_time", "have no time", timeless, loses="samples")
    values = {name: column[~timeless] for name, column in values.items()}
    has_x, has_y = np.isfinite(values["x_px"]), np.isfinite(values["y_px"])
    findings.add_rows("warning", "sample_half_blank", "have x or y alone", has_x != has_y)
    uneven = np.append(False, np.abs(np.diff(values["time_s"]) - STEP_S) > STEP_S / 2)
    findings.add_rows("warning", "sample_step", "do not follow by 1 ms", uneven)
    valid = has_x & has_y  # a lost eye is a blank cell
    size_px = (reading.width_px, reading.height_px)
    chunk.add_samples(reading.reading_id, {**values, "valid": valid}, size_px)
