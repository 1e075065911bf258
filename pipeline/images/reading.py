"""Radiographs as files have them: read as they are displayed, and fitted into a frame.

JPEG, PNG and DICOM become grey of 8 bits, or of 16. Grey JPEG files that are to be shrunk can be
decoded to the means of blocks of pixels at once (`scaled_to`), which saves most of what is done
after their bits are read.
"""

import io
import sys
import warnings
from collections.abc import Callable
from dataclasses import replace
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gazescribe.pipeline.core.errors import ArrayError, GazeError
from gazescribe.pipeline.core.extras import install
from gazescribe.pipeline.core.file_names import DICOM_SUFFIXES
from gazescribe.pipeline.core.foreign import check_file
from gazescribe.pipeline.core.system_errors import is_out_of_handles
from gazescribe.pipeline.geometry.letterbox import Letterbox
from gazescribe.pipeline.geometry.published import published_frame, published_resize
from gazescribe.pipeline.geometry.sizes import is_scaled
from gazescribe.pipeline.images.dicom import read_dicom
from gazescribe.pipeline.images.refusals import (
    TOO_LARGE,
    refuse_colour,
    refuse_frames,
    refuse_large,
)

if TYPE_CHECKING:
    from PIL.Image import Image

Size = tuple[int, int]
Picture = NDArray[np.uint8]
Grey = NDArray[Any]
"""Black 0, white the largest number: uint8, or uint16."""

NEARLY_GREY = 8
"""Largest difference between channels of a grey picture stored in colour: JPEG rounds each."""
BLOCKS_PX = (8, 4, 2)
"""Sides of blocks of which a JPEG decoder gives the mean without the pixels."""


class Decoded(NamedTuple):
    """A radiograph as a decoder gives it.

    `pixels` are those of the file, of `image_size` (height, width), or the means of its blocks of
    `block_px` pixels a side; blocks at the right and lower edge can reach beyond the image.
    """

    pixels: Grey
    image_size: Size
    block_px: int = 1


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
    return np.require(decode_radiograph(path).pixels, requirements=["C", "W"])


def decode_radiograph(
    path: Path, *, scaled_to: Size | None = None, bits: int = 8, content: bytes | None = None
) -> Decoded:
    """Read a radiograph as it is displayed, if it may be by the means of its blocks.

    Parameters
    ----------
    path : pathlib.Path
        As for `read_radiograph`.
    scaled_to : tuple of int, optional
        (height, width) of the frame that it will be fitted into: a grey JPEG file is decoded to the
        largest blocks that are no larger than a pixel of the frame. Other files are read whole.
    bits : {8, 16}
        White is 255 or 65,535. Eight bits of a file become sixteen by times 257.
    content : bytes, optional
        Of the file, where it was read before.

    Returns
    -------
    Decoded
        Pixels or means of blocks, shape (height, width) over `block_px`, rounded up.

    Raises
    ------
    GazeError
        As `read_radiograph` does, whatever `scaled_to`.
    """
    try:
        if content is None:
            check_file(path, GazeError)
        file: BinaryIO = path.open("rb") if content is None else io.BytesIO(content)
        is_dicom = file.read(132).endswith(b"DICM") or path.suffix.lower() in DICOM_SUFFIXES
    except OSError as error:
        if is_out_of_handles(error):
            raise
        raise GazeError(f"this file cannot be read ({error.strerror}).", where=path) from error
    file.seek(0)
    with file, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what the decoders put up with
        try:
            if is_dicom:
                pixels = read_dicom(path, file, bits)
                return Decoded(pixels, (pixels.shape[0], pixels.shape[1]))
            return _decode_picture(path, file, scaled_to, bits)
        except GazeError:
            raise
        except Exception as error:  # decoders raise anything on damaged bytes
            if is_out_of_handles(error):
                raise
            fault = f"{type(error).__name__}: {error}"
            raise GazeError("this file is damaged.", where=path, faults=[fault]) from error


def _decode_picture(path: Path, file: BinaryIO, scaled_to: Size | None, bits: int) -> Decoded:
    from PIL import Image, UnidentifiedImageError

    try:
        image = Image.open(file, formats=("JPEG", "PNG"))
    except UnidentifiedImageError as error:
        raise GazeError("this is neither JPEG nor PNG nor DICOM.", where=path) from error
    except Image.DecompressionBombError as error:  # beyond Pillow's own limit, which is above ours
        raise GazeError(TOO_LARGE, where=path, faults=[str(error)]) from error
    with image:
        image_size = image.height, image.width
        refuse_large(path, *image_size)
        refuse_frames(path, getattr(image, "n_frames", 1))
        if image.mode.startswith("I"):
            return Decoded(_of_bits(np.asarray(image), bits), image_size)
        # Of colours each pixel is looked at: they may be few.
        is_grey_jpeg = image.format == "JPEG" and image.mode == "L"
        block_px = _ask_for_blocks(image, scaled_to) if scaled_to and is_grey_jpeg else 1
        pixels = _blocks(file, block_px) if block_px > 1 else None
        if pixels is None:
            pixels = _grey(path, image)
        return Decoded(pixels if bits == 8 else pixels * np.uint16(257), image_size, block_px)


def _ask_for_blocks(image: "Image", size: Size) -> int:
    """Have a JPEG file decoded to means of blocks that still fill a frame; give their side."""
    scale = Letterbox.fit((image.height, image.width), size).scale
    side_px = next((side_px for side_px in BLOCKS_PX if side_px * scale <= 1), 1)
    least = max(image.width // side_px, 1), max(image.height // side_px, 1)
    width = image.width
    drafted = image.draft("L", least)
    return round(width / drafted[1][2]) if drafted else 1  # as it is, where nothing was drafted


@cache
def block_reader() -> Callable[[bytes, int], Picture | None] | None:
    """Give what decodes blocks in a third of Pillow's time, to the same bytes.

    None where numba is not installed, or does not work beside the numpy or on the machine there is.
    """
    try:
        return _compiled_reader()
    except Exception:  # noqa: BLE001 whatever fails in it, Pillow has the same outcome
        return None


def why_pillow() -> str:
    """Say why Pillow decodes blocks, and the remedy; nothing where `block_reader` does."""
    if block_reader() is not None:
        return ""
    try:
        _compiled_reader()
    except Exception as error:  # noqa: BLE001 as above
        if isinstance(error, ModuleNotFoundError) and error.name == "numba":
            return f"numba, three times as fast, is not installed. {install('radiographs')}"
        reason = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
        return f"numba, three times as fast, does not work here: {reason}."
    return ""


def _compiled_reader() -> Callable[[bytes, int], Picture | None]:
    from PIL import Image

    if sys.byteorder != "little":
        raise OSError("it reads only on machines that store the lowest byte first")
    from gazescribe.pipeline.images.jpeg_blocks import blocks_of

    sample = io.BytesIO()
    Image.new("L", (8, 8)).save(sample, "JPEG")
    blocks_of(sample.getvalue(), 8)  # compiled here, where a failure is no fault of a file
    return blocks_of


def _blocks(file: BinaryIO, block_px: int) -> Picture | None:
    read = block_reader()
    if read is None:
        return None
    file.seek(0)
    return read(file.read(), block_px)


def _grey(path: Path, image: "Image") -> Picture:
    """Give the grey values of a picture of 8 bits; raises GazeError if it is in colour."""
    if image.mode in {"1", "L"}:
        return np.asarray(image if image.mode == "L" else image.convert("L"))
    colours = image.convert("RGB")
    # Signed: the difference of two uint8 would wrap round.
    channels = [np.asarray(channel, np.int16) for channel in colours.split()]
    spread = int(max(np.abs(channels[0] - channel).max() for channel in channels[1:]))
    if spread > NEARLY_GREY:
        refuse_colour(path, f"its channels differ by up to {spread} of 255")
    return np.asarray(colours.convert("L"))


def _of_bits(values: NDArray[Any], bits: int) -> Grey:
    """Divide by the largest value of 8, 10, 12, 14 or 16 bits, whichever hold them."""
    stored_bits = max(8, 2 * -(-int(values.max()).bit_length() // 2))
    white = 2**bits - 1
    grey: Grey = np.rint(values * (white / (2**stored_bits - 1))).astype(f"uint{bits}")
    return grey


def read_sized(path: Path, image_size: Size | None) -> Picture:
    """Read a radiograph at the size its table says: a copy at another scale is brought to it.

    Where the table says none, the file is as it is.

    Raises as `read_radiograph` does, and GazeError if the file has another aspect.
    """
    from PIL import Image

    picture = read_radiograph(path)
    if image_size is None or picture.shape == image_size:
        return picture
    check_aspect((picture.shape[0], picture.shape[1]), image_size, path)
    scaled = Image.fromarray(picture).resize(image_size[::-1], Image.Resampling.BILINEAR)
    return np.array(scaled)


def check_aspect(file_size: Size, image_size: Size, path: Path) -> None:
    """Refuse a picture that is no copy of an image of that size: gaze would lie beside it."""
    if not is_scaled(file_size, image_size):
        (height, width), (image_height, image_width) = file_size, image_size
        fault = f"it has {height} × {width}, the table {image_height} × {image_width}"
        message = "this picture has another aspect than its table says."
        remedy = "Fetch it again, or shrink the original without cropping or padding it."
        raise GazeError(message, where=path, remedy=remedy, faults=[fault])


def letterboxed(
    image: Grey, size: Size, resize: str = "direct", image_size: Size | None = None
) -> tuple[Grey, Letterbox]:
    """Fit a radiograph into a frame, antialiased bilinear, with black around it.

    Parameters
    ----------
    image : ndarray of uint8 or uint16, shape (height, width)
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
    ndarray of the same type, shape `size`
        The radiograph.
    Letterbox
        Where its pixels have gone: the frame of a heatmap of that size and resize.

    Raises
    ------
    ArrayError
        If nothing of the image falls on a pixel of the frame, or the published frame is no square.
    """
    decoded = Decoded(image, (image.shape[0], image.shape[1]))
    return fit_radiograph(decoded, size, resize, image_size)


def fit_radiograph(
    decoded: Decoded, size: Size, resize: str = "direct", image_size: Size | None = None
) -> tuple[Grey, Letterbox]:
    """Fit a radiograph into a frame as `letterboxed` does, from its pixels or the means of blocks.

    It keeps its type. Where there are means, each counts as much as all pixels of its block would.
    """
    image_size = image_size or decoded.image_size
    frame, of_y, of_x = _resampling(decoded.image_size, size, resize, image_size, decoded.block_px)
    fitted = (of_x @ (of_y @ decoded.pixels.astype(np.float32)).T).T
    rounded = fitted if resize == "published" else np.rint(fitted)
    return np.ascontiguousarray(rounded, dtype=decoded.pixels.dtype), frame


@lru_cache(maxsize=256)
def _resampling(
    copy_size: Size, size: Size, resize: str, image_size: Size, block_px: int
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
    of_y, of_x = (csr_array(_of_blocks(matrix, block_px).astype(np.float32)) for matrix in matrices)
    return frame, of_y, of_x


def _of_blocks(matrix: NDArray[np.float64], block_px: int) -> NDArray[np.float64]:
    """Resampling from the means of blocks of pixels, shape (model pixels, blocks)."""
    n_blocks = -(-matrix.shape[1] // block_px)
    whole = np.zeros((len(matrix), n_blocks * block_px))
    whole[:, : matrix.shape[1]] = matrix
    by_blocks: NDArray[np.float64] = whole.reshape(len(matrix), n_blocks, block_px).sum(axis=2)
    return by_blocks


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
