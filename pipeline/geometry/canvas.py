"""One reading's maps: its Gaussians factored once, every map a matrix product.

Source: Lanfredi et al. 2023, Section 2.1.3; `spec/mil.md` sections 2.1 and 2.3.
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gazescribe.pipeline.core.errors import ArrayError, ParamsError
from gazescribe.pipeline.geometry.ellipses import ellipse_mask
from gazescribe.pipeline.geometry.gaussians import Peaks, Profiles, draw, profiles
from gazescribe.pipeline.geometry.letterbox import Letterbox
from gazescribe.pipeline.geometry.published import (
    published_ellipse_mask,
    published_frame,
    published_resize,
)

if TYPE_CHECKING:  # geometry needs numpy alone
    import pandas as pd
    import pyarrow as pa

Size = tuple[int, int]
Box = tuple[float, float, float, float]
FloatMap = NDArray[np.float32]
Columns = dict[str, Any]

AMPLITUDES = ("mass", "peak")
RESIZES = ("direct", "published")
GAUSSIAN_COLUMNS = (
    "window",
    "x_px",
    "y_px",
    "sigma_x_px",
    "sigma_y_px",
    "weight_s",
    "clip_xmin_px",
    "clip_ymin_px",
    "clip_xmax_px",
    "clip_ymax_px",
)


def render(
    gaussians: "pd.DataFrame | pa.Table",
    image_size: Size,
    size: Size | None = None,
    *,
    amplitude: str = "mass",
    resize: str = "direct",
) -> FloatMap:
    """Draw the map of one or several windows from its Gaussians.

    Parameters
    ----------
    gaussians : pandas.DataFrame or pyarrow.Table
        Rows of the table `gaussians` of one reading. Several windows are each divided by their own
        maximum, then joined by the pixel-wise maximum.
    image_size : tuple of int
        (height, width) of the original image in pixels.
    size : tuple of int, optional
        (height, width) of the map in model pixels, letterboxed; native resolution by default.
    amplitude : {'mass', 'peak'}
        Gaussians of unit volume (published code) or of unit height, times seconds.
    resize : {'direct', 'published'}
        Draw at model size, or shrink the full-size map twice as the published code does.

    Returns
    -------
    ndarray of float32, shape `size` or `image_size`
        Maximum 1 at native size, a little below when letterboxed; zeros without fixation.

    Raises
    ------
    ArrayError
        If columns are missing, or a size is not positive.
    ParamsError
        If `amplitude` or `resize` is none of these.

    Notes
    -----
    H(y, x) = Σ w_i N(y; y_i, σy_i) N(x; x_i, σx_i) inside fixation i's clip, zero outside.

    Examples
    --------
    The first window of a reading, native and in the frame of a network:

    >>> import gazescribe as gs
    >>> gaussians = gs.read_table("data/associated/reflacx", "gaussians")
    >>> first = gaussians.query("reading_id == 'R1' and window == 0")
    >>> heatmap = gs.render(first, image_size=(600, 480))
    >>> heatmap.shape, float(heatmap.max())
    ((600, 480), 1.0)
    >>> gs.render(first, image_size=(600, 480), size=(224, 224)).shape
    (224, 224)
    """
    to_pandas = getattr(gaussians, "to_pandas", None)  # of an Arrow table
    frame = to_pandas() if to_pandas else gaussians
    absent = [name for name in GAUSSIAN_COLUMNS if name not in frame.columns]
    if absent:
        raise ArrayError(f"Gaussians lack the columns {', '.join(absent)}.")
    for name, value, known in (("amplitude", amplitude, AMPLITUDES), ("resize", resize, RESIZES)):
        if value not in known:
            raise ParamsError(f"{name} {value!r} is none of {', '.join(known)}.")
    columns = {name: frame[name].to_numpy(float) for name in GAUSSIAN_COLUMNS}
    canvas = Canvas(columns, image_size, size, amplitude=amplitude, resize=resize)
    heatmap, highest = canvas.label_map(np.unique(columns["window"]))
    if size is None and highest > 0:
        heatmap /= heatmap.max()
    return heatmap


class Canvas:
    """All Gaussians of a reading, factored once: every map of it is then a matrix product.

    Parameters are those of `render`; `gaussians` is a dict of columns.
    """

    def __init__(
        self,
        gaussians: Columns,
        image_size: Size,
        size: Size | None,
        *,
        amplitude: str = "mass",
        resize: str = "direct",
    ) -> None:
        self.window = gaussians["window"]
        self.weight_s = gaussians["weight_s"]

        self.frame = frame_of(image_size, size, resize)
        # Peaks are those of the full size, whatever the size that is drawn.
        whole = Letterbox.fit(image_size, None)
        self.full_rows, self.full_columns = profiles_on(whole, gaussians, amplitude)
        if size is None:
            self.rows, self.columns = self.full_rows, self.full_columns
        elif resize == "published":
            of_y, of_x = published_resize(image_size, size)
            self.rows = (self.full_rows @ of_y.T).astype(np.float32)
            self.columns = (self.full_columns @ of_x.T).astype(np.float32)
        else:
            self.rows, self.columns = profiles_on(self.frame, gaussians, amplitude)

    def label_map(self, windows: Sequence[int] | NDArray[Any]) -> tuple[FloatMap, float]:
        """Join windows: each divided by its full-size maximum, then the pixel-wise maximum.

        Returns
        -------
        tuple
            The map, its maximum at full size 1 to float32 rounding, and the largest of these
            maxima.
        """
        joined: FloatMap | None = None
        highest = 0.0
        for window in windows:
            inside = self.window == window
            weight_s = self.weight_s[inside]
            top = Peaks(self.full_rows[inside], self.full_columns[inside]).of(weight_s)
            if top > 0:
                drawn = draw(self.rows[inside], self.columns[inside], weight_s / top)
                joined = drawn if joined is None else np.maximum(joined, drawn, out=joined)
                highest = max(highest, top)
        if joined is None:
            joined = np.zeros((self.frame.height, self.frame.width), np.float32)
        return joined, highest


def profiles_on(frame: Letterbox, gaussians: Columns, amplitude: str) -> tuple[Profiles, Profiles]:
    """Factor Gaussians in the frame of an image: profiles along y and along x."""
    rows, columns = (
        profiles(
            gaussians[f"{axis}_px"],
            gaussians[f"sigma_{axis}_px"],
            np.stack([gaussians[f"clip_{axis}{side}_px"] for side in ("min", "max")], 1),
            frame.centres_px(number),
            cell_px=1 / frame.scale,
            amplitude=amplitude,
        )
        for number, axis in enumerate("yx")
    )
    return rows, columns


def peak_of(gaussians: Columns, image_size: Size, amplitude: str) -> float:
    """Give the maximum of the map that Gaussians make at full size; 0 where it is blank."""
    factors = profiles_on(Letterbox.fit(image_size, None), gaussians, amplitude)
    return Peaks(*factors).of(gaussians["weight_s"])


def frame_of(image_size: Size, size: Size | None, resize: str) -> Letterbox:
    """Place the image in the model frame, as `resize` does it."""
    if size is not None and resize == "published":
        return published_frame(image_size, size)
    return Letterbox.fit(image_size, size)


def join_ellipses(
    boxes_px: Iterable[Box], image_size: Size, size: Size, resize: str
) -> NDArray[np.bool_]:
    """Draw ellipses into the model frame as `resize` does it, joined.

    Parameters
    ----------
    boxes_px : iterable of tuple of float
        (xmin, ymin, xmax, ymax) of each, in image pixels.
    image_size, size : tuple of int
        (height, width) of the image and of the frame.
    resize : {'direct', 'published'}
        Test the model pixels' centres, or shrink the full-size mask as the published code does.

    Returns
    -------
    ndarray of bool, shape `size`
    """
    joined = np.zeros(size, bool)
    for box in boxes_px:
        if resize == "published":
            joined |= published_ellipse_mask(box, image_size, size)
        else:
            joined |= ellipse_mask(box, Letterbox.fit(image_size, size))
    return joined
