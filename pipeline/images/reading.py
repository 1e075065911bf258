"""Radiographs as files have them: read as they are displayed, and fitted into a frame.

JPEG, PNG and DICOM become 8-bit grey. A DICOM value goes through the modality table (or rescale
slope), then the VOI table or window, then is inverted where MONOCHROME1 says that low is white.
"""

import io
import warnings
import zlib
from dataclasses import replace
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gazescribe.pipeline.core.errors import ArrayError, GazeError
from gazescribe.pipeline.core.file_names import DICOM_SUFFIXES
from gazescribe.pipeline.core.foreign import check_file
from gazescribe.pipeline.core.system_errors import is_out_of_handles
from gazescribe.pipeline.geometry.letterbox import Letterbox
from gazescribe.pipeline.geometry.published import published_frame, published_resize
from gazescribe.pipeline.geometry.sizes import MAX_SIDE, is_scaled

if TYPE_CHECKING:
    from pydicom import Dataset

Size = tuple[int, int]
Picture = NDArray[np.uint8]

NEARLY_GREY = 8
"""Largest difference between channels of a grey picture stored in colour: JPEG rounds each."""
MAX_PIXELS = 10**8
TOO_LARGE = f"this picture has more than {MAX_PIXELS:,} pixels, or {MAX_SIDE:,} on a side."
DEFERRED = 2**20
"""Bytes of a DICOM element above which it is read when it is asked for: after the header."""
MAX_UNPACKED = 2 * MAX_PIXELS + 2**25
"""Bytes of a DICOM file once it is unpacked: 16 bits a pixel, and its header."""
MAX_RUN = 64
"""No byte of run lengths becomes more than so many."""
UNLIMITED = 1e12
"""Beyond every window."""


def read_radiograph(path: Path) -> Picture:
    """Read a radiograph as it is displayed.

    Parameters
    ----------
    path : pathlib.Path
        JPEG, PNG (8 or 16 bits) or DICOM, told by content.

    Returns
    -------
    ndarray of uint8, shape (height, width)
        Black 0, white 255. 16-bit PNG is divided by the largest value of its 8, 10, 12, 14 or 16
        bits, whichever hold it; DICOM without table and window by its own range.

    Raises
    ------
    GazeError
        If the file cannot be read, is damaged, in colour, of several frames, too large, or
        compressed in a way that no installed decoder knows. `what` never names a value of the file,
        so that it can be counted.
    """
    check_file(path, GazeError)
    try:
        with path.open("rb") as file:
            is_dicom = file.read(132).endswith(b"DICM") or path.suffix.lower() in DICOM_SUFFIXES
    except OSError as error:
        if is_out_of_handles(error):
            raise
        raise GazeError(f"this file cannot be read ({error.strerror}).", where=path) from error
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what the decoders put up with
        try:
            return _read_dicom(path) if is_dicom else _read_picture(path)
        except GazeError:
            raise
        except Exception as error:  # decoders raise anything on damaged bytes
            if is_out_of_handles(error):
                raise
            fault = f"{type(error).__name__}: {error}"
            raise GazeError("this file is damaged.", where=path, faults=[fault]) from error


def _read_picture(path: Path) -> Picture:
    from PIL import Image, UnidentifiedImageError

    try:
        image = Image.open(path, formats=("JPEG", "PNG"))
    except UnidentifiedImageError as error:
        raise GazeError("this is neither JPEG nor PNG nor DICOM.", where=path) from error
    except Image.DecompressionBombError as error:  # beyond Pillow's own limit, which is above ours
        raise GazeError(TOO_LARGE, where=path, faults=[str(error)]) from error
    with image:
        _refuse_large(path, image.height, image.width)
        _refuse_frames(path, getattr(image, "n_frames", 1))
        if image.mode.startswith("I"):
            return _to_8_bits(np.asarray(image))
        if image.mode == "L":
            return np.array(image)
        if image.mode == "1":
            return np.array(image.convert("L"))
        colours = image.convert("RGB")
        # Signed: the difference of two uint8 would wrap round.
        channels = [np.asarray(channel, np.int16) for channel in colours.split()]
        spread = int(max(np.abs(channels[0] - channel).max() for channel in channels[1:]))
        if spread > NEARLY_GREY:
            _refuse_colour(path, f"its channels differ by up to {spread} of 255")
        return np.array(colours.convert("L"))


def _to_8_bits(values: NDArray[Any]) -> Picture:
    """Divide by the largest value of 8, 10, 12, 14 or 16 bits, whichever hold them."""
    highest = int(values.max())
    bits = max(8, 2 * -(-highest.bit_length() // 2))
    grey: Picture = np.rint(values * (255 / (2**bits - 1))).astype(np.uint8)
    return grey


def _read_dicom(path: Path) -> Picture:
    from pydicom import dcmread
    from pydicom.errors import InvalidDicomError

    try:
        _refuse_deflated(path)
        dataset = dcmread(path, defer_size=DEFERRED)
    except InvalidDicomError as error:
        raise GazeError("this is no DICOM file: its header is absent.", where=path) from error
    if "PixelData" not in dataset:
        raise GazeError("this DICOM file holds no picture.", where=path)
    _refuse_large(path, int(dataset.Rows), int(dataset.Columns))
    _refuse_frames(path, int(dataset.get("NumberOfFrames") or 1))
    kind = dataset.PhotometricInterpretation
    if kind not in {"MONOCHROME1", "MONOCHROME2"}:
        _refuse_colour(path, f"its photometric interpretation is {kind}")
    if dataset.BitsAllocated > 16:
        fault = f"it has {dataset.BitsAllocated}"
        raise GazeError("this DICOM file has more than 16 bits.", where=path, faults=[fault])
    _check_decoder(path, dataset)
    _refuse_runs(path, dataset)
    values = dataset.pixel_array
    lowest = int(values.min())
    stored = np.arange(lowest, int(values.max()) + 1)
    # A table over all values between the least and the largest, then one look-up a pixel.
    shown: Picture = _displayed(stored, dataset)[values.astype(np.int32) - lowest]
    return shown


class _Measured(io.FileIO):
    """A file that is measured where all its rest is read at once, as pydicom does to inflate it."""

    def read(self, size: int | None = -1, /) -> bytes:
        content = super().read(size) or b""
        if size is None or size < 0:
            inflating = zlib.decompressobj(-zlib.MAX_WBITS)
            if len(inflating.decompress(content, MAX_UNPACKED + 1)) > MAX_UNPACKED:
                fault = f"it unpacks to more than {MAX_UNPACKED:,} bytes"
                raise GazeError(TOO_LARGE, where=self.name, faults=[fault])
        return content


def _refuse_deflated(path: Path) -> None:
    """Refuse a deflated file of far more bytes than a picture takes, which `dcmread` unpacks."""
    from pydicom.filereader import read_partial

    with _Measured(path) as file:
        read_partial(file, stop_when=lambda *_: True)  # at the first element after the file meta


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


def _displayed(values: NDArray[np.int_], dataset: "Dataset") -> Picture:
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
    return np.rint(255 * share).astype(np.uint8)


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


def _refuse_large(path: Path, height: int, width: int) -> None:
    """Refuse by its header what would fill the memory."""
    if height * width > MAX_PIXELS or max(height, width) > MAX_SIDE:
        raise GazeError(TOO_LARGE, where=path, faults=[f"it has {height:,} × {width:,}"])


def _refuse_frames(path: Path, n_frames: int) -> None:
    if n_frames > 1:
        message = "this file holds several frames, where one radiograph is expected."
        raise GazeError(message, where=path, faults=[f"it has {n_frames}"])


def _refuse_colour(path: Path, fault: str) -> None:
    message = "this picture is in colour, where a grey radiograph is expected."
    raise GazeError(message, where=path, faults=[fault])


def read_sized(path: Path, image_size: Size | None) -> Picture:
    """Read a radiograph at the size its table says: a copy at another scale is brought to it.

    Where the table says none, the file is as it is.

    Raises as `read_radiograph` does, and GazeError if the file has another aspect.
    """
    from PIL import Image

    picture = read_radiograph(path)
    if image_size is None or picture.shape == image_size:
        return picture
    check_aspect(picture, image_size, path)
    scaled = Image.fromarray(picture).resize(image_size[::-1], Image.Resampling.BILINEAR)
    return np.array(scaled)


def check_aspect(picture: Picture, image_size: Size, path: Path) -> None:
    """Refuse a picture that is no copy of an image of that size: gaze would lie beside it."""
    if not is_scaled((picture.shape[0], picture.shape[1]), image_size):
        (height, width), (image_height, image_width) = picture.shape, image_size
        fault = f"it has {height} × {width}, the table {image_height} × {image_width}"
        message = "this picture has another aspect than its table says."
        remedy = "Fetch it again, or shrink the original without cropping or padding it."
        raise GazeError(message, where=path, remedy=remedy, faults=[fault])


def letterboxed(
    image: Picture, size: Size, resize: str = "direct", image_size: Size | None = None
) -> tuple[Picture, Letterbox]:
    """Fit a radiograph into a frame, antialiased bilinear, with black around it.

    Parameters
    ----------
    image : ndarray of uint8, shape (height, width)
        Radiograph.
    size : tuple of int
        (height, width) of the frame in model pixels.
    resize : {'direct', 'published'}
        Once, rounded; or twice and truncated as the published code does (`spec/mil.md` 2.2, 6.5).
    image_size : tuple of int, optional
        (height, width) of the original of which `image` is a copy at another scale: the frame is
        that of the original.

    Returns
    -------
    ndarray of uint8, shape `size`
        The radiograph.
    Letterbox
        Where its pixels have gone: the frame of a heatmap of that size and resize.

    Raises
    ------
    ArrayError
        If nothing of the image falls on a pixel of the frame, or the published frame is no square.
    """
    copy_size = (image.shape[0], image.shape[1])
    frame, of_y, of_x = _resampling(copy_size, size, resize, image_size or copy_size)
    fitted = (of_x @ (of_y @ image.astype(np.float32)).T).T
    rounded = fitted if resize == "published" else np.rint(fitted)
    return np.ascontiguousarray(rounded, dtype=np.uint8), frame


@lru_cache(maxsize=256)
def _resampling(
    copy_size: Size, size: Size, resize: str, image_size: Size
) -> tuple[Letterbox, Any, Any]:
    """Frame, and a sparse matrix for each axis; most images have one of a few sizes."""
    from scipy.sparse import csr_array

    if resize == "published":
        frame = published_frame(image_size, size)
        matrices = published_resize(copy_size, size)
    else:
        frame = Letterbox.fit(image_size, size)
        rows, columns = (_triangles(_of_copy(frame, copy_size, axis), axis) for axis in (0, 1))
        matrices = rows, columns
    if not all(matrix.any() for matrix in matrices):
        raise ArrayError(f"an image of {image_size} does not show in a frame of {size}.")
    of_y, of_x = (csr_array(matrix.astype(np.float32)) for matrix in matrices)
    return frame, of_y, of_x


def _of_copy(frame: Letterbox, copy_size: Size, axis: int) -> Letterbox:
    """Frame of the same place for a copy; its scale holds along one axis, sides being rounded."""
    scale = frame.scale * (frame.image_size[axis] / copy_size[axis])
    return replace(frame, scale=scale, image_size=copy_size)


def _triangles(frame: Letterbox, axis: int) -> NDArray[np.float64]:
    """Antialiased bilinear resampling of an axis, shape (model pixels, image pixels).

    Notes
    -----
    As `triangle_matrix`, but with the scale of the frame, which the whole number of model pixels
    that an image covers would change by up to one in twice that number.
    """
    pixels = np.arange(frame.image_size[axis])
    away = np.abs(pixels - frame.centres_px(axis)[:, None]) * min(frame.scale, 1.0)
    weight = np.maximum(1 - away, 0) * frame.on_image(axis)[:, None]
    total = weight.sum(axis=1, keepdims=True)
    normalised: NDArray[np.float64] = weight / np.where(total > 0, total, 1)
    return normalised
