"""Sessions of EGD and its calibration pictures, from the raw `fixations.csv`.

The tables hold neither: rows of calibration pictures (ids of 39 characters, a disc at the centre of
the screen) are no reading's. Source: spec egd.md 3.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import csv

from gazescribe.pipeline.core.errors import ManifestError
from gazescribe.pipeline.core.foreign_tables import read_csv_table
from gazescribe.pipeline.ingest.egd.gaze import CALIBRATION_LENGTH
from gazescribe.pipeline.ingest.egd.screen import EgdDisplay, display_of
from gazescribe.pipeline.sources.loading import load_manifest
from gazescribe.pipeline.sources.roots import find_root
from gazescribe.pipeline.sources.walking import existing

NUMBERS = ("SESSION_ID", "FPOGX", "FPOGY", "FPOGD", "FPOGV")


@dataclass(frozen=True)
class Sessions:
    """Sessions, as the tracker's file has them.

    `of_reading`: the session of each reading; `looks`: one fixation on a calibration picture a row,
    with session, picture, and x_deg, y_deg of gaze less disc, right and down positive; `left_out`:
    rows and readings, by reason.
    """

    of_reading: dict[str, int]
    looks: pd.DataFrame
    display: EgdDisplay
    left_out: Counter[str]


def read_sessions(start: Path, reading_ids: Sequence[str], max_off_deg: float) -> Sessions:
    """Read the sessions of an EGD tree, which `start` is or contains.

    A fixation farther than `max_off_deg` from the disc was on something else. Readings that the
    file does not hold, or holds in two sessions, have no session. A ManifestError if there is no
    tree, no fixation file, or the file cannot be read or holds none of the readings.
    """
    manifest = load_manifest("egd")
    root = find_root(start, manifest)
    path = existing(root / "fixations.csv")
    if path is None:
        remedy = "Sessions and calibration pictures stand in this file alone."
        raise ManifestError("there is no such file.", where=root / "fixations.csv", remedy=remedy)
    rows = _read(path)
    display = display_of(manifest)
    left_out = Counter({"rows that lack a number": int(rows.isna().any(axis=1).sum())})
    rows = rows.dropna()
    pairs = rows[rows["DICOM_ID"].isin(set(reading_ids))]
    pairs = pairs.drop_duplicates(["DICOM_ID", "SESSION_ID"])
    if pairs.empty:
        problem = "none of the readings of the tables is in this file."
        raise ManifestError(problem, where=path, remedy="Give the tree that the tables came from.")
    twice = pairs["DICOM_ID"].duplicated(keep=False)
    left_out["readings in two sessions"] = int(pairs["DICOM_ID"][twice].nunique())
    left_out["readings without a session"] = len(reading_ids) - int(pairs["DICOM_ID"].nunique())
    pairs = pairs[~twice]
    sessions = pairs["SESSION_ID"].astype(int)
    of_reading = dict(zip(pairs["DICOM_ID"], sessions.tolist(), strict=True))
    looks = _looks(rows, display, max_off_deg, left_out)
    return Sessions(of_reading, looks, display, +left_out)


def _read(path: Path) -> pd.DataFrame:
    types = {"DICOM_ID": pa.string(), **dict.fromkeys(NUMBERS, pa.float64())}
    table = read_csv_table(
        path,
        ManifestError,
        parse=csv.ParseOptions(invalid_row_handler=lambda _: "skip"),
        convert=csv.ConvertOptions(include_columns=list(types), column_types=types),
    )
    rows: pd.DataFrame = table.to_pandas()
    return rows


def _looks(
    rows: pd.DataFrame, display: EgdDisplay, max_off_deg: float, left_out: Counter[str]
) -> pd.DataFrame:
    shown = rows[rows["DICOM_ID"].str.len() == CALIBRATION_LENGTH]
    fixed = shown[(shown["FPOGV"] == 1) & (shown["FPOGD"] > 0)]
    left_out["calibration rows that are no fixation"] = len(shown) - len(fixed)
    looks = pd.DataFrame(
        {
            "session": fixed["SESSION_ID"].astype(int),
            "picture": fixed["DICOM_ID"],
            "x_deg": (fixed["FPOGX"] - 0.5) * display.width_px / display.px_per_deg_x,
            "y_deg": (fixed["FPOGY"] - 0.5) * display.height_px / display.px_per_deg_y,
        }
    )
    near = np.hypot(looks["x_deg"], looks["y_deg"]) <= max_off_deg
    left_out["calibration fixations far from the disc"] = int((~near).sum())
    return looks[near]
