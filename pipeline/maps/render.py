"""Draw one map at any resolution from the lossless Gaussians.

Reads: the folder that `associate` wrote; for an image also the tables it was made from.
Writes: one `.npy` (float32) or a `.png` picture.
Params: `heatmaps`.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from gazescribe.pipeline.core.errors import ArrayError, GazeError, ParamsError, nearest
from gazescribe.pipeline.core.tables import has_table, read_readings, read_table
from gazescribe.pipeline.geometry.canvas import Canvas, FloatMap, Size

if TYPE_CHECKING:  # it would bring pydantic, which arithmetic does without
    from gazescribe.pipeline.maps.settings import Heatmaps

COMBINATIONS = ("max", "mean")

Row = dict[str, Any]


def choose_windows(
    windows: pa.Table, reading_id: str, window: int | None, label: str | None
) -> list[Row]:
    """Find the rows of table `windows` to draw for a reading: those that have gaze.

    They are one window by number, or all that mention a label, whatever its case; without either
    the one of all gaze, which makes the saliency map.

    Raises
    ------
    GazeError
        If there is no such reading, window or label; what there is instead is named.
    """
    rows = windows.filter(pc.equal(windows["reading_id"], reading_id)).to_pylist()
    if not rows:
        reading_ids = pc.unique(windows["reading_id"]).to_pylist()
        hint = _nearest_or_first(reading_id, reading_ids)
        raise GazeError(f"no reading {reading_id!r} has windows; there are {hint}")
    if window is not None:
        chosen = [row for row in rows if row["window"] == window]
        subject, existing = f"window {window}", f"its windows are 0 to {len(rows) - 1}."
    elif label is None:
        chosen = [row for row in rows if row["kind"] == "reading"]
        subject, existing = "window of all its gaze", "name one of the others, or a label."
    else:
        folded = label.casefold()
        chosen = [row for row in rows if folded in (name.casefold() for name in row["labels"])]
        subject = f"label {label!r}"
        existing = f"its windows mention {', '.join(_labels_of(rows)) or 'no label'}."
        if not _labels_of(rows):
            existing += " Without a label, all its gaze is drawn."
    if not chosen:
        raise GazeError(f"reading {reading_id} has no {subject}; {existing}")
    drawable = [row for row in chosen if row["status"] == "ok"]
    if not drawable:
        statuses = ", ".join(sorted({row["status"] for row in chosen}))
        message = f"there is no gaze to draw for reading {reading_id}: its window is {statuses}."
        raise GazeError(message)
    return drawable


def draw_windows(
    associated: Path, rows: list[Row], size: Size | None, params: "Heatmaps"
) -> FloatMap:
    """Draw the windows that `choose_windows` found, joined; in native resolution without size."""
    reading_id = rows[0]["reading_id"]
    image_size = (int(rows[0]["height_px"]), int(rows[0]["width_px"]))
    gaussians = read_readings(associated, "gaussians", [reading_id])[reading_id]
    how = {"amplitude": params.amplitude, "resize": params.resize}
    heatmap, _ = Canvas(gaussians, image_size, size, **how).label_map(
        [row["window"] for row in rows]
    )
    return heatmap


def choose_image_windows(
    tables: Path,
    associated: Path,
    dicom_id: str,
    *,
    window: int | None = None,
    label: str | None = None,
    reader: str | None = None,
    combine: str | None = None,
) -> list[list[Row]]:
    """Find the windows of an image to draw, of one of its readings or of all.

    Parameters
    ----------
    tables : pathlib.Path
        Folder of tables: `readings`, which knows the images, and `attributes` where it exists.
    associated : pathlib.Path
        Folder that `associate` wrote from these tables.
    dicom_id : str
        The image.
    window : int, optional
        One window by number, of one reading only.
    label : str, optional
        In its place: all windows that mention a label, whatever its case. Without either: all gaze.
    reader : str, optional
        Which reading: a `reading_id`, or the value of the attribute `reader` in data sets that have
        it. REFLACX and EGD do not name their readers.
    combine : {'max', 'mean'}, optional
        How `combine_maps` will join the readings that mention the label, or all; those without gaze
        for it are left out.

    Returns
    -------
    list of list of dict
        For each reading its rows of `windows`, as `choose_windows` gives them.

    Raises
    ------
    GazeError
        If the image, its reader or the label is unknown (the nearest is named), if several readings
        of the image are left and `combine` is not given (they are listed), or if no window of the
        label, or of all gaze, has any.
    """
    if combine not in (None, *COMBINATIONS):
        raise ParamsError(f"combine {combine!r} is none of {', '.join(COMBINATIONS)}.")
    readings = read_table(tables, "readings", ["reading_id", "dicom_id"])
    reading_ids = _readings_of_image(readings, dicom_id)
    windows = read_table(associated, "windows", filters=[("reading_id", "in", reading_ids)])
    with_windows = pc.unique(windows["reading_id"]).to_pylist()
    if not with_windows:
        message = f"no reading of image {dicom_id} has windows ({', '.join(reading_ids)})."
        raise GazeError(message, where=associated)
    readers = _reader_names(tables, with_windows)
    if reader is not None:
        with_windows = _readings_of_reader(reader, with_windows, readers, dicom_id)
    if len(with_windows) > 1 and (combine is None or window is not None):
        faults = [_describe(reading_id, windows, readers) for reading_id in with_windows]
        message = f"image {dicom_id} has {len(faults)} readings."
        remedy = "Name one of them (reader)"
        remedy += "." if window is not None else ", or join their maps (combine: max or mean)."
        raise GazeError(message, remedy=remedy, faults=faults)
    if len(with_windows) == 1:  # its error names the labels there are, alone
        return [choose_windows(windows, with_windows[0], window, label)]
    chosen, faults = [], []
    for reading_id in with_windows:
        try:
            chosen.append(choose_windows(windows, reading_id, None, label))
        except GazeError as error:
            faults.append(error.what)
    if not chosen:
        raise GazeError(f"no reading of image {dicom_id} can be drawn.", faults=faults)
    return chosen


def _readings_of_image(readings: pa.Table, dicom_id: str) -> list[str]:
    """Find the readings of an image, sorted; name the nearest image where there are none."""
    reading_ids = readings.filter(pc.equal(readings["dicom_id"], dicom_id))["reading_id"]
    if not len(reading_ids):
        dicom_ids = pc.unique(readings["dicom_id"]).to_pylist()
        hint = _nearest_or_first(dicom_id, dicom_ids)
        raise GazeError(f"no reading shows image {dicom_id!r}; the images are {hint}")
    return sorted(reading_ids.to_pylist())


def _reader_names(tables: Path, reading_ids: Sequence[str]) -> dict[str, str]:
    """Read who read, by reading: the attribute `reader`, empty for data sets without it."""
    if not has_table(tables, "attributes"):
        return {}
    of_readers = [("name", "==", "reader"), ("reading_id", "in", list(reading_ids))]
    attributes = read_table(tables, "attributes", ["reading_id", "value"], of_readers)
    return dict(zip(*attributes.to_pydict().values(), strict=True))


def combine_maps(maps: Sequence[FloatMap], combine: str) -> FloatMap:
    """Join the maps of several readings of an image, pixel by pixel.

    Parameters
    ----------
    maps : sequence of ndarray of float32, all of one shape
        One for each reading, divided by its own maximum.
    combine : {'max', 'mean'}
        `mean` is not scaled again: it reaches 1 only where the peaks of all readings meet.

    Raises
    ------
    ArrayError
        If the shapes differ.
    """
    shapes = sorted({heatmap.shape for heatmap in maps})
    if len(shapes) > 1:
        raise ArrayError(f"the readings' maps differ in shape (height, width): {shapes}.")
    if combine == "mean":
        mean: FloatMap = np.mean(maps, axis=0, dtype=np.float32)
        return mean
    highest: FloatMap = np.maximum.reduce(maps)
    return highest


def _readings_of_reader(
    reader: str, reading_ids: list[str], readers: Mapping[str, str], dicom_id: str
) -> list[str]:
    chosen = [name for name in reading_ids if reader in (name, readers.get(name))]
    if not chosen:
        names = sorted({*reading_ids, *readers.values()})
        hint = nearest(reader, names) or f"; there are {', '.join(names)}"
        raise GazeError(f"image {dicom_id} has no reader or reading {reader!r}{hint}.")
    return chosen


def _describe(reading_id: str, windows: pa.Table, readers: Mapping[str, str]) -> str:
    rows = windows.filter(pc.equal(windows["reading_id"], reading_id)).to_pylist()
    reader = f" by {readers[reading_id]}" if reading_id in readers else ""
    return f"{reading_id}{reader}: mentions {', '.join(_labels_of(rows)) or 'no label'}"


def _labels_of(rows: list[Row]) -> list[str]:
    return sorted({name for row in rows for name in row["labels"]})


def _nearest_or_first(name: str, names: list[str]) -> str:
    if not names:
        return "none."
    hint = nearest(name, names) or f": {', '.join(names[:3])} …"
    return f"{len(names)}{hint}"
