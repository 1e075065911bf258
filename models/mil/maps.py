"""Maps of where a label is seen: decoder, spatial activations, Grad-CAM (Section 2.9).

Grad-CAM needs no backward pass here. It weighs each channel of the activations by the sum over
cells of ∂C_k/∂a, and logits are a 1x1 convolution w of the activations, so that weight is w times
one number for the whole image, G = Σ_j ∂C_k/∂γ_j. C_k rises with the logit of every cell, so G is
positive, and the map, divided by its maximum, is

    ReLU(Σ_c w_c a_c) / max = ReLU(γ - b_k) / max ReLU(γ - b_k).

Where C_k saturates, G underflows to 0 in float32 and the published map is empty; this one is the
limit. The pooled head's gradient is the same in every cell: its Grad-CAM has the same form.
"""

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812  the name all of torch's users know

from gazescribe.models.mil.network import MilNetwork, Output

EMPTY = 1e-20  # added to a maximum by the published code: a map without a lit cell stays 0


def localisation_maps(network: MilNetwork, output: Output) -> dict[str, Tensor]:
    """Give every map of a batch, each at its own resolution.

    Returns
    -------
    dict of str to Tensor, shapes (B, 10, h, w), float32 in [0, 1]
        `spatial` and `gradcam` at the grid; `decoder` at eight times that, where it was run.
    """
    maps = {
        "spatial": torch.sigmoid(output.logits.float()),
        "gradcam": gradcam(output.activations, network.classifier.weight),
    }
    if output.decoder_logits is not None:
        maps["decoder"] = torch.sigmoid(output.decoder_logits.float())
    return maps


def gradcam(activations: Tensor, weight: Tensor) -> Tensor:
    """Grad-CAM of C_k at the activations, in closed form.

    Parameters
    ----------
    activations : Tensor, shape (B, C, h, w)
        Output of the head.
    weight : Tensor, shape (K, C, 1, 1)
        Of the 1x1 convolution that makes logits of them.

    Returns
    -------
    Tensor of float32, shape (B, K, h, w)
        Maximum 1; all 0 where no cell's logit is above the bias b_k.
    """
    lit = F.conv2d(activations.float(), weight.float()).float().clamp(min=0)
    return lit / (lit.amax(dim=(2, 3), keepdim=True) + EMPTY)
