"""Facts of readings: the rows of the table of readings, several of which may be of one reading."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from gazescribe.pipeline.core.errors import nearest, quote
from gazescribe.pipeline.ingest.by_manifest.finding import files_of, note_no_file
from gazescribe.pipeline.ingest.by_manifest.own_reading import OwnReading, Pieces, edge_names
from gazescribe.pipeline.ingest.by_manifest.rows import Rows, read_rows
from gazescribe.pipeline.ingest.by_manifest.units import BEGIN, Moment
from gazescribe.pipeline.sources.cells import Cell
from gazescribe.pipeline.sources.columns import ImageColumns, ReadingColumns
from gazescribe.pipeline.sources.faults import Fault, Findings
from gazescribe.pipeline.sources.table_manifests import OwnManifest

DICTATED = {"text", "diagnosis"}  # no message shows them
SPLIT_NAMES = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("validate", "validation", "val", "valid", "dev"), "validate"),
    **dict.fromkeys(("test", "testing"), "test"),
}


def list_readings(
    root: Path,
    pieces: Pieces,
    manifest: OwnManifest,
    starts: Mapping[str, Moment],
    images: Mapping[str, "Facts"],
    faults: list[Fault],
) -> Iterator[OwnReading]:
    """Read the table of readings; one whose file cannot be used or has no row is left out.

    `starts` says when the audio of a reading began, `images` what is known of images by their
    names, where the table does not.
    """
    table = manifest.tables.readings
    if table is None:
        return
    for reading_id, piece in sorted(pieces.items()):
        rows: Rows | None
        if isinstance(piece, Rows):
            rows = piece
        else:
            findings = Findings(piece.file, reading_id, faults)
            rows = read_rows(root, table, piece, findings, "error")
        if rows is None or not len(rows):
            continue
        facts = Facts(rows, table.columns, Findings(rows.file, reading_id, faults))
        if images:
            facts = facts.with_image(images)
        subject = facts.text("subject_id") or facts.text("dicom_id") or reading_id
        ids = {"subject_id": subject, "dicom_id": facts.text("dicom_id") or reading_id}
        for kind, text in ids.items():
            pattern = manifest.stated_form(kind)
            if pattern is not None and (not re.fullmatch(pattern, text) or "/" in text):
                facts.error(f"bad_{kind}", f"{kind} {text!r} is not of the form {pattern}")
        split = facts.text("split")
        if split and split.lower() not in SPLIT_NAMES:
            facts.error("unknown_split", f"split {split!r} is none of {', '.join(SPLIT_NAMES)}")
        yield OwnReading(
            reading_id=reading_id,
            subject=subject,
            dicom_id=ids["dicom_id"],
            published=SPLIT_NAMES.get(split.lower()),
            study_id=facts.whole("study_id"),
            width_px=facts.whole("width_px"),
            height_px=facts.whole("height_px"),
            image_path=facts.text("image_path").replace("\\", "/") or None,
            text=facts.text("text") or None,
            diagnosis=facts.text("diagnosis") or None,
            audio_start=facts.audio_start(starts.get(reading_id, BEGIN)),
            area_px=facts.area_px(),
            edges_px=facts.edges_px(),
            attributes={name: rows.text(Cell(column=name))[0] for name in table.attributes},
        )


def read_images(
    root: Path, paths: Sequence[str], manifest: OwnManifest, faults: list[Fault]
) -> dict[str, "Facts"]:
    """Read the table of images, by their names; there may be none."""
    table = manifest.tables.images
    if table is None:
        return {}
    images: dict[str, Facts] = {}
    tables = files_of("images", table, paths, manifest, faults)
    if not tables:
        note_no_file("images", table, paths, manifest, faults)
    for files in tables:
        findings = Findings(files.file, None, faults)
        rows = read_rows(root, table, files, findings, "error")
        for name, some in (rows.by(table.columns.dicom_id) if rows else {}).items():
            images[name] = Facts(some, table.columns, Findings(files.file, name, faults))
    return images


@dataclass(frozen=True)
class Facts:
    """Facts of one reading or image from one row, or from several that should agree."""

    rows: Rows
    columns: ReadingColumns | ImageColumns
    findings: Findings
    image: "Facts | None" = None  # of the image, where these do not say it

    def with_image(self, images: Mapping[str, "Facts"]) -> "Facts":
        """Add what is known of the image."""
        name = self.text("dicom_id")
        if name not in images:
            message = f"image {quote(name)} is not in the table of images{nearest(name, images)}"
            self.findings.add("warning", "image_not_listed", message)
        return replace(self, image=images.get(name))

    def _of_image(self, name: str) -> "Facts | None":
        """Give the facts of the image where these do not say one, and those may."""
        has_own = getattr(self.columns, name, None) is not None and self._text(name)
        may = self.image is not None and getattr(self.image.columns, name, None) is not None
        return self.image if may and not has_own else None

    def error(self, code: str, message: str) -> None:
        """Note what makes the reading unusable."""
        row = int(self.rows.places[0]) + 1
        self.findings.add("error", code, message, row=row, loses="readings")

    def text(self, name: str) -> str:
        """Give a fact as text; empty where it is not known."""
        image = self._of_image(name)
        return self._text(name) if image is None else image.text(name)

    def _text(self, name: str) -> str:
        cell = getattr(self.columns, name)
        if cell is None:
            return ""
        texts = self.rows.text(cell)
        differs = np.array(texts, dtype=object) != texts[0]
        code = f"{name}_differs"
        first = "" if name in DICTATED else f", {quote(texts[0])},"
        message = f"say another {name} than the first{first or ','} which is kept"
        self.findings.add_rows("warning", code, message, differs, rows=self.rows.places)
        return texts[0]

    def number(self, name: str) -> float:
        """Give a fact as a number; NaN where it is not known."""
        if (image := self._of_image(name)) is not None:
            return image.number(name)
        text = self._text(name)
        if not text:
            return np.nan
        value = float(self.rows.numbers(getattr(self.columns, name))[0][0])
        if np.isnan(value):
            message, row = f"{name} {quote(text)} is no number", int(self.rows.places[0]) + 1
            self.findings.add("loss", f"{name}_unreadable", message, row=row, loses=name)
        return value

    def whole(self, name: str) -> int | None:
        """Give a fact as a whole number; a size is 1 or more."""
        value = self.number(name)
        if np.isnan(value):
            return None
        least = 1 if name in {"width_px", "height_px"} else 0
        if value < least or value % 1:
            message = f"{name} {value:g} must be a whole number of {least} or more"
            self.findings.add("loss", f"{name}_unreadable", message, loses=name)
            return None
        return int(value)

    def area_px(self) -> tuple[float, float, float, float] | None:
        """Give where the image may stand on the screen: left, top, right, bottom."""
        x, y = (self._edges(f"image_area_{axis}") for axis in "xy")
        return None if x is None or y is None else (x[0], y[0], x[1], y[1])

    def edges_px(self) -> dict[str, tuple[float, float]]:
        """Give the ends of what was shown, and of its place on the screen, along each axis."""
        names = ("shown_x", "shown_y", "on_screen_x", "on_screen_y")
        return {name: edges for name in names if (edges := self._edges(name)) is not None}

    def _edges(self, name: str) -> tuple[float, float] | None:
        """Give the ends of a rectangle along an axis; None where it is not known, or has none."""
        low, high, length = edge_names(name)
        if getattr(self.columns, low) is None:
            return None
        start = self.number(low)
        is_length = getattr(self.columns, high) is None
        end = start + self.number(length) if is_length else self.number(high)
        return (start, end) if end > start else None  # neither where one is unknown

    def audio_start(self, otherwise: Moment) -> Moment:
        """Give when the audio began, on the clock of the gaze.

        `otherwise` is the moment where these do not say it, and the start of a trial.
        """
        cell = self.columns.audio_start if isinstance(self.columns, ReadingColumns) else None
        value = np.nan if cell is None or cell.message is not None else self.number("audio_start")
        if cell is None or np.isnan(value):
            return otherwise
        moment = Moment(value, cell.unit)
        return moment.after(otherwise) if cell.since == "trial" else moment
