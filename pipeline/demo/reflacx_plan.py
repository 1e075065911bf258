"""Which readings of REFLACX to make: ids, images, edge cases.

Source: spec REFLACX A2, A3.
"""

from dataclasses import dataclass

import numpy as np

from gazescribe.pipeline.demo.cases import Case
from gazescribe.pipeline.demo.edge_cases import assign_edge_cases
from gazescribe.pipeline.demo.population import READERS, Population
from gazescribe.pipeline.demo.settings import Demo


@dataclass(frozen=True)
class ReadingPlan:
    """One reading to make; all that a worker needs."""

    reading_id: str
    number: int
    phase: int
    case: Case
    edge_cases: frozenset[str]
    with_samples: bool


def plan_readings(
    population: Population, settings: Demo, *, with_samples: bool
) -> list[ReadingPlan]:
    """Give every reading its id, image and edge cases.

    Parameters
    ----------
    population : Population
        Images by phase.
    settings : Demo
        For the seed, the rate of edge cases, and how many readings get `gaze.csv`.
    with_samples : bool
        Whether any gets `gaze.csv`.
    """
    rng = np.random.default_rng([settings.seed, 2])
    readings = [
        (phase, f"P{phase}{place + 3 - first:02d}R" if phase < 3 else "P300R", case)
        for phase, first in ((1, 1), (2, 2), (3, 0))
        for place, case in enumerate(population.phases[phase])
        for _ in range(READERS if phase < 3 else 1)
    ]
    digits = rng.choice(1_000_000, len(readings), replace=False)
    edge_cases = assign_edge_cases(
        settings.seed, [(phase, case) for phase, _, case in readings], settings.edge_case_rate
    )
    sampled = [k for k, names in enumerate(edge_cases) if "discarded" not in names]
    sampled = sampled[: settings.gaze_readings] if with_samples else []
    return [
        ReadingPlan(f"{prefix}{digits[k]:06d}", k, phase, case, edge_cases[k], k in sampled)
        for k, (phase, prefix, case) in enumerate(readings)
    ]
