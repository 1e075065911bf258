"""A trained network applied to images from Python: probabilities and maps, nothing is written.

Source of the images: files, as for `gazescribe predict`, or arrays.
"""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from gazescribe.models.predicting.drawing import spread
from gazescribe.models.predicting.pictures import list_pictures
from gazescribe.pipeline.core.errors import ArrayError, GazeError, nearest
from gazescribe.pipeline.geometry.letterbox import Letterbox

if TYPE_CHECKING:  # the package is loaded by `gazescribe predict --help`
    import pandas as pd

Image = str | Path | NDArray[np.uint8]


@dataclass(frozen=True)
class Predictions:
    """What a network predicts of some images.

    Attributes
    ----------
    probabilities : pandas.DataFrame
        One row an image, one column a label; the index is the image's name.
    maps : dict of str to ndarray of float32, shape (channels, h, w)
        By image, in [0, 1], over the network's frame, which the image fills in part.
    channels : tuple of str
        What the maps of an image show, in order: labels, or kinds of maps that belong to none.
    kind : str
        Kind of the maps.
    thresholds : dict of str to float
        Where the maps are cut into masks, by channel; empty before the network is evaluated.
    frames : dict of str to Letterbox
        By image, how it lies in its maps.
    left_out : dict of str to str
        By image, why it could not be read.
    """

    probabilities: "pd.DataFrame"
    maps: dict[str, NDArray[np.float32]]
    channels: tuple[str, ...]
    kind: str
    thresholds: dict[str, float]
    frames: dict[str, Letterbox]
    left_out: dict[str, str]

    def heatmap(
        self, image: str, channel: str, size: tuple[int, int] | None = None
    ) -> NDArray[np.float32]:
        """Take a map out of the network's frame: its value at each pixel of the image.

        Parameters
        ----------
        image : str
            Name of the image, as in `probabilities`.
        channel : str
            One of `channels`.
        size : tuple of int, optional
            (height, width) of the result; that of the image where it is not given.

        Returns
        -------
        ndarray of float32, shape (height, width)
            In [0, 1]; enlarged by nearest neighbour.

        Raises
        ------
        GazeError
            If there is no such image or channel.
        """
        for name, names in ((image, self.maps), (channel, self.channels)):
            if name not in names:
                raise GazeError(f"there is no {name!r} here{nearest(name, names)}.")
        values = self.maps[image][self.channels.index(channel)]
        return spread(values, self.frames[image], size)


def predict(
    checkpoint: str | Path,
    images: Image | Sequence[Image],
    *,
    kind: str | None = None,
    batch_size: int = 8,
    workers: int = 0,
    accelerator: Literal["cpu", "gpu"] | None = None,
    decode: Literal["exact", "scaled"] = "exact",
) -> Predictions:
    """Apply a trained network to images.

    Parameters
    ----------
    checkpoint : path
        A `model.safetensors` that `gazescribe train` or `gazescribe evaluate` wrote; the one of
        `evaluate` has thresholds.
    images : path, ndarray of uint8, or sequence of these
        JPEG, PNG or DICOM files; folders of them; csv files with a column `path` (and, if you like,
        `name`); radiographs as arrays of shape (height, width), black 0, white 255. Names of files
        come from their paths; arrays are named `array-1`, `array-2` and so on, by their place.
    kind : str, optional
        Kind of maps; the checkpoint's best where it is not given.
    batch_size : int
        Images a batch, 8 unless given.
    workers : int
        Processes that read images; 0, unless given, reads between batches.
    accelerator : {'cpu', 'gpu'}, optional
        A GPU where there is one, unless given.
    decode : {'exact', 'scaled'}
        All pixels of JPEG files, or the means of blocks no larger than a model pixel: faster.

    Returns
    -------
    Predictions
        Probabilities as a table, maps as arrays.

    Raises
    ------
    GazeError
        If the checkpoint is not ours or draws no such map, there is no image, or none can be read.
    ArrayError
        If an array is not a grey image.

    Warns
    -----
    UserWarning
        If some of the images cannot be read; `left_out` says why.

    Examples
    --------
    >>> import gazescribe as gs
    >>> predictions = gs.predict("model.safetensors", "radiographs")
    >>> predictions.probabilities[["Edema", "Fracture"]].shape
    (2, 2)
    >>> heatmap = predictions.heatmap("first", "Edema")
    >>> heatmap.shape, heatmap.dtype
    ((40, 64), dtype('float32'))
    """
    import pandas as pd

    from gazescribe.models.core.device import choose_device
    from gazescribe.models.predicting.predictor import load_predictor, predict_images

    sources = _sources([images] if isinstance(images, str | Path | np.ndarray) else images)
    device = choose_device(accelerator)
    predictor = load_predictor(Path(checkpoint))
    kind = predictor.kind(kind)
    outputs = predict_images(
        list(sources.values()),
        predictor,
        kind,
        device=device,
        batch_size=batch_size,
        workers=workers,
        decode=decode,
    )
    probabilities: dict[str, dict[str, float]] = {}
    maps: dict[str, NDArray[np.float32]] = {}
    frames: dict[str, Letterbox] = {}
    left_out: dict[str, str] = {}
    for name, output in zip(sources, outputs, strict=True):
        if isinstance(output, GazeError):
            left_out[name] = output.what
        else:
            probabilities[name], maps[name] = output.probabilities, output.maps
            frames[name] = output.frame
    _report(left_out, len(sources))
    return Predictions(
        pd.DataFrame.from_dict(probabilities, orient="index", columns=list(predictor.labels)),
        maps,
        tuple(channel.name for channel in predictor.maps[kind]),
        kind,
        predictor.thresholds(kind),
        frames,
        left_out,
    )


def _sources(images: Sequence[Image]) -> dict[str, Path | NDArray[np.uint8]]:
    """Name the images: files first, as `list_pictures` does, then arrays."""
    paths = [Path(image) for image in images if not isinstance(image, np.ndarray)]
    arrays = [image for image in images if isinstance(image, np.ndarray)]
    pictures = list_pictures(paths)[0] if paths or not arrays else []
    sources: dict[str, Path | NDArray[np.uint8]] = {
        picture.name: picture.path for picture in pictures
    }
    for number, array in enumerate(arrays, start=1):
        name = f"array-{number}"
        if name in sources:
            raise GazeError(f"an image file is named {name}, as is an array.", where=sources[name])
        if array.ndim != 2 or array.dtype != np.uint8 or not array.size:
            raise ArrayError(
                f"{name} is of {array.dtype} and shape {array.shape}; a radiograph is expected as"
                " uint8 of shape (height, width)."
            )
        sources[name] = array
    return sources


def _report(left_out: Mapping[str, str], n_images: int) -> None:
    faults = [f"{name}: {reason}" for name, reason in left_out.items()]
    if len(left_out) == n_images:
        raise GazeError(f"not one of {n_images} images can be read.", faults=faults)
    if left_out:
        message = f"{len(left_out)} of {n_images} images cannot be read: {'; '.join(faults)}"
        warnings.warn(message, stacklevel=3)
