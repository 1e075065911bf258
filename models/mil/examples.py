"""Pictures and maps of some test cases, for Figure 4: radiograph, ellipses, maps."""

import hashlib
from collections import defaultdict
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gazescribe.models.core.config import Config
from gazescribe.models.core.images import open_images
from gazescribe.models.mil.items import Items
from gazescribe.models.mil.looking import Case, cases_of, look, mask_of
from gazescribe.models.mil.network import MilNetwork
from gazescribe.models.mil.settings import MilRun
from gazescribe.pipeline.core.class_names import TEN_LABELS
from gazescribe.pipeline.core.shards import Shards

MOST = 256
"""Cases that are kept: some 70 MB for frames of 512 pixels."""


def examples(
    network: MilNetwork, items: Items, masks: Shards, run: MilRun, config: Config
) -> dict[str, NDArray[Any]] | None:
    """Keep pictures and maps of some test cases, the same ones for every run.

    Returns
    -------
    dict of str to ndarray
        reading_id and label (n,); image uint8 and mask bool (n, height, width), in the frame of the
        masks; of each kind, maps float16 (n, h, w). None without a case.
    """
    cases = drawn_cases(items)
    if not cases:
        return None
    shown = sorted({case.item for case in cases})
    images = open_images(config.inputs.images, (run.image_size, run.image_size))
    few = items.take(np.array(shown, int), "no example")
    seen = look(network, few, run, config, maps=True)
    columns: defaultdict[str, list[NDArray[Any]]] = defaultdict(list)
    for output, (item, of_item) in zip(seen, groupby(cases, lambda case: case.item), strict=True):
        image = images[int(items.image_row[item])][0].numpy()
        for case in of_item:
            mask = mask_of(masks, items, case)
            columns["mask"].append(mask)
            columns["image"].append(enlarged(image, mask))
            for kind, values in output.maps.items():
                columns[kind].append(values[case.channel].astype(np.float16))
    return {
        "reading_id": items.reading_id[[case.item for case in cases]],
        "label": np.array([TEN_LABELS[case.channel] for case in cases], str),
        **{name: np.stack(arrays) for name, arrays in columns.items()},
    }


def drawn_cases(items: Items) -> list[Case]:
    """Draw `MOST` cases by their names, whatever the run and whatever else is in the list.

    Where there are no more, these are all; else the best and worst of Figure 4 are those of a
    random sample.
    """

    def lot(case: Case) -> bytes:
        name = f"{items.reading_id[case.item]}:{TEN_LABELS[case.channel]}"
        return hashlib.sha256(name.encode()).digest()

    return sorted(sorted(cases_of(items), key=lot)[:MOST])


def enlarged(image: NDArray[np.uint8], mask: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Bring an image to the frame of a mask by nearest neighbour."""
    y, x = (np.arange(n) * length // n for n, length in zip(mask.shape, image.shape, strict=True))
    return image[np.ix_(y, x)]
