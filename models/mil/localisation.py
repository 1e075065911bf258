"""Maps of a network against what readers drew: one row for each drawn label and kind of map.

Where no data set that is scored has ellipses, the maps of gaze stand for them.

Evaluation compares them for its tables; training, where `mil.iou_every` asks for it, to log how
well its maps fit so far (`ValidationIou`).
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from gazescribe.models.mil.headlines import best_iou
from gazescribe.models.mil.items import MilItems
from gazescribe.models.mil.loading import evaluation_loader
from gazescribe.models.mil.maps import Maps, open_maps
from gazescribe.models.mil.network import MilNetwork, localisation_maps, probability_of
from gazescribe.models.mil.settings import MilInputs, MilRun, scored_sources
from gazescribe.pipeline.core.values import MIL_MAPS
from gazescribe.pipeline.geometry.iou import PUBLISHED_THRESHOLDS, iou_by_threshold, points_inside

Row = dict[str, Any]
Probabilities = NDArray[np.float64]


class SeenImage(NamedTuple):
    """What a network says of one image: a probability a label; by kind, maps (labels, h, w)."""

    probability: Probabilities
    maps: dict[str, NDArray[np.float32]]


class DrawnLabel(NamedTuple):
    """A label that the reader of an item drew: number of the item, number of the label."""

    item: int
    channel: int


class Masks(NamedTuple):
    """What maps of a data set are scored against: where these are above a value."""

    maps: Maps
    above: float


ABOVE = {"ellipse": 0.5, "gaze": 0.15}
"""A pixel of a mask inside an ellipse; of a map of gaze, what annotates a cell (Section 2.9)."""


def open_masks(inputs: MilInputs, run: MilRun) -> dict[str, Masks]:
    """Open what readings are scored against, by data set.

    Maps of gaze that are drawn have the size of images, masks that of shards.
    """
    sizes = dict.fromkeys(ABOVE, (run.image_size, run.image_size))
    if inputs.masks and inputs.masks.size:
        height, width = inputs.masks.size
        sizes["ellipse"] = height, width
    return {
        source.dataset: Masks(open_maps(inputs, source, sizes[source.kind]), ABOVE[source.kind])
        for source in scored_sources(inputs)
    }


def localisation(
    items: MilItems,
    seen: Iterable[SeenImage],
    masks: Mapping[str, Masks],
    limits: Sequence[float],
) -> tuple[list[Probabilities], list[Row]]:
    """Compare maps with the ellipses of each label in each reading.

    `map_row` of the items are the rows of their masks; `limits` are thresholds, rising.

    Hands on the probabilities, and gives rows of `mil_localisation`, run, model, seed and split
    apart: one for each drawn label and kind of map.
    """
    probabilities, rows = [], []
    drawn = defaultdict(list)
    for case in cases_of(items):
        drawn[case.item].append(case)
    for item, output in enumerate(seen):
        probabilities.append(output.probability)
        for case in drawn[item]:
            mask = mask_of(masks, items, case)
            about = {
                "reading_id": items.reading_id[item],
                "dicom_id": items.dicom_id[item],
                "subject_id": items.subject_id[item],
                "label": items.label_names[case.channel],
                "area_px": int(mask.sum()),
            }
            for kind, maps in output.maps.items():
                values = maps[case.channel]
                iou = iou_by_threshold(values, mask, limits).astype("f4")
                hit = points_inside(values, mask)
                rows.append({**about, "map": kind, "iou": iou, "hit": hit})
    return probabilities, rows


def seen_images(network: MilNetwork, images: Tensor, run: MilRun, *, maps: bool) -> list[SeenImage]:
    """Show a batch of images to a network; give what it says of each."""
    with torch.inference_mode():
        device = network.classifier.weight.device
        output = network(images.to(device, non_blocking=True), decode=maps)
        probability = probability_of(output.logits, run).cpu().numpy()
        tensors = localisation_maps(network, output) if maps else {}
        drawn = {kind: tensor.cpu().numpy() for kind, tensor in tensors.items()}
    return [
        SeenImage(values, {kind: arrays[row] for kind, arrays in drawn.items()})
        for row, values in enumerate(probability)
    ]


def cases_of(items: MilItems) -> list[DrawnLabel]:
    """Labels that have a mask, by item."""
    return [
        DrawnLabel(int(item), int(channel)) for item, channel in np.argwhere(items.map_row >= 0)
    ]


def mask_of(masks: Mapping[str, Masks], items: MilItems, case: DrawnLabel) -> NDArray[np.bool_]:
    """Ellipses of a case, or where its gaze was, at the masks' resolution."""
    maps, above = masks[str(items.source[case.item])]
    mask: NDArray[np.bool_] = maps[int(items.map_row[case])] > above
    return mask


class ValidationIou:
    """How well maps fit the ellipses of validation readings, every so many epochs.

    `items` are those readings, with the rows of their masks. Nothing of the network, of its
    training or of any stream of random numbers is changed.
    """

    def __init__(self, items: MilItems, inputs: MilInputs, run: MilRun) -> None:
        self._items = items
        self._run = run
        # Some hundred images: processes of their own would idle for the rest of the epoch.
        alone = replace(run, workers=0)
        self._loader = evaluation_loader(items, inputs, alone, batch_size=run.batch_size)
        self._masks = open_masks(inputs, run)

    def after(self, epoch: int, network: MilNetwork) -> dict[str, float]:
        """Score a network after an epoch, counted from 0, by kind of map.

        Where it is not the turn of the epoch, and where nothing was drawn, they are not numbers.
        """
        kinds = [kind for kind in MIL_MAPS if kind != "decoder" or self._run.decoder]
        scores = dict.fromkeys(kinds, math.nan)
        if (epoch + 1) % self._run.iou_every == 0:
            seen = (
                image
                for batch in self._loader
                for image in seen_images(network, batch["image"], self._run, maps=True)
            )
            _, rows = localisation(self._items, seen, self._masks, PUBLISHED_THRESHOLDS)
            scores |= best_iou(pd.DataFrame(rows)) if rows else {}
        return scores
