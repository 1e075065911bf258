"""DeepGaze as a baseline: saliency of a network that learned where people look at photographs.

The network is the authors' package `deepgaze_pytorch`, where a lab has it, with a local file of
their weights. Nothing is fetched by us; the package looks for its backbones in torch's hub folder.
Sources: Linardos et al., ICCV 2021 (IIE); Kümmerer, Bethge, Wallis, J. Vision 22(5):7, 2022 (III).
"""

from importlib import import_module
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import interpolate

from gazescribe.pipeline.core.errors import GazeError
from gazescribe.pipeline.core.foreign import check_file, parsing
from gazescribe.pipeline.geometry.letterbox import Letterbox

LONG_SIDE_PX = 1024
"""Of the image that it sees: as of the photographs it was trained on."""
REMEDY = "docs/cooperative.md says which files are read."

Map = NDArray[np.float64]


class DeepGaze:
    """DeepGaze IIE or III, whichever a file holds the weights of.

    Parameters
    ----------
    path : pathlib.Path
        Weights as the authors publish them (`deepgaze2e.pth`, `deepgaze3.pth`).
    device : torch.device
        Where it runs.

    Raises
    ------
    GazeError
        If there is no such file, it holds other weights, or the package is not installed.
    """

    def __init__(self, path: Path, device: torch.device) -> None:
        check_file(path, GazeError, REMEDY)
        with parsing(path, "a file of weights", GazeError, REMEDY):
            weights = torch.load(path, map_location="cpu", weights_only=True)
            # IIE is a mixture of networks; III is one, and knows where one has looked before.
            self._is_mixture = any(name.startswith("models.") for name in weights)
        network = self._built()
        with parsing(path, f"weights of {type(network).__name__}", GazeError, REMEDY):
            network.load_state_dict(weights)
        self._network = network.to(device).eval()
        self._path, self._device = path, device

    def _built(self) -> nn.Module:
        name = "DeepGazeIIE" if self._is_mixture else "DeepGazeIII"
        try:
            network: nn.Module = getattr(import_module("deepgaze_pytorch"), name)(pretrained=False)
        except ImportError as error:
            remedy = "Install deepgaze_pytorch from its authors (github.com/matthias-k/DeepGaze)."
            raise GazeError(f"{name} needs a package that is absent.", remedy=remedy) from error
        except Exception as error:  # the hub raises anything where it cannot reach its server
            remedy = "See that torch's hub folder holds the backbones."
            message = f"{name} cannot be built ({type(error).__name__})."
            raise GazeError(message, remedy=remedy) from error
        return network

    @torch.inference_mode()
    def map(self, image: NDArray[np.uint8], frame: Letterbox, centre: Map) -> Map:
        """Give where it thinks that people look, a map that sums to 1.

        Parameters
        ----------
        image : ndarray of uint8, shape (height, width)
            The radiograph in its frame; what is not of the image is not shown to it.
        frame : Letterbox
            Where the image lies.
        centre : ndarray, shape (height, width)
            Where people look on any image; positive.

        Raises
        ------
        GazeError
            If it gives no density.

        Notes
        -----
        III is asked for the second fixation, the first being in the image's centre.
        """
        shown = np.ix_(frame.on_image(0), frame.on_image(1))
        small = image[shown].shape
        scale = LONG_SIDE_PX / max(small)
        size = round(small[0] * scale), round(small[1] * scale)
        grey = _resized(torch.from_numpy(image[shown].astype(np.float32)), size)
        bias = _resized(torch.from_numpy(centre[shown].astype(np.float32)), size)[0].log()
        inputs = [grey.expand(1, 3, *size), bias - bias.logsumexp(dim=(-2, -1), keepdim=True)]
        if not self._is_mixture:
            inputs += [_history(size[1] / 2), _history(size[0] / 2)]
        log_density = self._network(*(tensor.to(self._device) for tensor in inputs))
        density = log_density.double().cpu().reshape(size).exp()
        values = np.zeros(image.shape)
        values[shown] = _resized(density, small)[0, 0].numpy()
        if not np.isfinite(values).all() or values.sum() <= 0:
            raise GazeError("DeepGaze gives no density with these weights.", where=self._path)
        normalised: Map = values / values.sum()
        return normalised


def _history(first_px: float) -> Tensor:
    """One coordinate of the last four fixations, shape (1, 4), of which there has been one."""
    return torch.tensor([[first_px, *3 * [torch.nan]]])


def _resized(values: Tensor, size: tuple[int, ...]) -> Tensor:
    """Resample a map, shape (1, 1, *size)."""
    return interpolate(values[None, None], size, mode="bilinear", antialias=True)
