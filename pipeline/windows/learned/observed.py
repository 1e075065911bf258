"""Readings as the model sees them: fixations in the frame of the chest, and what was said when."""

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gazescribe.pipeline.core.values import OF_MIMIC
from gazescribe.pipeline.dictation.label_maps import LabelMap
from gazescribe.pipeline.dictation.places import PlaceWords
from gazescribe.pipeline.windows.learned.settings import Learned
from gazescribe.pipeline.windows.learned.timing import bin_edges_s
from gazescribe.pipeline.windows.settings import Associate
from gazescribe.pipeline.windows.windows import Columns, find_windows

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Said:
    """A sentence that mentions labels: its bins in time, and the place it names."""

    sentence: int
    edges_s: FloatArray
    labels: tuple[str, ...]
    side: int  # of `places.SIDES`
    zone: int  # of `places.ZONES`


@dataclass(frozen=True)
class Observed:
    """One reading. `x` and `y` are 0 to 1 across and down its chest box, or its image."""

    reading_id: str
    subject: str
    split: str | None
    onset_s: FloatArray  # of the fixations, as the next three
    offset_s: FloatArray
    x: FloatArray
    y: FloatArray
    said: tuple[Said, ...]


def observe(
    reading: Mapping[str, Any],
    tables: Mapping[str, Columns],
    *,
    params: Associate,
    learned: Learned,
    label_map: LabelMap,
    words: PlaceWords,
) -> Observed:
    """Take from a reading what the model looks at; `tables` are those of `associate_reading`.

    Its table `regions` may hold the box `chest`.
    """
    sentences = []
    for window in find_windows(reading, tables, params, label_map, Counter()):
        if window.kind == "sentence" and window.sentence is not None:
            text = str(reading["text"])[window.char_start : window.char_end]
            edges_s = bin_edges_s(window.sentence, tables["sentences"], learned)
            place = words.place_of(text)
            sentences.append(Said(window.sentence, edges_s, window.labels, *place))
    fixations = tables["fixations"]
    x, y = _in_chest(reading, fixations, tables["regions"])
    return Observed(
        str(reading["reading_id"]),
        _subject(reading),
        reading["split"],
        fixations["onset_s"].astype(float),
        fixations["offset_s"].astype(float),
        x,
        y,
        tuple(sentences),
    )


def _subject(reading: Mapping[str, Any]) -> str:
    """Name a subject in a fit; data sets of MIMIC share their subjects, others do not.

    A digest, so that a fit names nobody; whoever has a list of subjects can find them in it.
    """
    dataset = "mimic" if reading["dataset"] in OF_MIMIC else reading["dataset"]
    name = f"{dataset} {reading['subject_id']}"
    return hashlib.blake2b(name.encode(), digest_size=8).hexdigest()


def _in_chest(
    reading: Mapping[str, Any], fixations: Columns, regions: Columns
) -> tuple[FloatArray, FloatArray]:
    box = {"xmin_px": 0, "ymin_px": 0, "xmax_px": reading["width_px"]}
    box["ymax_px"] = reading["height_px"]
    chest = np.flatnonzero(regions["region"] == "chest")
    if len(chest):
        box = {side: float(regions[side][chest[0]]) for side in box}
    axes = []
    for axis in ("x", "y"):
        low, high = box[f"{axis}min_px"], box[f"{axis}max_px"]
        axes.append((fixations[f"{axis}_px"].astype(float) - low) / max(high - low, 1.0))
    return axes[0], axes[1]
