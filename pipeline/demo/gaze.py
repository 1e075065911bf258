"""Where a radiologist looks: a silent search, then each finding a planted lag before it is named.

The reader searches the whole chest; the eyes arrive at a finding `lag_s` before the first word of
its sentence, stay while it is dictated, and leave for the next one when that one's lag says so, or
a little before the period. Some fixations wander, some leave the image.
Source: spec REFLACX A6, A13, A14 and D2.5; EGD 11 for the other tracker's `Pace`.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gazescribe.pipeline.demo.cases import Anatomy, Box, Ellipse, Lesion, inscribed
from gazescribe.pipeline.demo.reports import Report
from gazescribe.pipeline.demo.settings import Demo

SHORTEST_VISIT_S = 0.5
SHORTEST_FIXATION_S = 0.05
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Pace:
    """Rhythm of fixations as one tracker reports them."""

    median_s: float = 0.22  # log-normal, mean 0.26 (spec REFLACX A14)
    log_sd: float = 0.58
    longest_s: float = 1.5
    gap_s: tuple[float, float] = (0.03, 0.06)  # saccades
    blink_rate: float = 0.04  # of gaps
    blink_s: tuple[float, float] = (0.15, 0.3)


REFLACX_PACE = Pace()


@dataclass(frozen=True)
class Visit:
    """A stay of the eyes on what one sentence speaks of; ellipses in fractions of the image."""

    sentence: int
    lag_s: float
    onset_s: float
    offset_s: float
    ellipses: tuple[Ellipse, ...]


@dataclass(frozen=True)
class Gaze:
    """Fixations in time order.

    Attributes
    ----------
    onset_s, offset_s : ndarray of float64, shape (n,)
        Milliseconds are the finest unit; never overlapping, each end after its start.
    x_px, y_px : ndarray of float64, shape (n,)
        As the tracker saw them; may lie outside the image.
    visit : ndarray of int, shape (n,)
        The visit during which the eyes were meant to be on a finding and were; -1 for search,
        wandering and off the image.
    """

    onset_s: Floats
    offset_s: Floats
    x_px: Floats
    y_px: Floats
    visit: NDArray[np.int64]

    def where(self, mask: NDArray[np.bool_]) -> "Gaze":
        """Give the fixations for which the mask is true."""
        times_s = self.onset_s[mask], self.offset_s[mask]
        return Gaze(*times_s, self.x_px[mask], self.y_px[mask], self.visit[mask])


def draw_lags(rng: np.random.Generator, n: int, settings: Demo) -> Floats:
    """Draw by how much gaze precedes each of n sentences, in whole milliseconds, at least 0.1 s."""
    lags = rng.normal(settings.lag_s, settings.lag_spread_s, n)
    return np.asarray(np.maximum(lags, 0.1).round(3), dtype=np.float64)


def plan_visits(
    report: Report,
    lesions: Sequence[Lesion],
    anatomy: Anatomy,
    times_s: tuple[Floats, Floats],
    lags_s: Floats,
    settings: Demo,
) -> tuple[Visit, ...]:
    """Say when the eyes are on what, for every sentence that speaks of a place.

    `times_s` are onsets and offsets of the report's tokens; `lags_s`, one a sentence, come from
    `draw_lags`. Visits are in order and do not overlap. A visit starts its lag before its sentence
    unless the one before has lasted less than half a second by then; `lag_s` is what it came to.
    """
    onsets, offsets = times_s
    visits: list[Visit] = []
    for number, sentence in enumerate(report.sentences):
        seen = [lesions[place] for place in sentence.lesions]
        ellipses = [(lesion.x, lesion.y, lesion.rx, lesion.ry) for lesion in seen]
        if sentence.structure:
            ellipses = [inscribed(anatomy.heart)]
        if not ellipses:
            continue
        start = float(onsets[sentence.first_token])
        end = float(offsets[sentence.end_token - 1])
        earliest = visits[-1].onset_s + SHORTEST_VISIT_S if visits else 0.0
        arrival = round(max(start - float(lags_s[number]), earliest), 3)
        leave = max(end - settings.look_ahead_s, arrival + SHORTEST_VISIT_S)
        if visits and visits[-1].offset_s > arrival:
            visits[-1] = replace(visits[-1], offset_s=arrival)
        lag = round(start - arrival, 3)
        visits.append(Visit(number, lag, arrival, round(leave, 3), tuple(ellipses)))
    return tuple(visits)


def look(
    rng: np.random.Generator,
    anatomy: Anatomy,
    size_px: tuple[int, int],
    visits: Sequence[Visit],
    span_s: tuple[float, float],
    *,
    settings: Demo,
    px_per_deg: float,
    pace: Pace = REFLACX_PACE,
) -> Gaze:
    """Draw the fixations of one reading, at least one, in an image of `size_px` (width, height).

    The first fixation of each visit, from `plan_visits`, starts exactly at its onset; `span_s` is
    the first and last moment of gaze. `px_per_deg` serves the tracker's error, `settings` its size
    and the rates of wandering and of leaving the image.
    """
    zones = np.array([inscribed(box) for box in _zones(anatomy)])
    pieces = [
        (number, *_fixate(rng, begin, end, pace)) for number, begin, end in _phases(visits, span_s)
    ]
    visit = np.concatenate([np.full(onset.size, number) for number, onset, _ in pieces])
    onset_s = np.concatenate([onset for _, onset, _ in pieces])
    offset_s = np.concatenate([offset for _, _, offset in pieces])
    arrives = np.concatenate([np.arange(onset.size) == 0 for _, onset, _ in pieces])
    visit[(rng.random(visit.size) < settings.wander_rate) & ~arrives] = -1
    where = zones[_walk(rng, visit.size, len(zones))]
    for number, target in enumerate(visits):
        samples = np.flatnonzero(visit == number)
        where[samples] = np.array(target.ellipses)[
            np.arange(samples.size) // 3 % len(target.ellipses)
        ]
    radius = np.sqrt(rng.random(visit.size)) * 0.8
    angle = rng.random(visit.size) * 2 * math.pi
    x = where[:, 0] + where[:, 2] * radius * np.cos(angle)
    y = where[:, 1] + where[:, 3] * radius * np.sin(angle)
    _leave_image(rng, x, y, visit, settings.off_image_rate)
    width, height = size_px
    error_px = settings.tracker_error_deg * px_per_deg
    shift = rng.normal(0, error_px * 0.6, 2)
    return Gaze(
        onset_s,
        offset_s,
        x * width - 0.5 + shift[0] + rng.normal(0, error_px * 0.4, x.size),
        y * height - 0.5 + shift[1] + rng.normal(0, error_px * 0.4, x.size),
        visit,
    )


def _phases(
    visits: Sequence[Visit], span_s: tuple[float, float]
) -> Iterator[tuple[int, float, float]]:
    """Visits, and the search before, between and after them (-1)."""
    now, end = span_s
    for number, visit in enumerate(visits):
        if visit.onset_s - now > SHORTEST_FIXATION_S * 3:
            yield -1, now, visit.onset_s
        yield number, visit.onset_s, visit.offset_s
        now = visit.offset_s
    if end - now > SHORTEST_FIXATION_S * 3:
        yield -1, now, end


def _fixate(
    rng: np.random.Generator, begin_s: float, end_s: float, pace: Pace
) -> tuple[Floats, Floats]:
    """Fill a stretch of time with fixations; the first starts with it, the last leaves a gap."""
    n = int((end_s - begin_s) / (pace.median_s / 2)) + 2
    lengths = np.clip(
        rng.lognormal(math.log(pace.median_s), pace.log_sd, n), SHORTEST_FIXATION_S, pace.longest_s
    )
    gaps = rng.uniform(*pace.gap_s, n)
    blinks = rng.random(n) < pace.blink_rate
    gaps[blinks] = rng.uniform(*pace.blink_s, int(blinks.sum()))
    onset = begin_s + np.concatenate([[0.0], np.cumsum(lengths + gaps)[:-1]])
    last = end_s - pace.gap_s[0]
    offset = np.minimum(onset + lengths, last)
    long_enough = onset + SHORTEST_FIXATION_S <= last
    long_enough[0] = True
    return onset[long_enough].round(3), offset[long_enough].round(3)


def _zones(anatomy: Anatomy) -> list[Box]:
    """Stations of the search: three a lung, heart, mediastinum."""
    thirds = [
        (xmin, ymin + (ymax - ymin) * k / 3, xmax, ymin + (ymax - ymin) * (k + 1) / 3)
        for xmin, ymin, xmax, ymax in (anatomy.right_lung, anatomy.left_lung)
        for k in range(3)
    ]
    return [*thirds, anatomy.heart, anatomy.mediastinum]


def _walk(rng: np.random.Generator, n: int, n_zones: int) -> NDArray[np.int64]:
    """Zones in rounds, each round all of them, two fixations a zone."""
    rounds = rng.random((n // (2 * n_zones) + 1, n_zones)).argsort(axis=1)
    return np.repeat(rounds.ravel(), 2)[:n]


def _leave_image(
    rng: np.random.Generator,
    x: Floats,
    y: Floats,
    visit: NDArray[np.int64],
    rate: float,
) -> None:
    """Move some fixations that are on no finding beyond an edge of the image."""
    free = np.flatnonzero(visit < 0)
    count = round(rate * rng.uniform(0.6, 1.6) * visit.size)
    away = rng.permutation(free)[:count]
    beyond = rng.uniform(0.03, 0.3, away.size)
    side = rng.random(away.size)
    x[away] = np.select([side < 0.4, side < 0.8], [-beyond, 1 + beyond], x[away])
    y[away] = np.select([side < 0.8, side < 0.9], [y[away], -beyond], 1 + beyond)
