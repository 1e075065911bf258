"""Pieces of one reading of somebody's own data set: rows of a table, places in pixels, times."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gazescribe.pipeline.ingest.by_manifest.listing import OwnReading
from gazescribe.pipeline.ingest.by_manifest.rows import Rows, read_rows
from gazescribe.pipeline.ingest.by_manifest.units import BEGIN, Axes, Moment, seconds, view_of
from gazescribe.pipeline.ingest.chunks import Chunk
from gazescribe.pipeline.ingest.csv_files import Floats
from gazescribe.pipeline.sources.faults import Findings
from gazescribe.pipeline.sources.table_manifests import LOSES, OwnManifest

LABELLED = {  # tables of labels and boxes: the columns of text and of whole numbers
    "ellipses": (("label",), ("ellipse", "certainty")),
    "regions": (("region",), ()),
    "certainties": (("label",), ("certainty",)),
}


def rows_of_table(
    name: str, root: Path, reading: OwnReading, manifest: OwnManifest, chunk: Chunk
) -> tuple[Rows, Findings] | None:
    """Give the rows of a table; None when there are none, which is noted."""
    piece = reading.pieces.get(name)
    if isinstance(piece, Rows):
        return piece, Findings(piece.file, reading.reading_id, chunk.faults)
    table = manifest.tables.given()[name]
    findings = Findings(piece[0] if piece else table.file, reading.reading_id, chunk.faults)
    if piece is None:
        if name not in LABELLED:  # a reading may well have no label and no box
            message = f"nothing of reading {reading.reading_id} is there"
            findings.add("loss", f"{name}_missing", message, loses=LOSES[name])
        return None
    rows = read_rows(root, table, piece, findings, "loss")
    return None if rows is None else (rows, findings)


def view_of_reading(reading: OwnReading, manifest: OwnManifest) -> Axes:
    """Find how the reader saw the image."""
    return view_of((reading.width_px, reading.height_px), manifest)


def places(
    rows: Rows, names: Sequence[str], columns: Any, reading: OwnReading, manifest: OwnManifest
) -> dict[str, Floats]:
    """Give mapped positions in image pixels; the axis is in the name."""
    x, y = view_of_reading(reading, manifest)
    cells = {name: getattr(columns, name) for name in names}
    return {
        name: (x if name.startswith("x") else y).to_image(rows.numbers(cell)[0], cell)
        for name, cell in cells.items()
    }


def times(rows: Rows, columns: Any, since: Moment = BEGIN) -> tuple[Floats, Floats]:
    """Give onset and offset in seconds; NaN where a time is lacking."""
    onset_s = seconds(rows.numbers(columns.onset_s)[0], columns.onset_s, since)
    if columns.offset_s is not None:
        return onset_s, seconds(rows.numbers(columns.offset_s)[0], columns.offset_s, since)
    duration_s = seconds(rows.numbers(columns.duration_s)[0], columns.duration_s)
    return onset_s, onset_s + duration_s
