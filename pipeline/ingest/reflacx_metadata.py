"""The three metadata tables of REFLACX: one row a reading. What is wrong here stops the ingest."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gazescribe.pipeline.core.values import SPLITS
from gazescribe.pipeline.geometry.sizes import MAX_SIDE
from gazescribe.pipeline.ingest.chunks import Chunk
from gazescribe.pipeline.ingest.csv_files import boolean, numbers, read_columns
from gazescribe.pipeline.sources.faults import Fault, Findings
from gazescribe.pipeline.sources.manifests import Manifest, SourceFile

PHASES = (1, 2, 3)
# There is no column of the study: it stands in the path of the image alone (spec reflacx A5).
_IMAGE = re.compile(r"(?:^|/)(files/p\d{2}/p(\d{8})/s(\d{8})/([0-9a-f-]+))\.(?:dcm|jpg)$")


@dataclass(frozen=True)
class ReflacxReading:
    """One row of the metadata."""

    reading_id: str
    phase: int
    dicom_id: str
    study_id: int | None
    subject_id: int
    split: str
    width_px: int | None
    height_px: int | None
    image_path: str | None
    discarded: bool
    labels: dict[str, str]  # cells of the label columns, as text
    file: str  # where it stands
    row: int
    mimic_split: str
    tuning: bool = False  # the labeler may be tuned on it


def findings_of(file: SourceFile, reading: ReflacxReading, chunk: Chunk) -> Findings:
    """Gather the faults of one file of a reading in a chunk."""
    path = file.pattern.replace("{reading_id}", reading.reading_id)
    return Findings(path, reading.reading_id, chunk.faults)


def read_metadata(root: Path, manifest: Manifest) -> tuple[list[ReflacxReading], list[Fault]]:
    """Read the metadata of all phases.

    Gives readings sorted by id, without rows that have an error, and everything wrong.
    """
    readings: list[ReflacxReading] = []
    faults: list[Fault] = []
    for phase in PHASES:
        file = manifest.file(f"metadata_phase_{phase}")
        findings = Findings(file.pattern, None, faults)
        labels = manifest.labels[f"phase_{phase}"].names
        cells = read_columns(root, file, findings, labels=labels, severity="error", loses="tree")
        for number in range(len(cells["id"]) if cells else 0):
            row = {name: column[number].strip() for name, column in (cells or {}).items()}
            n_before = len(faults)
            _check_row(row, phase, manifest, findings, number + 1)
            if not any(fault.severity == "error" for fault in faults[n_before:]):
                readings.append(_reading(row, phase, labels, findings, number + 1))
    seen: dict[str, ReflacxReading] = {}
    for reading in readings:  # of those of one id only the first is read
        first = seen.setdefault(reading.reading_id, reading)
        if first is not reading:
            message = f"reading {reading.reading_id} stands in {first.file}, row {first.row} too"
            findings = Findings(reading.file, reading.reading_id, faults)
            findings.add("error", "reading_twice", message, row=reading.row, loses="tree")
    if not readings and not faults:
        faults.append(Fault("error", "no_reading", "no reading is listed", "main_data"))
    return [seen[reading_id] for reading_id in sorted(seen)], faults


def _check_row(
    row: dict[str, str], phase: int, manifest: Manifest, findings: Findings, number: int
) -> None:
    def error(code: str, message: str) -> None:
        findings.add("error", code, message, row=number, loses="tree")

    for column, kind in (("id", "reading_id"), ("dicom_id",) * 2, ("subject_id",) * 2):
        if not manifest.is_id(kind, _whole(row[column])):
            message = f"{column} {row[column]!r} is not of the form {manifest.ids[kind]}"
            error(f"bad_{kind}", message)
    if row["split"] not in SPLITS:
        error("unknown_split", f"split {row['split']!r} is none of {', '.join(SPLITS)}")
    if boolean(row["eye_tracking_data_discarded"]) is None:
        text = row["eye_tracking_data_discarded"]
        error("bad_discarded", f"eye_tracking_data_discarded {text!r} is not True or False")
    if not row["id"].startswith(f"P{phase}"):
        message = f"reading {row['id']} stands in the table of phase {phase}"
        findings.add("warning", "phase_differs", message, row=number)


def _whole(text: str) -> str:
    # pandas writes a column of numbers with a blank cell as 7.0
    return text.removesuffix(".0")


def _reading(
    row: dict[str, str], phase: int, labels: Sequence[str], findings: Findings, number: int
) -> ReflacxReading:
    findings = Findings(findings.file, row["id"], findings.faults)
    width_px, height_px = None, None
    sizes, _ = numbers([row["image_size_x"], row["image_size_y"]])
    if all(1 <= size <= MAX_SIDE and size == int(size) for size in sizes):
        width_px, height_px = int(sizes[0]), int(sizes[1])
    else:
        size = f"{row['image_size_x']!r} x {row['image_size_y']!r}"
        message = f"image size {size} is no size in pixels"
        findings.add("loss", "image_size_unreadable", message, row=number, loses="maps")
    subject_id = int(_whole(row["subject_id"]))
    image = _IMAGE.search(row["image"])
    if image is None:
        message = f"image {row['image']!r} does not end in files/pNN/pSUBJECT/sSTUDY/DICOM.dcm"
        findings.add("loss", "image_path_unreadable", message, row=number, loses="image")
    elif (int(image[2]), image[4]) != (subject_id, row["dicom_id"]):
        message = f"image {row['image']!r} is not of subject {subject_id}, image {row['dicom_id']}"
        findings.add("warning", "image_path_differs", message, row=number)
    return ReflacxReading(
        reading_id=row["id"],
        phase=phase,
        dicom_id=row["dicom_id"],
        study_id=int(image[3]) if image else None,
        subject_id=subject_id,
        split=row["split"],
        mimic_split=row["split"],
        width_px=width_px,
        height_px=height_px,
        image_path=image[1] if image else None,
        discarded=bool(boolean(row["eye_tracking_data_discarded"])),
        labels={label: row[label] for label in labels},
        file=findings.file,
        row=number,
    )
