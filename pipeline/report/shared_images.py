"""Which images several readings are of, among those that get a page."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

import pyarrow as pa

from gazescribe.pipeline.core.file_names import names_file

COLUMNS = ["reading_id", "dicom_id", "width_px", "height_px"]
NO_SIZE = "its table says no size of the image"
OTHER_SIZE = "its table says another size of the image"
NO_NAME = "its id cannot name a file"


@dataclass(frozen=True)
class SharedImage:
    """An image with several readings, in one data set or more."""

    dicom_id: str
    readings: dict[str, list[str]]  # ids by data set, both sorted
    left_out: dict[str, str] = field(default_factory=dict)  # id and reason

    @property
    def reading_ids(self) -> list[str]:
        """Its readings, in the order of the page."""
        return [reading_id for ids in self.readings.values() for reading_id in ids]


def by_reading(images: Iterable[SharedImage]) -> dict[str, SharedImage]:
    """Find the image of each reading that shares one."""
    return {reading_id: image for image in images for reading_id in image.reading_ids}


def shared_images(
    tables: Mapping[str, pa.Table], chosen: Collection[str]
) -> tuple[list[SharedImage], dict[str, int]]:
    """Find the images of chosen readings that have other readings too.

    Only readings that place gaze in pixels of one size can lie beside one another: of each image
    those of the commonest size, of equally common ones the first.

    Parameters
    ----------
    tables : mapping of str to pyarrow.Table
        `COLUMNS` of the table `readings` of each data set.
    chosen : collection of str
        Readings with an inspector.

    Returns
    -------
    tuple
        The images, sorted, and how many others of several readings have no page, by reason.
    """
    rows: dict[str, list[dict[str, object]]] = {}
    for dataset, table in sorted(tables.items()):
        for row in table.select(COLUMNS).sort_by("reading_id").to_pylist():
            rows.setdefault(row["dicom_id"], []).append(row | {"dataset": dataset})
    images, without = [], Counter[str]()
    for dicom_id, of_image in sorted(rows.items()):
        if len(of_image) < 2 or not any(row["reading_id"] in chosen for row in of_image):
            continue
        image, reason = _lay_out(dicom_id, of_image)
        if image is None:
            without[reason] += 1
        else:
            images.append(image)
    return images, dict(sorted(without.items()))


def _lay_out(dicom_id: str, rows: list[dict[str, object]]) -> tuple[SharedImage | None, str]:
    """Give the page of an image, or why it has none."""
    sizes_px = [(row["width_px"], row["height_px"]) for row in rows]
    sizes = Counter(size for size in sizes_px if None not in size)
    if not names_file(dicom_id):
        return None, NO_NAME
    if not sizes or max(sizes.values()) < 2:
        return None, OTHER_SIZE if sizes else NO_SIZE
    common, _ = sizes.most_common(1)[0]
    readings: dict[str, list[str]] = {}
    left_out = {}
    for row, size in zip(rows, sizes_px, strict=True):
        if size == common:
            readings.setdefault(str(row["dataset"]), []).append(str(row["reading_id"]))
        else:
            left_out[str(row["reading_id"])] = NO_SIZE if None in size else OTHER_SIZE
    return SharedImage(dicom_id, readings, left_out), ""
