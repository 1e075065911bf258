"""Readings with a planted truth: gaze is on a finding from 1 s before it is named."""

import numpy as np

from gazescribe.pipeline.commands.params import load_params
from gazescribe.pipeline.windows.learned.observed import Observed, Said
from gazescribe.pipeline.windows.learned.timing import bin_edges_s

LABELS = ("Edema", "Fracture")
PLACES = {"Edema": (0.3, 0.7), "Fracture": (0.7, 0.3)}
PARAMS = load_params().learned
SENTENCES = {  # 6 s each, of which 3 s are spoken
    "onset_s": np.array([6.0, 12.0, 18.0]),
    "offset_s": np.array([9.0, 15.0, 21.0]),
}


def settings(**changes):
    return PARAMS.model_copy(update=changes)


def observed(number=0, split="train", subject=None, params=PARAMS, places=PLACES):
    """Search for 5 s and around the sentences; sentence 0 says edema, 1 nothing, 2 fracture."""
    random = np.random.default_rng(number)
    onset_s = np.arange(0, 24, 0.3) + random.uniform(0, 0.05, 80)
    offset_s = onset_s + 0.24
    place = random.uniform(-0.1, 1.1, (80, 2))
    for begin_s, end_s, label in ((5, 8.5, "Edema"), (17, 20.5, "Fracture")):
        on_it = (onset_s >= begin_s) & (onset_s < end_s)
        place[on_it] = random.normal(places[label], 0.04, (on_it.sum(), 2))
    said = [
        Said(sentence, bin_edges_s(sentence, SENTENCES, params), (label,), side, zone)
        for sentence, label, side, zone in ((0, "Edema", 1, 3), (2, "Fracture", 2, 1))
    ]
    name = f"R{number:03}"
    return Observed(name, subject or f"S{number}", split, onset_s, offset_s, *place.T, tuple(said))


def several(n=8, **changes):
    return [observed(number, **changes) for number in range(n)]
