"""Radiographs in DICOM, read as they are displayed.

A stored value goes through the modality table (or rescale slope), then the VOI table or window,
then is inverted where MONOCHROME1 says that low is white.
"""

import zlib
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from gazescribe.pipeline.core.errors import GazeError
from gazescribe.pipeline.images.refusals import (
    MAX_PIXELS,
    TOO_LARGE,
    refuse_colour,
    refuse_frames,
    refuse_large,
)

if TYPE_CHECKING:
    from pydicom import Dataset

DEFERRED = 2**20
"""Bytes of an element above which it is read when it is asked for: after the header."""
MAX_UNPACKED = 2 * MAX_PIXELS + 2**25
"""Bytes of a file once it is unpacked: 16 bits a pixel, and its header."""
MAX_RUN = 64
"""No byte of run lengths becomes more than so many."""
UNLIMITED = 1e12
"""Beyond every window."""


def read_dicom(path: Path, file: BinaryIO, bits: int) -> NDArray[Any]:
    """Read the picture of an open file of that path; white is the largest number of so many bits.

    Raises GazeError for what is refused, and what pydicom raises for damaged files.
    """
    from pydicom import dcmread
    from pydicom.errors import InvalidDicomError

    try:
        _refuse_deflated(path, file)
        file.seek(0)
        dataset = dcmread(file, defer_size=DEFERRED)
    except InvalidDicomError as error:
        raise GazeError("this is no DICOM file: its header is absent.", where=path) from error
    if "PixelData" not in dataset:
        raise GazeError("this DICOM file holds no picture.", where=path)
    refuse_large(path, int(dataset.Rows), int(dataset.Columns))
    refuse_frames(path, int(dataset.get("NumberOfFrames") or 1))
    kind = dataset.PhotometricInterpretation
    if kind not in {"MONOCHROME1", "MONOCHROME2"}:
        refuse_colour(path, f"its photometric interpretation is {kind}")
    if dataset.BitsAllocated > 16:
        fault = f"it has {dataset.BitsAllocated}"
        raise GazeError("this DICOM file has more than 16 bits.", where=path, faults=[fault])
    _check_decoder(path, dataset)
    _refuse_runs(path, dataset)
    values = dataset.pixel_array
    # A table over all values between the least and the largest, then one look-up a pixel.
    lowest = int(values.min())
    table = _displayed(np.arange(lowest, int(values.max()) + 1), dataset, bits)
    if lowest < 0:
        return np.take(table, values.astype(np.int32) - lowest)
    return np.take(np.pad(table, (lowest, 0)), values)  # a third faster than to shift each pixel


class _Measured:
    """A file that is measured where all its rest is read at once, as pydicom does to inflate it."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self._path = path
        self._file = file

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def read(self, size: int | None = -1, /) -> bytes:
        content = self._file.read(-1 if size is None else size)
        if size is None or size < 0:
            inflating = zlib.decompressobj(-zlib.MAX_WBITS)
            if len(inflating.decompress(content, MAX_UNPACKED + 1)) > MAX_UNPACKED:
                fault = f"it unpacks to more than {MAX_UNPACKED:,} bytes"
                raise GazeError(TOO_LARGE, where=self._path, faults=[fault])
        return content


def _refuse_deflated(path: Path, file: BinaryIO) -> None:
    """Refuse a deflated file of far more bytes than a picture takes, which `dcmread` unpacks."""
    from pydicom.filereader import read_partial

    measured = cast("BinaryIO", _Measured(path, file))
    read_partial(measured, stop_when=lambda *_: True)  # at the first element after the file meta


def _refuse_runs(path: Path, dataset: "Dataset") -> None:
    """Refuse run lengths of far more bytes than the picture, which pydicom writes out first."""
    from pydicom.encaps import generate_frames
    from pydicom.uid import RLELossless

    packed = dataset.PixelData
    if dataset.file_meta.TransferSyntaxUID != RLELossless or MAX_RUN * len(packed) < MAX_UNPACKED:
        return
    frame = next(generate_frames(packed, number_of_frames=1))
    n_segments, *starts = np.frombuffer(frame[:64], "<u4").tolist()
    expected = dataset.Rows * dataset.Columns  # of each segment, which holds a byte of each pixel
    for start, end in pairwise([*starts[:n_segments], len(frame)]):
        place, size = start, 0
        while place < end and size <= 2 * expected:
            length = frame[place]
            size += length + 1 if length < 128 else 257 - length
            place += length + 2 if length < 128 else 2
        if size > 2 * expected:
            fault = f"a segment unpacks to more than {size:,} bytes, {expected:,} expected"
            raise GazeError("this file is damaged.", where=path, faults=[fault])


def _displayed(values: NDArray[np.int_], dataset: "Dataset", bits: int) -> NDArray[Any]:
    """Give the displayed grey of stored values: a table is shorter than the picture."""
    from pydicom.pixels.processing import apply_modality_lut, apply_voi, apply_windowing

    measured = apply_modality_lut(values, dataset)
    if dataset.get("VOILUTSequence"):
        grey = apply_voi(measured, dataset)
        black, white = 0, 2 ** dataset.VOILUTSequence[0].LUTDescriptor[2] - 1
    elif dataset.get("WindowWidth") is not None and dataset.get("WindowCenter") is not None:
        grey = apply_windowing(measured, dataset)
        black, white = apply_windowing(np.array([-UNLIMITED, UNLIMITED]), dataset)
    else:
        grey, black, white = measured, measured.min(), measured.max()
    share = np.clip((grey - float(black)) / (float(white - black) or 1.0), 0, 1)
    if dataset.PhotometricInterpretation == "MONOCHROME1":
        share = 1 - share
    displayed: NDArray[Any] = np.rint((2**bits - 1) * share).astype(f"uint{bits}")
    return displayed


def _check_decoder(path: Path, dataset: "Dataset") -> None:
    from pydicom.pixels.decoders.base import get_decoder

    syntax = dataset.file_meta.TransferSyntaxUID
    try:
        available = get_decoder(syntax).is_available
    except NotImplementedError:
        available = False
    if not available:
        raise GazeError(
            f"no decoder is installed for its compression, {syntax.name}.",
            where=path,
            remedy="Install python-gdcm, or decompress the file first: gdcmconv --raw IN OUT.",
        )
