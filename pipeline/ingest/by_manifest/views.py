"""Where eyes looked on the image: what of it was on screen, and positions that cannot be."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from gazescribe.pipeline.ingest.by_manifest.eyes import Gaze, Range, off_image_cause
from gazescribe.pipeline.ingest.by_manifest.own_reading import OwnReading, edge_names
from gazescribe.pipeline.ingest.by_manifest.rows import Rows
from gazescribe.pipeline.ingest.by_manifest.units import Axes, Part, Parts, view_of
from gazescribe.pipeline.ingest.csv_files import Floats, Mask
from gazescribe.pipeline.ingest.quality import on_image
from gazescribe.pipeline.sources.columns import SIDES, ViewColumns
from gazescribe.pipeline.sources.faults import Findings
from gazescribe.pipeline.sources.table_manifests import OwnManifest, is_seen_on_screen

MAX_BEYOND = 0.25  # share of positions right of the image or below it: eyes look elsewhere, too


def gaze_places(gaze: Gaze, columns: Any, view: Axes) -> dict[str, Floats]:
    """Give where eyes looked in image pixels."""
    x, y = view
    return {
        "x_px": x.to_image(gaze.x, columns.x_px),
        "y_px": y.to_image(gaze.y, columns.y_px),
    }


def view_of_image(reading: OwnReading, manifest: OwnManifest, parts: Parts | None = None) -> Axes:
    """Find how the image of a reading was seen: whole, or by row the `parts` of it."""
    return view_of(reading.size_px, manifest, parts, reading.area_px)


def edges_by_row(
    rows: Rows, columns: ViewColumns, reading: OwnReading
) -> dict[str, tuple[Floats, Floats]]:
    """Give both ends of the part shown and of its place on the screen, `shown_x` and so on.

    They are those of the rows, else those of the reading; without those that nothing says.
    """
    edges = {}
    for name in ("shown_x", "shown_y", "on_screen_x", "on_screen_y"):
        low, high, length = (getattr(columns, column) for column in edge_names(name))
        if low is not None and (high is not None or length is not None):
            start = rows.numbers(low)[0]
            end = start + rows.numbers(length)[0] if high is None else rows.numbers(high)[0]
            edges[name] = (start, end)
        elif name in reading.edges_px:
            start, end = (np.full(len(rows), edge) for edge in reading.edges_px[name])
            edges[name] = (start, end)
    return edges


def parts_shown(
    edges: dict[str, tuple[Floats, Floats]], size_px: tuple[float, float]
) -> Parts | None:
    """Give what of the image was on screen in each row; None where the manifest does not say it."""
    parts = []
    for axis, size in zip("xy", size_px, strict=True):
        shown, on_screen = edges.get(f"shown_{axis}"), edges.get(f"on_screen_{axis}")
        if shown is None and on_screen is not None:  # all of it
            shown = np.zeros(len(on_screen[0])), np.full(len(on_screen[0]), size)
        if shown is None:
            return None
        parts.append(Part(*shown, *(on_screen or ())))
    return parts[0], parts[1]


def views_of(
    rows: Rows, columns: ViewColumns, reading: OwnReading, manifest: OwnManifest
) -> tuple[Axes, Mask]:
    """Give the view of the image in each row, and the rows whose place is lost without one."""
    unseen: Mask = np.zeros(len(rows), dtype=bool)
    x, y = whole = view_of_image(reading, manifest)
    parts = parts_shown(edges_by_row(rows, columns, reading), (x.size_px, y.size_px))
    if parts is None:
        return whole, unseen
    if is_seen_on_screen(columns):
        view = view_of_image(reading, manifest, parts)
        return view, view[0].is_unknown() | view[1].is_unknown()
    # Positions on the image have a place anyhow: an unknown part is all of it, as in our table.
    parts = parts[0].or_all(x.size_px), parts[1].or_all(y.size_px)
    return view_of_image(reading, manifest, parts), unseen


def note_off_image(
    position: dict[str, Floats],
    usable: Mask,
    columns: Any,
    ranges: Sequence[Range],
    reading: OwnReading,
    manifest: OwnManifest,
    findings: Findings,
) -> bool:
    """Note a reading of which no position lies on the image, and why that may be; tell so.

    `ranges` are those of all positions, as `ranges_of` gives them.
    """
    width_px, height_px = reading.size_px
    if not usable.any() or width_px is None or height_px is None:
        return False
    if reading.has_file_size and columns.x_px.unit == "px":
        _refuse_shrunk(position, usable, width_px, height_px, findings)
    cause = off_image_cause(ranges, columns, view_of_image(reading, manifest))
    is_on = on_image(position["x_px"], position["y_px"], width_px, height_px)
    is_off = not (is_on & usable).any()
    if is_off or cause.is_certain:
        findings.add("loss", "gaze_off_image", cause.message, loses="gaze")
    return is_off or cause.is_certain


def _refuse_shrunk(
    position: dict[str, Floats], usable: Mask, width_px: int, height_px: int, findings: Findings
) -> None:
    """Refuse the size of a file that is smaller than the image whose pixels the gaze counts in."""
    x_px, y_px = position["x_px"], position["y_px"]
    beyond = usable & ((x_px > width_px) | (y_px > height_px))
    share = float(beyond.sum() / usable.sum())
    if share > MAX_BEYOND:
        highest = x_px[usable].max(), y_px[usable].max()
        message = (
            f"{share:.0%} of the positions lie beyond the {width_px} by {height_px} pixels of the"
            f" image's file (they reach {highest[0]:.0f}, {highest[1]:.0f}): if it is a smaller"
            " copy, give the width_px and height_px of the image that was shown"
        )
        findings.add("error", "image_file_smaller", message, loses="gaze")


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
