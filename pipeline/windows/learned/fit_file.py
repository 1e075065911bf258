"""The file of a fit: what gaze taught, to be looked at and to be applied to other data.

JSON: settings, odds by bin of time, and maps in seconds of gaze by cell of the chest, row by row.
It holds no reading; subjects are digests, by which a fit knows those it has learnt from.
"""

import json
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from gazescribe.pipeline.core.errors import SchemaError
from gazescribe.pipeline.core.files import replacing
from gazescribe.pipeline.core.foreign import read_json
from gazescribe.pipeline.core.yaml_files import Strict, check
from gazescribe.pipeline.dictation.places import SIDES, ZONES
from gazescribe.pipeline.windows.learned.learn import Fit
from gazescribe.pipeline.windows.learned.maps import GRID
from gazescribe.pipeline.windows.learned.mixture import Learnt, begin
from gazescribe.pipeline.windows.learned.settings import Learned

FIT_FILE = "fit.json"  # of a folder that `associate` wrote
FORMAT = "gazescribe fit 1"

Number = Annotated[float, Field(ge=0)]
Grid = Annotated[list[Number], Field(min_length=GRID * GRID, max_length=GRID * GRID)]


class PlaceMap(Strict):
    """Seconds of gaze of one label, side and zone."""

    label: str
    side: Literal["", "left", "right", "both"]
    zone: Literal["", "upper", "middle", "lower"]
    seconds: Grid


class FitFile(Strict):
    """Content of the file."""

    format: Literal["gazescribe fit 1"]
    params: Learned
    labels: list[str]
    subjects: list[str]
    n_readings: int
    odds: list[Number]
    search: Grid
    places: list[PlaceMap]


def write_fit(fit: Fit, path: Path) -> None:
    """Write a fit; maps without a second are left out."""
    learnt = fit.learnt
    places = [
        {
            "label": fit.labels[label],
            "side": SIDES[side],
            "zone": ZONES[zone],
            "seconds": learnt.places_s[label, side, zone].tolist(),
        }
        for label, side, zone in np.argwhere(learnt.places_s.any(axis=-1)).tolist()
    ]
    content = {
        "format": FORMAT,
        "params": fit.params.model_dump(),
        "labels": list(fit.labels),
        "subjects": sorted(fit.subjects),
        "n_readings": fit.n_readings,
        "odds": learnt.odds.tolist(),
        "search": learnt.search_s.tolist(),
        "places": places,
    }
    with replacing(path) as beside:
        beside.write_text(json.dumps(content, sort_keys=True) + "\n", encoding="utf-8")


def read_fit(path: Path) -> Fit:
    """Read a fit.

    Raises
    ------
    SchemaError
        If the file is absent, or does not hold what `write_fit` writes.
    """
    remedy = "Give the fit.json that `gazescribe associate --method learned` wrote."
    content: Any = read_json(path, SchemaError, remedy=remedy)
    file = check(content, FitFile, SchemaError, where=path, remedy=remedy)
    empty = begin(file.params, len(file.labels))
    faults = [f"places name the label {place.label!r}, which labels do not" for place in file.places
              if place.label not in file.labels]  # fmt: skip
    if len(file.odds) != len(empty.odds):
        faults.append(f"odds has {len(file.odds)} numbers, its params make {len(empty.odds)}")
    if faults:
        raise SchemaError("this is no fit.", where=path, remedy=remedy, faults=faults)
    places_s = empty.places_s
    for place in file.places:
        where = file.labels.index(place.label), SIDES.index(place.side), ZONES.index(place.zone)
        places_s[where] = place.seconds
    learnt = Learnt(np.array(file.odds), np.array(file.search), places_s)
    labels, subjects = tuple(file.labels), frozenset(file.subjects)
    return Fit(file.params, labels, subjects, file.n_readings, learnt)
