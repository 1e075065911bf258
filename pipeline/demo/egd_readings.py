"""EGD's readings, with the defects of spec EGD 10, and what was planted in them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gazescribe.pipeline.demo import tracker
from gazescribe.pipeline.demo.cases import Case
from gazescribe.pipeline.demo.egd_transcript import spoken_text
from gazescribe.pipeline.demo.gaze import Gaze, Pace
from gazescribe.pipeline.demo.readings import Reading, read_case, truth
from gazescribe.pipeline.demo.settings import Demo
from gazescribe.pipeline.demo.tracker import display_of

# Spec EGD 11. A gap is one sample; a longer one is a blink.
PACE = Pace(
    median_s=0.30, log_sd=0.65, longest_s=4.0, gap_s=(0.0162, 0.0163), blink_rate=0.08,
    blink_s=(0.1, 0.3),
)  # fmt: skip
SEARCH_S = 3.0  # median of the silence before the dictation

GAZE_DEFECTS = (
    "all gaze outside",
    "one fixation",
    "gaze after the first mention",
    "gaze stops early",
    "long fixation",
)
TIME_DEFECTS = ("begins before the picture", "first fixation is not 1")
SPEECH_DEFECTS = ("no times", "no final period", "two periods", "edited full text", "opens at zero")
RATES = {"no times": 0.003, "no final period": 0.01}  # spec EGD 11; the others: edge_case_rate
SPOIL_TRUTH = frozenset((*GAZE_DEFECTS, "no times", "opens at zero"))


@dataclass(frozen=True)
class EgdReading:
    """A case, how it was read, and what is wrong with its files."""

    case: Case
    reading: Reading
    defects: frozenset[str]


def read_all(cases: Sequence[Case], settings: Demo, seed: int) -> list[EgdReading]:
    """Let the one radiologist of EGD read all cases; the same seed gives the same readings."""
    defects = _assign_defects(
        len(cases), settings.edge_case_rate, np.random.default_rng([seed, 24])
    )
    quick = settings.model_copy(update={"search_s": min(settings.search_s, SEARCH_S)})
    return [
        _read(case, quick, named, np.random.default_rng([seed, 22, case.study_id]))
        for case, named in zip(cases, defects, strict=True)
    ]


def _assign_defects(n: int, rate: float, rng: np.random.Generator) -> list[frozenset[str]]:
    """Give each defect to its share of readings, one at least; one defect of a kind a reading."""
    cases_of_readings: list[set[str]] = [set() for _ in range(n)]
    for kinds in ((*GAZE_DEFECTS, *TIME_DEFECTS), SPEECH_DEFECTS):
        more = [kind for kind in kinds for _ in range(round(n * RATES.get(kind, rate)) - 1)]
        for place, kind in zip(rng.permutation(n).tolist(), [*kinds, *more], strict=False):
            cases_of_readings[place].add(kind)
    return [frozenset(kinds) for kinds in cases_of_readings]


def _read(
    case: Case, settings: Demo, defects: frozenset[str], rng: np.random.Generator
) -> EgdReading:
    display = display_of(case.width_px, case.height_px)
    reading = read_case(
        rng,
        case,
        case.lesions,
        settings,
        px_per_deg=tracker.SCREEN_PX_PER_DEG * display.scale[0],
        grid_s=0.1,
        pace=PACE,
    )
    gaze = reading.gaze
    for defect in sorted(defects & {*GAZE_DEFECTS, *TIME_DEFECTS}):
        gaze = _disturb(gaze, defect, case, reading)
    return EgdReading(case, replace(reading, gaze=gaze), defects)


def _disturb(gaze: Gaze, defect: str, case: Case, reading: Reading) -> Gaze:
    """Put one defect into a reading's fixations."""
    if defect == "all gaze outside":
        return replace(gaze, x_px=-0.1 * case.width_px - np.abs(gaze.x_px) / 2)
    if defect == "begins before the picture":
        return replace(gaze, onset_s=np.concatenate([[-0.05], gaze.onset_s[1:]]))
    if defect == "long fixation":
        first, last = gaze.onset_s.size // 3, gaze.onset_s.size // 3 + 10
        offset = gaze.offset_s.copy()
        offset[first] = offset[first : last + 1].max()
        number = np.arange(offset.size)
        return _only(replace(gaze, offset_s=offset), (number <= first) | (number > last))
    return _only(gaze, _tracked(gaze, defect, reading))


def _tracked(gaze: Gaze, defect: str, reading: Reading) -> NDArray[np.bool_]:
    """Say which fixations a defect of the recording leaves."""
    tracked = np.ones(gaze.onset_s.size, bool)
    if defect == "one fixation":
        tracked[:] = np.arange(tracked.size) == tracked.size // 2
    elif defect == "gaze after the first mention":
        first = reading.report.sentences[0]
        tracked[:] = gaze.onset_s > reading.offset_s[first.end_token - 1]
    elif defect == "gaze stops early":
        tracked[:] = gaze.offset_s < (reading.onset_s[0] + reading.offset_s[-1]) / 2
    return tracked


def _only(gaze: Gaze, mask: NDArray[np.bool_]) -> Gaze:
    """Keep some fixations, the last one at least."""
    mask = mask.copy()
    mask[-1] |= not mask.any()
    return Gaze(
        gaze.onset_s[mask], gaze.offset_s[mask], gaze.x_px[mask], gaze.y_px[mask], gaze.visit[mask]
    )


def planted(reading: EgdReading) -> dict[str, Any]:
    """Give the line of ground_truth.jsonl; no visits where a defect has spoilt the lags."""
    row = truth("egd", reading.case.dicom_id, reading.case, reading.reading)
    row["text"] = spoken_text(reading.reading)
    if "no final period" in reading.defects:
        row["text"] = row["text"].removesuffix(".")
    if reading.defects & SPOIL_TRUTH:
        row["visits"] = []
    return {**row, "defects": sorted(reading.defects)}
