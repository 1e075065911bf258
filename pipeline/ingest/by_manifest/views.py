"""Where eyes looked on the image: what of it was on screen, and positions that cannot be."""

from typing import Any

import numpy as np

from gazescribe.pipeline.ingest.by_manifest.eyes import Gaze, off_image_cause
from gazescribe.pipeline.ingest.by_manifest.own_reading import OwnReading
from gazescribe.pipeline.ingest.by_manifest.rows import Rows
from gazescribe.pipeline.ingest.by_manifest.units import Axes, Part, Parts, view_of
from gazescribe.pipeline.ingest.csv_files import Floats, Mask
from gazescribe.pipeline.ingest.quality import on_image
from gazescribe.pipeline.sources.columns import SIDES, ViewColumns
from gazescribe.pipeline.sources.faults import Findings
from gazescribe.pipeline.sources.table_manifests import OwnManifest, is_seen_on_screen


def gaze_places(gaze: Gaze, columns: Any, view: Axes) -> dict[str, Floats]:
    """Give where eyes looked in image pixels."""
    x, y = view
    return {
        "x_px": x.to_image(gaze.x, columns.x_px),
        "y_px": y.to_image(gaze.y, columns.y_px),
    }


def parts_shown(rows: Rows, columns: ViewColumns) -> Parts | None:
    """Give what of the image was on screen in each row; None where the manifest does not say it."""
    edges = {
        prefix: [edges_of(rows, columns, f"{prefix}_{axis}", size) for axis, size in SIDES]
        for prefix in ("shown", "on_screen")
    }
    x, y = edges["shown"]
    if x is None or y is None:
        return None
    x_on_screen, y_on_screen = edges["on_screen"]
    return Part(*x, *(x_on_screen or ())), Part(*y, *(y_on_screen or ()))


def edges_of(
    rows: Rows, columns: ViewColumns, axis: str, size: str
) -> tuple[Floats, Floats] | None:
    """Give both ends of a rectangle along an axis; None where one is not mapped."""
    low, high = getattr(columns, f"{axis}min_px"), getattr(columns, f"{axis}max_px")
    length = getattr(columns, f"{axis[:-1]}{size}_px")
    if low is None or (high is None and length is None):
        return None
    low_px = rows.numbers(low)[0]
    return low_px, (low_px + rows.numbers(length)[0] if high is None else rows.numbers(high)[0])


def views_of(
    rows: Rows, columns: ViewColumns, reading: OwnReading, manifest: OwnManifest
) -> tuple[Axes, Mask]:
    """Give the view of the image in each row, and the rows whose place is lost without one."""
    unseen: Mask = np.zeros(len(rows), dtype=bool)
    x, y = whole = view_of(reading.size_px, manifest)
    parts = parts_shown(rows, columns)
    if parts is None:
        return whole, unseen
    if is_seen_on_screen(columns):
        view = view_of(reading.size_px, manifest, parts)
        return view, view[0].is_unknown() | view[1].is_unknown()
    # Positions on the image have a place anyhow: an unknown part is all of it, as in our table.
    parts = parts[0].or_all(x.size_px), parts[1].or_all(y.size_px)
    return view_of(reading.size_px, manifest, parts), unseen


def note_off_image(
    position: dict[str, Floats],
    usable: Mask,
    columns: Any,
    rows: Rows,
    reading: OwnReading,
    manifest: OwnManifest,
    findings: Findings,
) -> bool:
    """Note a reading of which no position lies on the image, and why that may be; tell so."""
    x_px, y_px = position["x_px"][usable], position["y_px"][usable]
    width_px, height_px = reading.size_px
    if not len(x_px) or width_px is None or height_px is None:
        return False
    cause = off_image_cause(rows, columns, view_of(reading.size_px, manifest))
    is_off = not on_image(x_px, y_px, width_px, height_px).any()
    if is_off or cause.is_certain:
        findings.add("loss", "gaze_off_image", cause.message, loses="gaze")
    return is_off or cause.is_certain


def note_sizes(
    rows: Rows, columns: Any, reading: OwnReading, manifest: OwnManifest, findings: Findings
) -> None:
    """Refuse positions on a screen or an image of another size than the manifest's."""
    screen = manifest.screen
    remedy = "correct screen.width_px and height_px"
    if screen is not None and columns.x_px.unit == "screen_px":
        stated = screen.width_px, screen.height_px
        _note_size(rows, columns, "screen", stated, remedy, findings)
    remedy = "give the size of the picture that was shown, or positions as `share`"
    if columns.x_px.unit == "px":
        _note_size(rows, columns, "image", reading.size_px, remedy, findings)


def _note_size(
    rows: Rows,
    columns: Any,
    kind: str,
    stated: tuple[int | None, int | None],
    remedy: str,
    findings: Findings,
) -> None:
    cells = [getattr(columns, f"{kind}_{side}_px") for _, side in SIDES]
    if None in cells or None in stated:
        return
    sizes = np.stack([rows.numbers(cell)[0] for cell in cells], axis=1)
    # Some recorders count to the last pixel, others to its edge.
    bad = (np.abs(sizes - np.array(stated, float)) > 1).any(axis=1)
    if bad.any():
        width, height = sizes[bad][0]
        message = (
            f"are positions on {'a screen' if kind == 'screen' else 'an image'} of {width:g} by"
            f" {height:g} pixels, and the manifest says {stated[0]} by {stated[1]}: {remedy}"
        )
        code = f"{kind}_differs"
        findings.add_rows("error", code, message, bad, rows=rows.places, loses="gaze")
