"""Maps of a batch drawn where the network is, from the numbers that loader processes send.

On a GPU that takes a hundredth of the bytes of the maps themselves. Processes that load for a CPU
draw themselves, beside the training (`models.core.device.Machine.draws`).
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from gazescribe.models.core.loaders import Tensors
from gazescribe.pipeline.geometry.placed import DRAWN, MAP, Picture, draw_maps, draw_masks

PLACED = ("gaussians", "ellipses")
"""Parts of items and batches that are to be drawn: rows of `geometry.placed`, of any number."""


def is_placed(item: Tensors) -> bool:
    """Tell whether an item has maps that are still to be drawn."""
    return any(name in item for name in PLACED)


def join_placed(items: Sequence[Tensors], n_maps: int) -> Tensors:
    """Put the rows of items together; their maps, so many each, count on from item to item."""
    parts: dict[str, list[Tensor]] = {}
    for number, item in enumerate(items):
        for name in PLACED:
            if name in item:
                rows = item[name].clone()
                rows[:, MAP] += number * n_maps
                parts.setdefault(name, []).append(rows)
    return {name: torch.cat(rows) for name, rows in parts.items()}


def draw_batch(
    batch: Mapping[str, Tensor], shape: tuple[int, int, int, int], device: torch.device
) -> Tensor:
    """Draw the maps of a batch on a device.

    Parameters
    ----------
    batch : mapping of str to Tensor
        With some of `PLACED`, on the CPU, as `join_placed` gives them.
    shape : tuple of int
        Items, maps an item, height and width.

    Returns
    -------
    Tensor of float16
        The numbers that a CPU draws, to float16's rounding.
    """
    n_items, n_maps, *size = shape
    picture = Picture.of((size[0], size[1]), torch, device=device)
    maps = torch.zeros(shape, dtype=torch.float16, device=device)
    for name in PLACED:
        if name not in batch:
            continue
        rows = batch[name].numpy()
        on = batch[name][:, DRAWN].to(device, non_blocking=True)
        bounds = np.searchsorted(rows[:, MAP], np.arange(n_items + 1) * n_maps).tolist()
        for item, (begin, end) in enumerate(pairwise(bounds)):
            if begin == end:
                continue
            of_item = rows[begin:end].copy()
            of_item[:, MAP] -= item * n_maps
            if name == "gaussians":
                maps[item] = draw_maps(of_item, n_maps, picture, on[begin:end])
            else:
                maps[item] = draw_masks(of_item, n_maps, picture)
    return maps
