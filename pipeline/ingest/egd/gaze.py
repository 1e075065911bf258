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

from gazescribe.pipeline.ingest.csv_files import header_fault, said
from gazescribe.pipeline.ingest.egd.screen import (
    Axis,
    Floats,
    Mask,
    Numbers,
    fit_size,
    on_display,
    to_image,
)
from gazescribe.pipeline.sources.faults import Fault, Findings, Severity

TIME = "Time (in secs)"
POSITION = ("FPOGX", "FPOGY", "X_ORIGINAL", "Y_ORIGINAL")
FIXATION_COLUMNS = (TIME, "FPOGS", "FPOGD", "FPOGV", *POSITION)
SAMPLE_COLUMNS = (TIME, "FPOGV", *POSITION)

LOSES = {"fixations": "fixations", "eye_gaze": "samples"}
ID_LENGTH = 44
CALIBRATION_LENGTH = 39  # a real id without its last five characters; the picture is a white disc
END_TOLERANCE_S = 1e-3  # fixations.csv repeats onset + duration as Time, to 1e-5 s
MAP_TOLERANCE_PX = 1.5  # published positions are cut to integers

Columns = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class ByReading:
    """Rows of many readings.

    Attributes
    ----------
    columns : dict of str to ndarray, each of shape (n_rows,)
        Sorted by reading, then by time.
    starts : ndarray of int, shape (n_readings + 1,)
        First row of each reading, and the end.
    """

    columns: Columns
    starts: Numbers

    def of(self, number: int) -> Columns:
        """Rows of one reading."""
        rows = slice(self.starts[number], self.starts[number + 1])
        return {name: values[rows] for name, values in self.columns.items()}


def group(reading: Numbers, columns: Mapping[str, NDArray[Any]], n_readings: int) -> ByReading:
    """Sort rows by reading and by the first column; equal ones keep their order."""
    order = np.lexsort((next(iter(columns.values())), reading))
    starts = np.searchsorted(reading[order], np.arange(n_readings + 1))
    return ByReading({name: values[order] for name, values in columns.items()}, starts)


def read_rows(
    path: Path,
    columns: Sequence[str],
    dicom_ids: Sequence[str],
    found: Findings,
    seen: Counter[str],
) -> Iterator[tuple[Numbers, dict[str, Floats]]]:
    """Stream the rows of the readings, without those of calibration pictures and unknown images.

    Parameters
    ----------
    path : pathlib.Path
        `fixations.csv` or `eye_gaze.csv`, gzipped or not.
    columns : sequence of str
        Columns of numbers to read.
    dicom_ids : sequence of str
        Readings. Ids are compared whole: a calibration picture has the beginning of a real one.
    found : Findings
        Takes rows left out, by reason, and an error if the file cannot be read.
    seen : Counter of str
        Counts all rows, under the name of the file.

    Yields
    ------
    reading : ndarray of int, shape (n,)
        Place of the row's id in `dicom_ids`.
    values : dict of str to ndarray of float64, each of shape (n,)
        The columns, all finite.
    """
    known = pa.array(dicom_ids, pa.string())
    left_out: Counter[str] = Counter()
    if fault := header_fault(path, ["DICOM_ID", *columns]):
        code, message = fault
        found.add("error", f"{_stem(found)}_{code}", message, loses="gaze")
        return
    try:
        for batch in _open(path, columns, left_out):
            seen[_stem(found)] += batch.num_rows
            reading = pc.index_in(batch["DICOM_ID"], value_set=known)
            _count_unknown(batch["DICOM_ID"].filter(reading.is_null()), left_out)
            kept = batch.filter(reading.is_valid())
            values = {name: kept[name].to_numpy(zero_copy_only=False) for name in columns}
            whole = np.all([np.isfinite(column) for column in values.values()], axis=0)
            left_out["unreadable"] += int((~whole).sum())
            places = reading.drop_null().to_numpy(zero_copy_only=False).astype(np.intp)
            yield places[whole], {name: column[whole] for name, column in values.items()}
    except (pa.ArrowException, OSError) as error:
        found.add("error", f"{_stem(found)}_unreadable", said(error), loses="gaze")
    _note_left_out(left_out, found)


def _open(path: Path, columns: Sequence[str], left_out: Counter[str]) -> Iterator[pa.RecordBatch]:
    def skip(_: csv.InvalidRow) -> str:
        left_out["ragged"] += 1
        return "skip"

    types = {"DICOM_ID": pa.string(), **dict.fromkeys(columns, pa.float64())}
    reader = csv.open_csv(
        path,
        parse_options=csv.ParseOptions(invalid_row_handler=skip),
        convert_options=csv.ConvertOptions(include_columns=list(types), column_types=types),
    )
    with reader:
        yield from reader


def _count_unknown(ids: pa.Array, left_out: Counter[str]) -> None:
    lengths = np.asarray(pc.utf8_length(ids).fill_null(0))
    left_out["calibration"] += int((lengths == CALIBRATION_LENGTH).sum())
    left_out["id_too_long"] += int((lengths > ID_LENGTH).sum())
    others = (lengths != CALIBRATION_LENGTH) & (lengths <= ID_LENGTH)
    left_out["id_unknown"] += int(others.sum())


def _stem(found: Findings) -> str:
    return Path(found.file).stem


def _note_left_out(left_out: Counter[str], found: Findings) -> None:
    reasons: dict[str, tuple[Severity, str]] = {
        "calibration": ("warning", "are of calibration pictures (ids of 39 characters)"),
        "id_too_long": ("loss", "have an id longer than 44 characters"),
        "id_unknown": ("loss", "are of images that the master sheet does not list"),
        "unreadable": ("loss", "lack a number"),
        "ragged": ("loss", "have too many or too few cells"),
    }
    for reason, (severity, message) in reasons.items():
        _note(severity, reason, message, left_out[reason], found)


def _note(severity: Severity, reason: str, message: str, n: int, found: Findings) -> None:
    if n:
        code, text = f"{_stem(found)}_{reason}", f"{n} rows {message}"
        loses = LOSES[_stem(found)] if severity == "loss" else ""
        found.faults.append(Fault(severity, code, text, found.file, None, None, loses, n))


def fit_sizes(
    reading: Numbers, rows: Mapping[str, Floats], axes: tuple[Axis, Axis], wanted: Sequence[int]
) -> dict[int, tuple[int, int]]:
    """Fit the sizes of images to their fixations; readings that do not tell are left out.

    Parameters
    ----------
    reading : ndarray of int, shape (n,)
        Reading of each row.
    rows : mapping of str to ndarray, each of shape (n,)
        Fixations as read.
    axes : tuple of Axis
        Across and down; only their pads are used.
    wanted : sequence of int
        Readings of unknown size.

    Returns
    -------
    dict of int to tuple of int
        Reading to width and height.
    """
    x, y, x_original, y_original = (rows[name] for name in POSITION)
    shown = on_display(axes, (x, y), (x_original, y_original), reading)
    sizes = {}
    for number in wanted:
        mine = shown & (reading == number)
        width, height = (
            fit_size(
                rows[fraction][mine],
                rows[published][mine],
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
    path: Path, dicom_ids: Sequence[str], found: Findings, seen: Counter[str]
) -> tuple[Numbers, dict[str, Floats]]:
    """Read all of `fixations.csv`; arguments and result as of `read_rows`, in one piece."""
    pieces = list(read_rows(path, FIXATION_COLUMNS, dicom_ids, found, seen))
    empty = np.empty(0)
    reading = np.concatenate([np.empty(0, np.intp), *(piece for piece, _ in pieces)])
    return reading, {
        name: np.concatenate([empty, *(rows[name] for _, rows in pieces)])
        for name in FIXATION_COLUMNS
    }


def place_fixations(
    reading: Numbers, rows: Mapping[str, Floats], axes: tuple[Axis, Axis], found: Findings
) -> ByReading:
    """Turn rows of `fixations.csv` to fixations in the image, in time order.

    Parameters
    ----------
    reading : ndarray of int, shape (n,)
        Reading of each row.
    rows : mapping of str to ndarray, each of shape (n,)
        Fixations as read.
    axes : tuple of Axis
        Across and down; rows of readings whose size is unknown are left out.
    found : Findings
        Takes rows left out, by reason, and warnings.

    Returns
    -------
    ByReading
        onset_s, offset_s, x_px, y_px, px_per_deg_x, px_per_deg_y.
    """
    onset_s, offset_s = rows["FPOGS"], rows["FPOGS"] + rows["FPOGD"]
    invalid = rows["FPOGV"] != 1
    empty = ~invalid & (rows["FPOGD"] <= 0)
    before = ~invalid & ~empty & (offset_s <= 0)
    unsized = ~(invalid | empty | before) & np.isnan(axes[0].scale + axes[1].scale)[reading]
    kept = ~(invalid | empty | before | unsized)
    _note("loss", "invalid", "are no fixations (FPOGV is 0)", int(invalid.sum()), found)
    _note("loss", "without_length", "have no duration above 0", int(empty.sum()), found)
    message = "end before the image appeared"
    _note("loss", "before_image", message, int(before.sum()), found)
    message = "are of images of unknown size"
    _note("loss", "of_unknown_size", message, int(unsized.sum()), found)
    message = "begin before the image appeared and were cut to begin with it"
    _note("warning", "begin_early", message, int((kept & (onset_s < 0)).sum()), found)
    _warn_of_times(rows, kept, found)
    place = reading[kept]
    x_px, y_px = _positions(place, {name: rows[name][kept] for name in POSITION}, axes, found)
    columns = {
        "onset_s": np.maximum(onset_s[kept], 0.0),
        "offset_s": offset_s[kept],
        "x_px": x_px,
        "y_px": y_px,
        "px_per_deg_x": axes[0].px_per_deg[place],
        "px_per_deg_y": axes[1].px_per_deg[place],
    }
    return group(place, columns, len(axes[0].size_px))


def _warn_of_times(rows: Mapping[str, Floats], kept: Mask, found: Findings) -> None:
    late = np.abs(rows["FPOGS"] + rows["FPOGD"] - rows[TIME]) > END_TOLERANCE_S
    message = "have a Time that is not the end of the fixation; onset and duration are used"
    _note("warning", "time_is_not_end", message, int((kept & late).sum()), found)


def _positions(
    reading: Numbers, rows: Mapping[str, Floats], axes: tuple[Axis, Axis], found: Findings
) -> tuple[Floats, Floats]:
    fractions = rows["FPOGX"], rows["FPOGY"]
    published = rows["X_ORIGINAL"], rows["Y_ORIGINAL"]
    shown = on_display(axes, fractions, published, reading)
    differs = np.zeros(len(reading), dtype=bool)
    for axis, fraction, given in zip(axes, fractions, published, strict=True):
        differs |= np.abs(axis.extrapolate(fraction, reading) - given) > MAP_TOLERANCE_PX
    message = "have a published position that the image's size and pads do not give; it is kept"
    _note("warning", "position_differs", message, int((differs & shown).sum()), found)
    return to_image(axes, fractions, published, reading)


def place_samples(
    path: Path,
    dicom_ids: Sequence[str],
    axes: tuple[Axis, Axis],
    found: Findings,
    seen: Counter[str],
) -> ByReading:
    """Read `eye_gaze.csv` and turn its rows to samples in the image, in time order.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    dicom_ids : sequence of str
        Readings.
    axes : tuple of Axis
        Across and down; rows of readings whose size is unknown are left out.
    found : Findings
        Takes rows left out, by reason, and warnings.
    seen : Counter of str
        Counts all rows, under the name of the file.

    Returns
    -------
    ByReading
        time_s, x_px, y_px, valid. Where the tracker found no fixation, valid is false and the
        position is the one published, which may be stale.
    """
    sized = ~np.isnan(axes[0].scale + axes[1].scale)
    pieces: list[tuple[NDArray[Any], ...]] = [
        (np.empty(0, np.int32), *(np.empty(0),) * 3, np.empty(0, bool))
    ]
    n_unsized = 0
    for reading, rows in read_rows(path, SAMPLE_COLUMNS, dicom_ids, found, seen):
        kept = sized[reading]
        n_unsized += int((~kept).sum())
        place = reading[kept]
        fractions = rows["FPOGX"][kept], rows["FPOGY"][kept]
        published = rows["X_ORIGINAL"][kept], rows["Y_ORIGINAL"][kept]
        x_px, y_px = to_image(axes, fractions, published, place)
        valid = rows["FPOGV"][kept] == 1
        pieces.append((place.astype(np.int32), rows[TIME][kept], x_px, y_px, valid))
    _note("loss", "of_unknown_size", "are of images of unknown size", n_unsized, found)
    place, *values = (np.concatenate(column) for column in zip(*pieces, strict=True))
    columns = dict(zip(("time_s", "x_px", "y_px", "valid"), values, strict=True))
    n_early = int((columns["time_s"] < 0).sum())
    message = "are from before the image appeared and were moved to its appearance"
    _note("warning", "early", message, n_early, found)
    columns["time_s"] = np.maximum(columns["time_s"], 0.0)
    return group(place, columns, len(dicom_ids))
