"""What a scan path scores that knows nothing of the image: the floors of `score-scanpaths`.

Both learn from the scan paths that other subjects' images got for the same finding, and from
nothing else: a sampler from the map of where those look, with inhibition of return, and a random
walk with their steps. Lengths and durations are drawn from theirs.
Sources: inhibition of return over the last fixations, Itti, Koch, Niebur, PAMI 20 (1998) 1254;
for about five places, Snyder and Kingstone, Q. J. Exp. Psychol. A 53 (2000) 965.
"""

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gazescribe.pipeline.scanpaths.settings import ScoreScanpaths

CELLS = 32  # of the map, a side

Floats = NDArray[np.float64]
Draw = Callable[["Elsewhere", np.random.Generator, ScoreScanpaths], Floats]


@dataclass(frozen=True)
class Elsewhere:
    """Scan paths of one finding on images of other subjects, in shares of the image's sides."""

    places: Floats  # (n, 2)
    steps: Floats  # (m,), from one fixation to the next
    durations_s: Floats  # (n,)
    lengths: NDArray[np.intp]  # (paths,)


def elsewhere(paths: Sequence[Floats]) -> Elsewhere:
    """Gather paths, each (n, 3): x and y as shares of width and height, and seconds."""
    joined = np.concatenate(paths)
    steps = [np.hypot(*np.diff(path[:, :2], axis=0).T) for path in paths]
    lengths = np.array([len(path) for path in paths])
    return Elsewhere(joined[:, :2], np.concatenate(steps), joined[:, 2], lengths)


def map_sampler(known: Elsewhere, random: np.random.Generator, params: ScoreScanpaths) -> Floats:
    """Draw a scan path from the map of the others; the last places are inhibited."""
    n = int(random.choice(known.lengths))
    density = blurred_map(known.places, params.blur)
    centres = (np.arange(CELLS) + 0.5) / CELLS
    fixated = np.empty((n, 2))
    for number in range(n):
        chance = density.copy()
        for x, y in fixated[max(number - params.inhibited, 0) : number]:
            squared = (centres[:, None] - y) ** 2 + (centres - x) ** 2
            chance *= 1 - np.exp(-squared / (2 * params.inhibition**2))
        total = np.cumsum(chance)
        cell = np.searchsorted(total, random.uniform(0, total[-1]), side="right")
        row, column = divmod(min(int(cell), CELLS**2 - 1), CELLS)
        fixated[number] = (np.array([column, row]) + random.uniform(size=2)) / CELLS
    return np.column_stack([fixated, random.choice(known.durations_s, n)])


def blurred_map(places: Floats, blur: float) -> Floats:
    """Count places on a grid, and blur; sums to 1. `blur` is a standard deviation, in sides."""
    cells = np.clip((places * CELLS).astype(int), 0, CELLS - 1)
    counts = np.zeros((CELLS, CELLS))
    np.add.at(counts, (cells[:, 1], cells[:, 0]), 1.0)
    apart = (np.arange(CELLS)[:, None] - np.arange(CELLS)) / CELLS
    kernel = np.exp(-0.5 * (apart / blur) ** 2)
    blurred: Floats = kernel @ counts @ kernel
    blurred /= blurred.sum()
    return blurred


def random_walk(known: Elsewhere, random: np.random.Generator, params: ScoreScanpaths) -> Floats:  # noqa: ARG001  as `map_sampler`
    """Walk from the middle of the image in steps of the others' lengths, in any direction.

    The borders of the image reflect.
    """
    n = int(random.choice(known.lengths))
    place, fixated = np.array([0.5, 0.5]), np.empty((n, 2))
    for number in range(n):
        fixated[number] = place
        length = float(random.choice(known.steps)) if len(known.steps) else 0.0
        angle = random.uniform(0, 2 * np.pi)
        place = _reflected(place + length * np.array([np.cos(angle), np.sin(angle)]))
    return np.column_stack([fixated, random.choice(known.durations_s, n)])


def _reflected(place: Floats) -> Floats:
    folded = np.mod(place, 2.0)
    reflected: Floats = np.minimum(folded, 2.0 - folded)
    return reflected


FLOORS: dict[str, Draw] = {"map_sampler": map_sampler, "random_walk": random_walk}


def drawn(floor: str, known: Elsewhere, scanpath: str, params: ScoreScanpaths) -> list[Floats]:
    """Draw the paths of a floor for one scan path: the same in any order and on any machine."""
    paths = []
    for number in range(params.n_draws):
        seeds = [params.seed, number, zlib.crc32(f"{floor} {scanpath}".encode())]
        paths.append(FLOORS[floor](known, np.random.default_rng(seeds), params))
    return paths
