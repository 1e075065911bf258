"""What both systems need to log and to validate."""

from typing import Any

import torch
from torch import Tensor
from torchmetrics.functional.classification import binary_auroc
from torchmetrics.utilities.distributed import gather_all_tensors

NOTHING_LEARNT = 0.5
"""AUROC that stands for none."""


def by_epoch(n: int) -> dict[str, Any]:
    """Options of `self.log` for a value of each step, over n images, wanted by epoch."""
    return {"on_step": False, "on_epoch": True, "batch_size": n, "sync_dist": True}


def gathered(column: Tensor) -> Tensor:
    """Rows of all processes that train together."""
    if not torch.distributed.is_initialized():
        return column
    return torch.cat(gather_all_tensors(column))


def macro_auroc(probability: Tensor, labels: Tensor) -> tuple[float, int]:
    """Mean AUROC over the labels that some images have and some have not.

    Probabilities and labels have shape (n, labels). Gives `NOTHING_LEARNT` where no label can be
    scored; and how many were.
    """
    positive = labels > 0.5
    varied = positive.any(dim=0) & ~positive.all(dim=0)
    scored = varied.nonzero().flatten().tolist()
    if not scored:
        return NOTHING_LEARNT, 0
    aurocs = [binary_auroc(probability[:, k], positive[:, k].long()) for k in scored]
    return float(torch.stack(aurocs).mean()), len(scored)
