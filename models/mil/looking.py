"""What a network says of items: probabilities, maps; and the masks that readers drew of them."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gazescribe.models.core.config import Config
from gazescribe.models.mil.items import Items
from gazescribe.models.mil.loading import evaluation_loader
from gazescribe.models.mil.maps import localisation_maps
from gazescribe.models.mil.network import MilNetwork
from gazescribe.models.mil.settings import MilRun
from gazescribe.models.mil.trained import probability_of
from gazescribe.pipeline.core.console import progress
from gazescribe.pipeline.core.shards import Shards

Probabilities = NDArray[np.float64]


class Seen(NamedTuple):
    """What a network says of one image: ten probabilities; by kind, maps of (10, h, w)."""

    probability: Probabilities
    maps: dict[str, NDArray[np.float32]]


class Case(NamedTuple):
    """A label that the reader of an item drew: number of the item, number of the label."""

    item: int
    channel: int


def look(
    network: MilNetwork, items: Items, run: MilRun, config: Config, *, maps: bool
) -> Iterator[Seen]:
    """Show items to a network, batch by batch; give what it says of each, in their order."""
    size = config.evaluation.batch_size
    loader = evaluation_loader(items, config.inputs, run, batch_size=size)
    for batch in progress(loader, run.name, total=len(loader)):
        yield from _seen(network, batch["image"], run, maps=maps)


def _seen(network: MilNetwork, images: Tensor, run: MilRun, *, maps: bool) -> list[Seen]:
    with torch.inference_mode():
        output = network(images.to(network.classifier.weight.device), decode=maps)
        probability = probability_of(output.logits, run).cpu().numpy()
        tensors = localisation_maps(network, output) if maps else {}
        drawn = {kind: tensor.cpu().numpy() for kind, tensor in tensors.items()}
    return [
        Seen(values, {kind: arrays[row] for kind, arrays in drawn.items()})
        for row, values in enumerate(probability)
    ]


def cases_of(items: Items) -> list[Case]:
    """Labels that have a mask, by item."""
    return [Case(int(item), int(channel)) for item, channel in np.argwhere(items.map_row >= 0)]


def mask_of(masks: Shards, items: Items, case: Case) -> NDArray[np.bool_]:
    """Ellipses of a case, at the masks' resolution."""
    mask: NDArray[np.bool_] = masks[int(items.map_row[case])] > 0.5
    return mask
