"""The two gaze files of EGD: fixations and samples of all readings, in the order of the sittings.

Both are streamed with only the columns needed; in memory stay the rows kept, as numbers (samples of
the whole release: 60 MB). Source: spec egd.md 3 and 5.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyarrow import csv

from gazescribe.pipeline.core.errors import SchemaError
from gazescribe.pipeline.core.foreign import parsing
from gazescribe.pipeline.core.foreign_tables import CSV, check_utf8
from gazescribe.pipeline.ingest.csv_files import Floats, header_fault, note_cut, reason_of
from gazescribe.pipeline.ingest.egd.screen import Axes, Numbers, fit_size, on_display, to_image
from gazescribe.pipeline.sources.faults import Fault, Findings, Severity

TIME = "Time (in secs)"
POSITION = ("FPOGX", "FPOGY", "X_ORIGINAL", "Y_ORIGINAL")
FIXATION_COLUMNS = (TIME, "FPOGS", "FPOGD", "FPOGV", *POSITION)
SAMPLE_COLUMNS = (TIME, "FPOGV", *POSITION)

LEFT_OUT: dict[str, tuple[Severity, str]] = {
    "calibration": ("warning", "are of calibration pictures (ids of 39 characters)"),
    "id_too_long": ("loss", "have an id longer than 44 characters"),
    "id_unknown": ("loss", "are of images that the master sheet does not list"),
    "unreadable": ("loss", "lack a number"),
    "ragged": ("loss", "have too many or too few cells"),
}
LOSES = {"fixations": "fixations", "eye_gaze": "samples"}
UNSIZED = "are of images of unknown size"
ID_LENGTH = 44
# A calibration picture (a white disc) has the id of a real image without its last five characters:
# to complete such an id would mix gaze at the disc into a reading (spec egd.md 3).
CALIBRATION_LENGTH = 39
END_TOLERANCE_S = 1e-3  # fixations.csv repeats onset + duration as Time, to 1e-5 s
MAP_TOLERANCE_PX = 1.5  # published positions are cut to integers

Columns = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class ByReading:
    """Rows of many readings.

    `columns`: sorted by reading, then by time; `starts`, shape (n_readings + 1,): the first row of
    each reading, and the end.
    """

    columns: Columns
    starts: Numbers

    def rows_of(self, number: int) -> Columns:
        """Rows of one reading."""
        rows = slice(self.starts[number], self.starts[number + 1])
        return {name: values[rows] for name, values in self.columns.items()}


def note_repeats(grouped: ByReading, findings: Findings) -> None:
    """Warn of rows that are the same as the one before, in rows that are sorted by reading."""
    n_rows = int(grouped.starts[-1])
    repeats = np.ones(max(n_rows - 1, 0), dtype=bool)
    for column in grouped.columns.values():
        repeats &= column[1:] == column[:-1]
    firsts = grouped.starts[(grouped.starts > 0) & (grouped.starts < n_rows)]
    repeats[firsts - 1] = False  # the row before is of another reading
    _note("warning", "row_twice", "are the same as an earlier row", int(repeats.sum()), findings)


def group(reading: Numbers, columns: Mapping[str, NDArray[Any]], n_readings: int) -> ByReading:
    """Sort rows by reading and by the first column; equal ones keep their order."""
    order = np.lexsort((next(iter(columns.values())), reading))
    starts = np.searchsorted(reading[order], np.arange(n_readings + 1))
    return ByReading({name: values[order] for name, values in columns.items()}, starts)


def _stream(
    path: Path,
    columns: Sequence[str],
    dicom_ids: Sequence[str],
    findings: Findings,
    n_rows: Counter[str],
) -> Iterator[tuple[Numbers, dict[str, Floats]]]:
    """Stream rows of the readings as numbers, without calibration pictures and unknown images.

    Yields the place of each row's id in `dicom_ids`, and the columns, all finite. Ids are compared
    whole. `findings` takes rows left out, by reason, and an error if the file cannot be read;
    `n_rows` counts all rows, under the name of the file.
    """
    id_set = pa.array(dicom_ids, pa.string())
    left_out: Counter[str] = Counter()
    stem = Path(findings.file).stem
    if fault := header_fault(path, ["DICOM_ID", *columns]):
        code, message = fault
        findings.add("error", f"{stem}_{code}", message, loses="gaze")
        return
    note_cut(path, stem, findings)
    try:
        for batch in _open(path, columns, left_out):
            n_rows[stem] += batch.num_rows
            reading = pc.index_in(batch["DICOM_ID"], value_set=id_set)
            _count_unknown(batch["DICOM_ID"].filter(reading.is_null()), left_out)
            rows = batch.filter(reading.is_valid())
            values = {name: rows[name].to_numpy(zero_copy_only=False) for name in columns}
            readable = np.all([np.isfinite(column) for column in values.values()], axis=0)
            left_out["unreadable"] += int((~readable).sum())
            places = reading.drop_null().to_numpy(zero_copy_only=False).astype(np.intp)
            yield places[readable], {name: column[readable] for name, column in values.items()}
    except SchemaError as error:
        findings.add("error", f"{stem}_unreadable", reason_of(error), loses="gaze")
    for reason, (severity, message) in LEFT_OUT.items():
        _note(severity, reason, message, left_out[reason], findings)


def _open(path: Path, columns: Sequence[str], left_out: Counter[str]) -> Iterator[pa.RecordBatch]:
    def skip(_: csv.InvalidRow) -> str:
        left_out["ragged"] += 1
        return "skip"

    check_utf8(path)
    types = {"DICOM_ID": pa.string(), **dict.fromkeys(columns, pa.float64())}
    with (
        parsing(path, CSV),
        csv.open_csv(
            path,
            parse_options=csv.ParseOptions(invalid_row_handler=skip),
            convert_options=csv.ConvertOptions(include_columns=list(types), column_types=types),
        ) as reader,
    ):
        yield from reader


def _count_unknown(ids: pa.Array, left_out: Counter[str]) -> None:
    lengths = np.asarray(pc.utf8_length(ids).fill_null(0))
    is_calibration, is_too_long = lengths == CALIBRATION_LENGTH, lengths > ID_LENGTH
    left_out["calibration"] += int(is_calibration.sum())
    left_out["id_too_long"] += int(is_too_long.sum())
    left_out["id_unknown"] += int((~is_calibration & ~is_too_long).sum())


def _note(severity: Severity, reason: str, message: str, n: int, findings: Findings) -> None:
    if n:
        stem, text = Path(findings.file).stem, f"{n} rows {message}"
        loses = LOSES[stem] if severity == "loss" else ""
        fault = Fault(severity, f"{stem}_{reason}", text, findings.file, loses=loses, n=n)
        findings.faults.append(fault)


def fit_sizes(
    reading: Numbers, rows: Mapping[str, Floats], axes: Axes, unsized: Sequence[int]
) -> dict[int, tuple[int, int]]:
    """Fit width and height of the unsized readings to their fixations.

    Of `axes` only the pads are used. Readings whose fixations do not tell are left out.
    """
    x, y, x_original, y_original = (rows[name] for name in POSITION)
    shown = on_display(axes, (x, y), (x_original, y_original), reading)
    sizes = {}
    for number in unsized:
        usable = shown & (reading == number)
        width, height = (
            fit_size(
                rows[fraction][usable],
                rows[published][usable],
                axis.low_pad_px[number],
                axis.high_pad_px[number],
                axis.screen_px,
            )
            for fraction, published, axis in zip(POSITION[:2], POSITION[2:], axes, strict=True)
        )
        if width and height:
            sizes[number] = (width, height)
    return sizes


def read_fixations(
    path: Path, dicom_ids: Sequence[str], findings: Findings, n_rows: Counter[str]
) -> tuple[Numbers, dict[str, Floats]]:
    """Read all of `fixations.csv`: what `_stream` yields, in one piece."""
    pieces = list(_stream(path, FIXATION_COLUMNS, dicom_ids, findings, n_rows))
    empty = np.empty(0)
    reading = np.concatenate([np.empty(0, np.intp), *(piece for piece, _ in pieces)])
    return reading, {
        name: np.concatenate([empty, *(rows[name] for _, rows in pieces)])
        for name in FIXATION_COLUMNS
    }


def place_fixations(
    reading: Numbers, rows: Mapping[str, Floats], axes: Axes, findings: Findings
) -> ByReading:
    """Turn rows of `fixations.csv` to fixations in the image, in time order.

    Gives onset_s, offset_s, x_px, y_px, px_per_deg_x, px_per_deg_y. Rows of readings whose size is
    unknown are left out, as all that cannot be used; `findings` takes them by reason.
    """
    onset_s, offset_s = rows["FPOGS"], rows["FPOGS"] + rows["FPOGD"]
    unsized = np.isnan(axes[0].scale + axes[1].scale)[reading]
    usable = np.ones(len(reading), dtype=bool)
    for reason, message, bad in (
        ("invalid", "are no fixations (FPOGV is 0)", rows["FPOGV"] != 1),
        ("without_length", "have no duration above 0", rows["FPOGD"] <= 0),
        ("before_image", "end before the image appeared", offset_s <= 0),
        ("of_unknown_size", UNSIZED, unsized),
    ):
        _note("loss", reason, message, int((usable & bad).sum()), findings)
        usable &= ~bad
    message = "begin before the image appeared and were cut to begin with it"
    _note("warning", "begin_early", message, int((usable & (onset_s < 0)).sum()), findings)
    # fixations.csv keeps the last sample of each fixation, whose Time is therefore its end.
    late = usable & (np.abs(offset_s - rows[TIME]) > END_TOLERANCE_S)
    message = "have a Time that is not the end of the fixation; onset and duration are used"
    _note("warning", "time_is_not_end", message, int(late.sum()), findings)
    place = reading[usable]
    x, y, x_original, y_original = (rows[name][usable] for name in POSITION)
    shown = on_display(axes, (x, y), (x_original, y_original), place)
    x_apart = np.abs(axes[0].extrapolate(x, place) - x_original) > MAP_TOLERANCE_PX
    y_apart = np.abs(axes[1].extrapolate(y, place) - y_original) > MAP_TOLERANCE_PX
    n_differing = int((shown & (x_apart | y_apart)).sum())
    message = "have a published position that the image's size and pads do not give; it is kept"
    _note("warning", "position_differs", message, n_differing, findings)
    x_px, y_px = to_image(axes, (x, y), (x_original, y_original), place)
    columns = {
        "onset_s": np.maximum(onset_s[usable], 0.0),
        "offset_s": offset_s[usable],
        "x_px": x_px,
        "y_px": y_px,
        "px_per_deg_x": axes[0].px_per_deg[place],
        "px_per_deg_y": axes[1].px_per_deg[place],
    }
    grouped = group(place, columns, len(axes[0].size_px))
    note_repeats(grouped, findings)
    return grouped


def place_samples(
    path: Path, dicom_ids: Sequence[str], axes: Axes, findings: Findings, n_rows: Counter[str]
) -> ByReading:
    """Read `eye_gaze.csv` and turn its rows to samples in the image, in time order.

    Gives time_s, x_px, y_px, valid. Where the tracker found no fixation, valid is false and the
    position is the one published, which may be stale. Rows of readings whose size is unknown are
    left out; `findings` takes what is left out by reason, `n_rows` counts all rows.
    """
    sized = ~np.isnan(axes[0].scale + axes[1].scale)
    pieces: list[tuple[NDArray[Any], ...]] = [
        (np.empty(0, np.int32), *(np.empty(0),) * 3, np.empty(0, bool))  # where no row is read
    ]
    n_unsized = 0
    for reading, rows in _stream(path, SAMPLE_COLUMNS, dicom_ids, findings, n_rows):
        usable = sized[reading]
        n_unsized += int((~usable).sum())
        place = reading[usable]
        x, y, x_original, y_original = (rows[name][usable] for name in POSITION)
        x_px, y_px = to_image(axes, (x, y), (x_original, y_original), place)
        valid = rows["FPOGV"][usable] == 1
        pieces.append((place.astype(np.int32), rows[TIME][usable], x_px, y_px, valid))
    _note("loss", "of_unknown_size", UNSIZED, n_unsized, findings)
    place, *values = (np.concatenate(column) for column in zip(*pieces, strict=True))
    columns = dict(zip(("time_s", "x_px", "y_px", "valid"), values, strict=True))
    n_early = int((columns["time_s"] < 0).sum())
    message = "are from before the image appeared and were moved to its appearance"
    _note("warning", "early", message, n_early, findings)
    columns["time_s"] = np.maximum(columns["time_s"], 0.0)
    grouped = group(place, columns, len(dicom_ids))
    note_repeats(grouped, findings)
    return grouped
