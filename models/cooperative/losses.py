"""Losses of the cooperative network and of what it is compared with.

Source: Qiu, Rivaz, Xiao 2025, III; `spec/cooperative.md` 2, 3, 7. All are computed in float32, also
under autocast.
"""

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

Mining = Literal["all", "hard"]
Weighing = Literal["published", "paper"]

EPSILON = 1e-6
"""Added to differences before the norm, as torch's triplet loss does."""


def saliency_loss(logits: Tensor, targets: Tensor, valid: Tensor | None = None) -> Tensor:
    """Kullback-Leibler divergence KL(target || prediction), mean over the batch, in nats.

    All tensors have shape (B, 1, H, W). The softmax of the logits over the pixels is the
    prediction; targets are not negative, of any sum, and a map without gaze adds nothing. Both
    distributions are over the `valid` pixels, those on the image, alone; without them, as
    published, over all, padding included. Terms of pixels where the target is 0 are 0; nothing is
    added to avoid logarithms of 0.
    """
    on = None if valid is None else valid.flatten(1)
    log_p = log_prediction(logits, valid).flatten(1)
    mass = targets.float().flatten(1)
    if on is not None:
        mass = mass * on
        log_p = log_p.masked_fill(~on, 0)
    mass = mass / mass.sum(dim=1, keepdim=True).clamp(min=torch.finfo(mass.dtype).tiny)
    return functional.kl_div(log_p, mass, reduction="batchmean")


def log_prediction(logits: Tensor, valid: Tensor | None = None) -> Tensor:
    """Logarithm of the predicted distribution over pixels; minus infinity outside `valid`."""
    flat = logits.float().flatten(1)
    if valid is not None:
        flat = flat.masked_fill(~valid.flatten(1), -torch.inf)
    return flat.log_softmax(dim=1).view_as(logits)


def distribution(logits: Tensor) -> Tensor:
    """Softmax over all pixels, in float64, (B, H, W)."""
    flat = logits.double().flatten(1).softmax(dim=1)
    return flat.view(len(logits), *logits.shape[-2:])


def triplet_loss(
    embeddings: Tensor,
    classes: Tensor,
    *,
    mining: Mining = "all",
    margin: float = 1.0,
    normalise: bool = False,
) -> Tensor:
    """Triplet loss max(0, d(a, p) - d(a, n) + margin), mean over triplets.

    Embeddings, (B, D), are as `DenseClassifier.embed` gives them; positives share the class of the
    anchor, negatives do not. Mining takes all triplets of the batch, or for each anchor its
    farthest positive and nearest negative ("hard"). The margin is 1 for vectors as they are; 0.2 to
    0.5 for those brought to unit length (`normalise`). 0, with a gradient of 0, where the batch has
    no triplet.
    """
    from pytorch_metric_learning.distances import LpDistance
    from pytorch_metric_learning.losses import TripletMarginLoss
    from pytorch_metric_learning.miners import BatchHardMiner
    from pytorch_metric_learning.reducers import MeanReducer

    embeddings = embeddings.float()
    distance = LpDistance(normalize_embeddings=normalise)
    triplets = BatchHardMiner(distance=distance)(embeddings, classes) if mining == "hard" else None
    # Its default reducer would leave out triplets whose loss is 0.
    criterion = TripletMarginLoss(margin=margin, distance=distance, reducer=MeanReducer())
    loss: Tensor = criterion(embeddings, classes, triplets)
    return loss


def published_triplet_loss(features: Tensor, classes: Tensor, *, margin: float = 1.0) -> Tensor:
    """Triplet loss of the published code: distances of rows of feature maps, summed over triplets.

    Maps, F4 of the encoder, (B, C, H, W), are not pooled, so that torch takes each row of each
    channel for a vector; the hinge applies to each, and their mean is a triplet's loss. The sum
    grows with the triplets of a batch; 0 where there is none.
    """
    rows = features.float()
    total = rows.sum() * 0
    for anchor, label in enumerate(classes):
        alike = classes == label
        alike[anchor] = False
        apart = (rows[anchor] - rows + EPSILON).norm(dim=-1).flatten(1)
        positive, negative = apart[alike], apart[classes != label]
        hinge = functional.relu(positive[:, None] - negative[None] + margin)
        total = total + hinge.mean(dim=2).sum() if len(hinge) else total
    return total


class UncertaintyWeights(nn.Module):
    """Weigh two losses by learned uncertainties, as MT-UNet does.

    L = L_c / s_c² + ln(s_c + 1) + L_s / (2 s_s²) + ln(s_s + 1), where s are exponentials of learned
    numbers that start at 0. The published runs learn s_c alone and keep s_s at 1; the paper speaks
    of learning both.
    """

    def __init__(self, weighing: Weighing = "paper") -> None:
        super().__init__()
        self.log_sigma_classes = nn.Parameter(torch.zeros(()))
        fixed = nn.Buffer(torch.zeros(()), persistent=False)
        learned = nn.Parameter(torch.zeros(()))
        self.log_sigma_saliency = fixed if weighing == "published" else learned

    def forward(self, classes: Tensor, saliency: Tensor) -> Tensor:
        """Join the losses of the diagnosis and of the saliency map."""
        sigma_c, sigma_s = self.log_sigma_classes.exp(), self.log_sigma_saliency.exp()
        return (
            classes / sigma_c**2 + sigma_c.log1p() + saliency / (2 * sigma_s**2) + sigma_s.log1p()
        )
