"""Which readings of REFLACX to make: ids, images, and edge cases that a program must survive.

Each edge case is given to a stated share of the readings. Header-only ellipses, negative
coordinates, quoted commas and five readers an image come of themselves.
Source: spec REFLACX A2, A3, A16 and D2.9.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from gazescribe.pipeline.demo.cases import Film
from gazescribe.pipeline.demo.drawn import FILM, Drawn, Row
from gazescribe.pipeline.demo.gaze import Gaze
from gazescribe.pipeline.demo.population import (
    READERS,
    RELEASE_READINGS,
    Population,
    draw_film,
    findings_of,
)
from gazescribe.pipeline.demo.readings import PUNCTUATION, Reading
from gazescribe.pipeline.demo.settings import Demo

DISCARDED_RATE = 20 / RELEASE_READINGS  # A3; all in phases 1 and 2


@dataclass(frozen=True)
class EdgeCase:
    """Which readings can have it: phases, and a finding of the image (any = any but devices)."""

    phases: tuple[int, ...] = (1, 2, 3)
    finding: str | None = None


EDGE_CASES: dict[str, EdgeCase] = {
    "discarded": EdgeCase((1, 2)),
    "chest box outside": EdgeCase(),
    "ellipse outside": EdgeCase((3,), "any"),
    "other list": EdgeCase(),
    "other comma": EdgeCase(),
    "device ellipse": EdgeCase((3,), "support devices"),
    "left-over certainty": EdgeCase((1,)),
    "coarse word times": EdgeCase((1,)),
    "no final period": EdgeCase(),
    "sentence without fixation": EdgeCase((3,), "any"),
    "words without length": EdgeCase(),
    "gaze before audio": EdgeCase(),
    "window in exponent form": EdgeCase(),
}


@dataclass(frozen=True)
class ReadingPlan:
    """One reading to make; all that a worker needs."""

    reading_id: str
    number: int
    phase: int
    case: Film
    edge_cases: frozenset[str]
    with_samples: bool


PLAN = np.dtype(
    [
        ("film", FILM),
        ("number", "i4"),
        ("phase", "i1"),
        ("trial", "i4"),
        ("digits", "i4"),
        ("edge_cases", "u2"),  # a bit each
        ("with_samples", "?"),
    ]
)
"""What the plan of a reading is drawn from."""


def plan_readings(
    population: Population, settings: Demo, *, with_samples: bool
) -> Drawn[ReadingPlan]:
    """Give every reading its id, image and edge cases; some get `gaze.csv` if `with_samples`."""
    rng = np.random.default_rng([settings.seed, 2])
    parts = []
    for phase, first_trial in ((1, 2), (2, 1), (3, 0)):
        films = population.phases[phase].rows
        part = np.zeros(len(films), PLAN)
        part["film"], part["phase"] = films, phase
        part["trial"] = first_trial + np.arange(len(films)) if phase < 3 else 0
        parts.append(np.repeat(part, READERS if phase < 3 else 1))
    rows = np.concatenate(parts)
    rows["number"] = np.arange(len(rows))
    rows["digits"] = rng.choice(1_000_000, len(rows), replace=False)
    findings = [findings_of(codes) for codes in rows["film"]["findings"].tolist()]
    edge_cases = assign_edge_cases(
        settings.seed, rows["phase"].tolist(), findings, settings.edge_case_rate
    )
    rows["edge_cases"] = [_as_bits(names) for names in edge_cases]
    if with_samples:
        sampled = [k for k, names in enumerate(edge_cases) if "discarded" not in names]
        rows["with_samples"][sampled[: settings.gaze_readings]] = True
    return Drawn(rows, partial(_plan, seed=settings.seed))


def _plan(row: Row, *, seed: int) -> ReadingPlan:
    phase, trial = int(row["phase"]), int(row["trial"])
    names = (name for k, name in enumerate(EDGE_CASES) if row["edge_cases"] >> k & 1)
    return ReadingPlan(
        reading_id=f"P{phase}{trial:02d}R{row['digits']:06d}",
        number=int(row["number"]),
        phase=phase,
        case=draw_film(row["film"], seed=seed),
        edge_cases=frozenset(names),
        with_samples=bool(row["with_samples"]),
    )


def _as_bits(names: frozenset[str]) -> int:
    return sum((name in names) << k for k, name in enumerate(EDGE_CASES))


def assign_edge_cases(
    seed: int, phases: Sequence[int], findings: Sequence[Collection[str]], rate: float
) -> list[frozenset[str]]:
    """Draw which readings, each with its phase and findings, have which of `EDGE_CASES`.

    `rate` is a share of the readings that can have it; at least one gets it. A discarded reading
    has no other.
    """
    rng = np.random.default_rng([seed, 3])
    cases_of_readings: dict[int, set[str]] = {}
    discarded: set[int] = set()
    for name, edge in EDGE_CASES.items():
        able = [
            number
            for number, phase in enumerate(phases)
            if phase in edge.phases
            and _has(findings[number], edge.finding)
            and number not in discarded
        ]
        count = rate * len(able) if name != "discarded" else DISCARDED_RATE * len(phases)
        for place in rng.permutation(len(able))[: max(1, round(count))]:
            cases_of_readings.setdefault(able[place], set()).add(name)
            if name == "discarded":
                discarded.add(able[place])
    none: frozenset[str] = frozenset()
    named = {number: frozenset(names) for number, names in cases_of_readings.items()}
    return [named.get(number, none) for number in range(len(phases))]


def _has(findings: Collection[str], finding: str | None) -> bool:
    if finding == "any":
        return any(name != "support devices" for name in findings)
    return finding is None or finding in findings


def apply_to_reading(
    rng: np.random.Generator, reading: Reading, edge_cases: frozenset[str]
) -> Reading:
    """Change what is said and looked at; the truth stays that of the changed reading."""
    if "no final period" in edge_cases:
        reading = _without_final_period(reading)
    if "words without length" in edge_cases:
        reading = _with_untimed_words(rng, reading)
    if "sentence without fixation" in edge_cases and reading.visits:
        reading = replace(reading, gaze=_blinded(reading))
    if "gaze before audio" in edge_cases:
        reading = replace(reading, gaze=_earlier(rng, reading.gaze))
    return reading


def _without_final_period(reading: Reading) -> Reading:
    report = reading.report
    *sentences, last = report.sentences
    shorter = replace(last, end_token=last.end_token - 1)
    changed = replace(report, tokens=report.tokens[:-1], sentences=(*sentences, shorter))
    return replace(
        reading, report=changed, onset_s=reading.onset_s[:-1], offset_s=reading.offset_s[:-1]
    )


def _with_untimed_words(rng: np.random.Generator, reading: Reading) -> Reading:
    """Two words that a corrector put in where the recogniser had heard none."""
    firsts = {sentence.first_token for sentence in reading.report.sentences}
    inner = [
        number
        for number, token in enumerate(reading.report.tokens)
        if number not in firsts and token not in PUNCTUATION
    ]
    onset_s, offset_s = reading.onset_s.copy(), reading.offset_s.copy()
    for place in rng.permutation(len(inner))[:2]:
        number = inner[place]
        onset_s[number] = offset_s[number] = offset_s[number - 1]
    return replace(reading, onset_s=onset_s, offset_s=offset_s)


def _blinded(reading: Reading) -> Gaze:
    """Lose the eyes during the last sentence about a place, and for 6 s before it."""
    visit = reading.visits[-1]
    sentence = reading.report.sentences[visit.sentence]
    begin = float(reading.onset_s[sentence.first_token]) - 6.0
    end = float(reading.offset_s[sentence.end_token - 1])
    gaze = reading.gaze
    outside = (gaze.offset_s < begin) | (gaze.onset_s > end)
    outside[0] = True  # no reading is without a fixation
    return gaze.where(outside)


def _earlier(rng: np.random.Generator, gaze: Gaze) -> Gaze:
    """Two fixations before the audio begins."""
    begins = np.array([-0.738, -0.204])
    return Gaze(
        np.append(begins, gaze.onset_s),
        np.append(begins + np.array([0.452, 0.213]), gaze.offset_s),
        np.append(gaze.x_px[0] + rng.normal(0, 10, 2), gaze.x_px),
        np.append(gaze.y_px[0] + rng.normal(0, 10, 2), gaze.y_px),
        np.append([-1, -1], gaze.visit),
    )
