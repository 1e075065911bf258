"""Losses of the multiple-instance network, equations (1) to (7) of Lanfredi et al. 2023.

Reads grid logits γ (image, label, cell), image labels, and maps of the annotated images alone.
Every factor p of a product is squeezed to [ℓ, 1], N(p) = ℓ + (1 - ℓ) p. A product of a thousand
such factors soon is 0 or 1 in float32 and its gradient explodes (to 1e9 at a common logit of 2, in
the published code), so sums of logarithms stand for products here, and log C for C: values and
gradients are right to float32's rounding at any logit, also under autocast.

Effective weights
-----------------
The two parts are reduced differently, as in the code that produced the published figures, so that
the λ of the paper mean what they meant there:

- L_I (5) is a **sum** over images and labels. An annotated image counts λ_A = 3 for each of its
  ten labels, with or without a map: without one, every cell is pushed down. Its image labels play
  no part here.
- L_T (6) is a **mean** over all B·K·H·W decoder pixels of the batch, though only labels that are
  positive in an annotated image contribute. One such map so weighs λ_T / (B·K) = 300 / 200 = 1.5
  times its mean cross-entropy a pixel. A smaller batch raises that weight, in proportion.
- The published code multiplies masked logits by zero where we leave them out; that adds the
  constant ln 2 times their share, has no gradient, and is not reproduced.
- `GazeUncertainty`, which is no part of (7), is a **mean** over all B·K·h·w cells of the batch, of
  which the same few contribute, and its ln σ counts once a batch.

Averaged over n devices of b images each, the gradient is that of n batches of b images divided by
n: the weight of a map against that of a cell follows b, not n·b.
"""

import math
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812  the name all of torch's users know

from gazescribe.pipeline.core.errors import ArrayError

Balanced = Literal["published", "all", "off"]

PRODUCT_FLOOR = 0.0056738  # least value of a balanced product, about 0.98**256 (Section 2.2.1)
RANGE_FLOOR = 0.98  # ℓ of Li et al. 2018, whatever the number of factors
TINY = 1e-20  # below it, a ratio that tends to a constant is that constant in float32
HALF = math.log(2)  # hazard at which C is one half; above it 1 - C is what is exact
DARK = -45.0  # logit of about that probability


def image_probability(logits: Tensor, *, balanced: Balanced) -> Tensor:
    """Probability C, (B, K), that a label is present, from grid logits (B, K, h, w); equation (1).

    It is in [0, 1 - ℓ^(hw)]: 0 where every cell is dark. `balanced` says where ℓ depends on the
    number of factors: in the annotated term alone ("published"), in every product ("all"), nowhere.
    """
    return -torch.expm1(-_log_hazard(_wide(logits), balanced).exp())


def image_loss(
    logits: Tensor,
    labels: Tensor,
    annotated: Tensor,
    cells: Tensor,
    *,
    balanced: Balanced,
    lambda_annotated: float,
) -> Tensor:
    """L_I of equation (5): cells of annotated images, bags of the others; a sum.

    Parameters
    ----------
    logits : Tensor, shape (B, K, h, w)
        Grid logits.
    labels : Tensor, shape (B, K)
        1 where the label is present, 0 elsewhere; used for images that are not annotated.
    annotated : Tensor of bool, shape (B,)
        Which images have maps.
    cells : Tensor of bool, shape (A, K, h, w)
        `annotated_cells` of the A annotated images, in their order in the batch; ArrayError if
        these are not as many.
    balanced : {"published", "all", "off"}
        See `image_probability`.
    lambda_annotated : float
        λ_A, weight of an annotated image; 3 in the paper (Section 2.9).
    """
    bags = bag_loss(logits, labels, balanced=balanced)[~annotated]
    marked = annotation_loss(_chosen(logits, annotated, cells), cells, balanced=balanced)
    return lambda_annotated * marked.sum() + bags.sum()


def bag_loss(logits: Tensor, labels: Tensor, *, balanced: Balanced) -> Tensor:
    """Unannotated images, equations (3) and (4): -log C where the label is present, else -log(1-C).

    Gives (B, K).
    """
    log_hazard = _log_hazard(_wide(logits), balanced)
    hazard = log_hazard.exp()
    floor = hazard.clamp(min=TINY)
    rare = log_hazard + (-torch.expm1(-floor) / floor).log()
    likely = torch.log1p(-torch.exp(-hazard.clamp(min=HALF)))
    log_probability = torch.where(hazard < HALF, rare, likely)
    return torch.where(labels > 0.5, -log_probability, hazard)


def annotation_loss(logits: Tensor, cells: Tensor, *, balanced: Balanced) -> Tensor:
    """Annotated images, equation (2): cells of the map should be lit, all others dark.

    With the balanced range, ℓ follows the number of cells on either side of the map. Gives (A, K).
    """
    logits = _wide(logits)
    lit = cells.sum(dim=(2, 3), keepdim=True).to(logits.dtype)
    counts = torch.where(cells, lit, cells.shape[2] * cells.shape[3] - lit)
    if balanced == "off":
        log_floor = torch.full_like(counts, math.log(RANGE_FLOOR))
    else:  # an empty side has no factor that could use its ℓ
        log_floor = math.log(PRODUCT_FLOOR) / counts.clamp(min=1)
    return -_log_factor(torch.where(cells, logits, -logits), log_floor).sum(dim=(2, 3))


def annotated_cells(maps: Tensor, grid: tuple[int, int], *, threshold: float) -> Tensor:
    """Cells, (A, K, h, w), that a map lights: its maximum in the cell lies above the threshold.

    Maps, (A, K, H, W), are in [0, 1]; `grid` is (h, w) of the grid logits; the threshold is 0.15 in
    the paper (Section 2.9).
    """
    return F.adaptive_max_pool2d(maps, grid) > threshold


def decoder_loss(decoder_logits: Tensor, labels: Tensor, annotated: Tensor, maps: Tensor) -> Tensor:
    """L_T of equation (6): decoded maps against the annotated ones where the label is present.

    Parameters
    ----------
    decoder_logits : Tensor, shape (B, K, H, W)
        Of the whole batch, which is what the mean is taken over.
    labels, annotated
        As for `image_loss`.
    maps : Tensor, shape (A, K, H', W')
        Maps of the A annotated images in [0, 1], in their order in the batch, ArrayError if these
        are not as many; pooled by maximum where larger than the decoder's output.

    Returns
    -------
    Tensor, shape ()
        0, with a gradient of 0, where no map counts.
    """
    logits = _wide(_chosen(decoder_logits, annotated, maps))
    positive = labels[annotated].to(logits.dtype)[:, :, None, None]
    targets = F.adaptive_max_pool2d(maps.to(logits.dtype), tuple(logits.shape[2:]))
    entropy = F.binary_cross_entropy_with_logits(logits, targets, positive, reduction="sum")
    return entropy / decoder_logits.numel()


def pooled_logits(logits: Tensor) -> Tensor:
    """Image logits (B, K) of the cross-entropy baseline: mean over cells, its CAM's logits."""
    return _wide(logits).mean(dim=(2, 3))


def pooled_loss(logits: Tensor, labels: Tensor, *, reduction: Literal["sum", "mean"]) -> Tensor:
    """Cross-entropy of the pooled head, over images and labels.

    "sum" is that of `image_loss`, so that weight decay weighs as much against it; "mean" is the
    published code's, whose gradient is smaller by their number (200). Adam undoes a factor of the
    loss, but weight decay, which is added to the gradient, then counts as much more.
    """
    pooled = pooled_logits(logits)
    return F.binary_cross_entropy_with_logits(pooled, labels.to(pooled.dtype), reduction=reduction)


class GazeUncertainty(nn.Module):
    """Class activation maps against maps of gaze, with a learned uncertainty of the gaze.

    With A the class activation map of a label, of maximum 1 (`network.gradcam`), H the map of gaze
    pooled by maximum to the same cells, and Z = B·K·h·w the cells of the batch,

        L_G = Σ (A - H)² / (2 σ² Z) + ln σ,

    summed over the labels that are present in annotated images, as L_T is. σ is one number for all,
    learned with the network; where it settles, σ² is the mean square of the differences over Z, so
    that gaze which is far from every map weighs less.

    Notes
    -----
    Lanfredi et al. 2023, Section 4, tried it without gain. This is class `LossSigma` of their code
    (train.py, lines 158 to 169); the paper prints no equation. Two things differ: ln σ is what is
    learned, not σ, whose logarithm is NaN once a step has taken it below 0; and their switch that
    also pushes the maps of absent labels to 0, off by default, is not there.

    References
    ----------
    .. [1] S. Wang et al., Follow my eye: using gaze to supervise computer-aided diagnosis, IEEE
       Trans. Med. Imaging 41, 1688-1698 (2022): attention consistency.
    .. [2] A. Kendall, Y. Gal, What uncertainties do we need in Bayesian deep learning for computer
       vision?, NeurIPS (2017), equation (5).
    """

    def __init__(self) -> None:
        super().__init__()
        self.log_sigma = nn.Parameter(torch.zeros(()))  # σ = 1, as in the published code

    def forward(self, cams: Tensor, labels: Tensor, annotated: Tensor, maps: Tensor) -> Tensor:
        """Give L_G of a batch.

        Maps of classes, (B, K, h, w), are of the whole batch, which is what the mean is taken over;
        the others are as for `decoder_loss`.
        """
        chosen = _wide(_chosen(cams, annotated, maps))
        positive = labels[annotated].to(chosen.dtype)[:, :, None, None]
        targets = F.adaptive_max_pool2d(maps.to(chosen.dtype), tuple(cams.shape[2:]))
        difference = ((chosen - targets).square() * positive).sum() / cams.numel()
        return difference / (2 * (2 * self.log_sigma).exp()) + self.log_sigma


def _wide(tensor: Tensor) -> Tensor:
    """At least float32: autocast hands over half precision."""
    return tensor.to(torch.promote_types(tensor.dtype, torch.float32))


def _chosen(tensor: Tensor, annotated: Tensor, maps: Tensor) -> Tensor:
    chosen = tensor[annotated]
    if len(chosen) != len(maps):
        raise ArrayError(f"{len(maps)} maps for {len(chosen)} annotated images of the batch.")
    return chosen


def _log_factor(logits: Tensor, log_floor: Tensor) -> Tensor:
    """Give log N(σ(γ)), from what N lacks of 1 or from what it has above ℓ, the smaller of them."""
    reach = -torch.expm1(log_floor)
    lack = reach * torch.sigmoid(-logits)
    above_floor = log_floor.exp() + reach * torch.sigmoid(logits)
    return torch.where(lack < 0.5, torch.log1p(-lack), above_floor.log())


def _log_hazard(logits: Tensor, balanced: Balanced) -> Tensor:
    """Give log H, H = -Σ_j log N(1 - σ(γ_j)), so that C = 1 - exp(-H); shape (B, K).

    A cell's -log N(1 - σ) is σ times a ratio that is constant where σ vanishes, and log σ is exact
    at any logit.
    """
    cells = logits.flatten(2)
    floor = PRODUCT_FLOOR ** (1 / cells.shape[2]) if balanced == "all" else RANGE_FLOOR
    bounded = cells.clamp(min=DARK)
    ratio = -_log_factor(-bounded, cells.new_tensor(math.log(floor))) / torch.sigmoid(bounded)
    return torch.logsumexp(F.logsigmoid(cells) + ratio.log(), dim=2)
