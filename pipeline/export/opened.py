"""What opening a file of an export gives, and what is refused: shared by all that open files."""

import io
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

MAGIC = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"II*\0", b"MM\0*", b"RIFF", b"\0\0\0\x0cjP  ")
DICOM_AT, DICOM = 128, b"DICM"
PNG_CHUNKS = {b"IHDR", b"PLTE", b"IDAT", b"IEND"}  # others hold texts


class Refused(Exception):  # noqa: N818  (not an error of the program: the verdict on a file)
    """Why a file may not be in an export."""


@dataclass(frozen=True)
class FileColumn:
    """Texts or numbers that belong together, in the order of the file."""

    name: str
    values: list[str] | NDArray[Any]


def refuse_picture(head: bytes) -> None:
    """Refuse bytes that begin as a picture does."""
    if head.startswith(MAGIC) or head[DICOM_AT:].startswith(DICOM):
        raise Refused("it is a picture")


def colour_numbers(content: bytes, name: str) -> NDArray[np.uint8]:
    """Give the numbers of the colours of a PNG, shape (height, width), if it holds nothing else."""
    from PIL import Image

    chunks = set()
    begin = 8  # after the signature; a chunk is its length, its kind, content and checksum
    while begin < len(content):
        chunks.add(content[begin + 4 : begin + 8])
        begin += int.from_bytes(content[begin : begin + 4], "big") + 12
    if not chunks <= PNG_CHUNKS:
        raise Refused(f"{name} holds more than a picture of a map")
    with Image.open(io.BytesIO(content), formats=["PNG"]) as picture:
        return np.asarray(picture)
