"""REFLACX's metadata against MIMIC-CXR-JPG's tables, which describe the same images.

Nothing of MIMIC is ingested with REFLACX: a difference says that one of the two is damaged, and
that maps, splits or labels of the reading would be wrong.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from gazescribe.pipeline.ingest.mimic_tables import Lookup, look_up
from gazescribe.pipeline.ingest.packets import Readings
from gazescribe.pipeline.ingest.reflacx_metadata import ReflacxReading
from gazescribe.pipeline.sources.faults import Fault


def compare_with_mimic(readings: Readings[ReflacxReading], path: Path) -> list[Fault]:
    """Compare ids, sizes and splits; `path` is as in `look_up`.

    MIMIC's tables being absent or damaged is a warning, for REFLACX does not need them.
    """
    lookup = look_up(path, {reading.dicom_id for reading in readings})
    unusable = [fault for fault in lookup.faults if fault.severity == "error"]
    if unusable or (lookup.faults and not lookup.ids):
        return [
            replace(fault, severity="warning", code="mimic_not_compared", loses="")
            for fault in unusable or lookup.faults
        ]
    faults = list(lookup.faults)
    for reading in readings:
        faults += _differences(reading, lookup)
    return faults


def _differences(reading: ReflacxReading, lookup: Lookup) -> Iterator[Fault]:
    def differs(code: str, message: str, loses: str) -> Fault:
        where = (reading.file, reading.row, reading.reading_id)
        return Fault("loss", f"mimic_{code}", message, *where, loses)

    image = f"image {reading.dicom_id}"
    if reading.dicom_id not in lookup.ids:
        yield differs("image_unknown", f"{image} is not in MIMIC's metadata", "image")
        return
    subject_id, study_id = lookup.ids[reading.dicom_id]
    if subject_id != reading.subject_id:
        message = f"{image} is of subject {reading.subject_id}, in MIMIC of {subject_id}"
        yield differs("subject_differs", message, "split")
    if reading.study_id is not None and study_id != reading.study_id:
        message = f"{image} is of study {reading.study_id}, in MIMIC of {study_id}"
        yield differs("study_differs", message, "labels")
    size, size_px = lookup.sizes.get(reading.dicom_id), (reading.width_px, reading.height_px)
    if size is not None and None not in size_px and size != size_px:
        message = f"{image} has {size_px[0]} x {size_px[1]} pixels, in MIMIC {size[0]} x {size[1]}"
        yield differs("size_differs", message, "maps")
    if lookup.splits:
        split = lookup.splits.get(reading.dicom_id, "none")
        if split != reading.mimic_split:
            message = f"{image} is in split {reading.mimic_split}, in MIMIC in {split}"
            yield differs("split_differs", message, "split")
