"""Radiographs as a table of readings: a file for each image says how large it is."""

from pathlib import Path

from gazescribe.pipeline.core.errors import ManifestError
from gazescribe.pipeline.core.file_names import DICOM_SUFFIXES
from gazescribe.pipeline.core.foreign import check_file, parsing
from gazescribe.pipeline.formats.pieces import Content, in_pieces


def read(path: Path, _table: str) -> Content:
    """Give the one row of an image: its name, width and height."""
    return in_pieces(("image", "width", "height"), [(path.stem, *picture_size(path))])


def picture_size(path: Path) -> tuple[int, int]:
    """Read width and height of a PNG, a JPEG or a DICOM file, in pixels; its values stay unread.

    Raises
    ------
    ManifestError
        If the file is none of these, or damaged.
    """
    check_file(path, ManifestError)
    with parsing(path, "a PNG, a JPEG or a DICOM image", ManifestError):
        if path.suffix.lower() in DICOM_SUFFIXES:
            from pydicom import dcmread

            header = dcmread(path, stop_before_pixels=True, specific_tags=["Rows", "Columns"])
            return int(header.Columns), int(header.Rows)
        from PIL import Image

        with Image.open(path, formats=("JPEG", "PNG")) as image:
            return image.width, image.height
