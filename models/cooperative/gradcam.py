"""Grad-CAM of any network that diagnoses: where it found what speaks for its diagnosis.

Source: Selvaraju et al. 2017; Qiu, Rivaz, Xiao 2025 show it beside gaze.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from gazescribe.models.cooperative.blocks import CooperativeOutput
from gazescribe.models.cooperative.densenet import DenseClassifier, Taps
from gazescribe.models.cooperative.dual_encoder import Fusion
from gazescribe.models.cooperative.gazegnn import GazeGNN
from gazescribe.models.cooperative.mt_unet import UNet
from gazescribe.models.cooperative.networks import InceptionResNet


def gradcam(network: nn.Module, *inputs: Tensor) -> tuple[CooperativeOutput, Tensor | None]:
    """Predict, and map the evidence for each image's most probable class.

    The network is in evaluation mode, frozen or not; `inputs` is what it is called with: images
    (B, 1, H, W), and gaze where it takes that.

    Returns
    -------
    CooperativeOutput
        As without Grad-CAM.
    Tensor of float32 or None, shape (B, H, W)
        Not negative, not normalised, all 0 where nothing speaks for the class; None where the
        network gives no diagnosis.
    """
    tapped: list[Tensor] = []

    def tap(_module: nn.Module, _inputs: Any, output: Any) -> Any:
        activation, replace = _tapped(output)
        leaf = activation.detach().requires_grad_()  # of a frozen network, too
        tapped.append(leaf)
        return replace(leaf)

    layer = _layer(network)
    if layer is None:
        with torch.no_grad():
            return network(*inputs), None
    hook = layer.register_forward_hook(tap)
    try:
        with torch.inference_mode(mode=False), torch.enable_grad():
            # Clones of what was made in inference mode can take part in a gradient.
            prediction: CooperativeOutput = network(*(tensor.clone() for tensor in inputs))
            if prediction.classes is None:
                raise TypeError(f"{type(network).__name__} gives no diagnosis.")
            evidence = prediction.classes.float().amax(dim=1).sum()
            (gradient,) = torch.autograd.grad(evidence, tapped[0])
    finally:
        hook.remove()
    weights = gradient.mean(dim=(2, 3), keepdim=True)
    coarse = functional.relu((weights * tapped[0]).sum(dim=1, keepdim=True)).float()
    size = inputs[0].shape[-2:]
    fine = functional.interpolate(coarse, size=size, mode="bilinear", align_corners=False)
    detached = (None if tensor is None else tensor.detach() for tensor in prediction)
    return CooperativeOutput(*detached), fine[:, 0].detach()


def _layer(network: nn.Module) -> nn.Module | None:
    """Last layer whose output has places, of networks that diagnose."""
    match network:
        case DenseClassifier():
            return network.encoder if network.classifier is not None else None
        case Fusion():
            encoder: nn.Module | None = network.trunk.encoder
            return encoder
        case UNet():
            return network.contracting if network.head is not None else None
        case InceptionResNet():
            return network.network.get_submodule("conv2d_7b")
        case GazeGNN():
            return network.stages
    return None


def _tapped(output: Any) -> tuple[Tensor, Callable[[Tensor], Any]]:
    """Give what is tapped of a layer's output, and how to put another in its place."""
    if isinstance(output, Taps):
        return output.classifier, lambda leaf: output._replace(classifier=leaf)
    if isinstance(output, list):  # levels of a U, the coarsest last
        return output[-1], lambda leaf: [*output[:-1], leaf]
    return output, lambda leaf: leaf
