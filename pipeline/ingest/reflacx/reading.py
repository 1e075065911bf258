"""All files of one REFLACX reading; no fault of one stops the others."""

from pathlib import Path

from gazescribe.pipeline.ingest.chunks import Chunk
from gazescribe.pipeline.ingest.reflacx.dictation import read_dictation
from gazescribe.pipeline.ingest.reflacx.gaze import read_fixations
from gazescribe.pipeline.ingest.reflacx.labels import add_labels, read_chest, read_ellipses
from gazescribe.pipeline.ingest.reflacx.metadata import ReflacxReading, findings_of
from gazescribe.pipeline.ingest.settings import Ingest
from gazescribe.pipeline.sources.manifests import Manifest
from gazescribe.pipeline.sources.roots import existing


def read_reading(
    root: Path, reading: ReflacxReading, manifest: Manifest, settings: Ingest, chunk: Chunk
) -> None:
    """Add all files of a reading but its samples to the chunk."""
    text, has_gaze = None, False
    if reading.discarded:
        _note_needless_files(root, reading, manifest, chunk)
        chunk.without_gaze["discarded"] += 1
    else:
        has_gaze = read_fixations(root, reading, manifest, settings.quality, chunk)
        text = read_dictation(root, reading, manifest, chunk)
    drawn = read_ellipses(root, reading, manifest, chunk)
    add_labels(reading, manifest, drawn, chunk)
    read_chest(root, reading, manifest, chunk)
    row = {
        "dataset": manifest.name,
        "phase": reading.phase,
        "dicom_id": reading.dicom_id,
        "study_id": reading.study_id,
        "subject_id": reading.subject_id,
        "split": reading.split,
        "width_px": reading.width_px,
        "height_px": reading.height_px,
        "image_path": reading.image_path,
        "has_gaze": has_gaze,
        "text": text,
    }
    chunk.add_reading(reading.reading_id, row)


def _note_needless_files(
    root: Path, reading: ReflacxReading, manifest: Manifest, chunk: Chunk
) -> None:
    for name in ("fixations", "words", "transcription"):
        findings = findings_of(manifest.file(name), reading, chunk)
        if existing(root / findings.file):
            message = "the reading is flagged as discarded, so this file is not read"
            findings.add("warning", "discarded_with_files", message)
