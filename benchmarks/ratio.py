"""A benchmark's figure that another machine can repeat: our time beside a peer's, in one run."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

ROUND_S = 0.1


@dataclass(frozen=True)
class Ratio:
    """How many times faster we are than a peer that does the same work in the same run."""

    name: str  # stable: `ratios.json` knows it by this name
    work: str
    peer: str  # whose way of the same work
    ours_s: float
    peer_s: float

    @property
    def ratio(self) -> float:
        return self.peer_s / self.ours_s


def in_turns(
    ours: Callable[[], Any],
    peer: Callable[[], Any],
    *,
    rounds: int = 3,
    clock: Callable[[], float] = time.perf_counter,
) -> tuple[float, float]:
    """Seconds of both, run in turns so that both meet the same machine; the fastest call counts.

    The first round fills caches and does not count, unless it is the only one.
    """
    taken_s = [(fastest(ours, clock), fastest(peer, clock)) for _ in range(rounds)]
    ours_s, peer_s = map(min, zip(*(taken_s[1:] or taken_s), strict=True))
    return ours_s, peer_s


def fastest(function: Callable[[], Any], clock: Callable[[], float]) -> float:
    """Of as many calls as fill a tenth of a second, one at least."""
    calls_s: list[float] = []
    while sum(calls_s) < ROUND_S:
        begin = clock()
        function()
        calls_s.append(clock() - begin)
    return min(calls_s)
