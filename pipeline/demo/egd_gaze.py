"""EGD's tables of gaze, in the order in which pictures were shown: session by session.

Source: spec EGD 3 (sessions, calibration pictures), 10 (strays) and 11 (rates).
"""

import csv
import io
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from gazescribe.pipeline.demo import tracker
from gazescribe.pipeline.demo.drawn import Drawn, dicom_id
from gazescribe.pipeline.demo.egd import writing
from gazescribe.pipeline.demo.egd_readings import EgdReading
from gazescribe.pipeline.demo.settings import Demo
from gazescribe.pipeline.demo.tracker import Presentation, display_of

SESSION_SIZE = 30
CALIBRATION_EVERY = 20  # cases
SESSION_BIAS = (0.75, 2.5)  # of the tracker's error, across and down: 0.3 and 1.0 degrees
LONG_ID_RATE = 0.002  # presentations under an id that is no image's, a case


@dataclass(frozen=True)
class Session:
    """Pictures shown one after another: `readings` in the order they were shown, others between.

    `points` are these, calibration pictures and strays, by their place in the session.
    """

    number: int  # from 0
    begin_tick: int
    shift: tuple[float, float]  # of the tracker, across and down, in screens
    readings: Drawn[EgdReading]
    points: dict[int, Presentation]

    def presentations(self) -> Iterator[Presentation]:
        """Give what was shown, and when."""
        readings = iter(self.readings)
        tick = self.begin_tick
        for media in range(len(self.readings) + len(self.points)):
            reading = None if media in self.points else next(readings)
            shown = self.points[media] if reading is None else _of_case(reading)
            shown = replace(
                shown,
                session=self.number + 1,
                media=media,
                begin_tick=tick,
                across=shown.across + self.shift[0],
                down=shown.down + self.shift[1],
            )
            tick += int((shown.offset_s[-1] + 2) * tracker.TICKS_PER_S)
            yield shown if reading is None else _touch_far_edges(shown, reading)


def plan_sessions(readings: Drawn[EgdReading], settings: Demo) -> Iterator[Session]:
    """Put cases, calibration pictures and strays into sessions, in the order they were shown."""
    rng = np.random.default_rng([settings.seed, 25])
    films = readings.rows["film"]
    n = len(films)
    calibrated = range(CALIBRATION_EVERY // 2, n, CALIBRATION_EVERY) or range(1)
    ids = [dicom_id(films["groups"][place])[:-5] for place in calibrated]
    points = [_of_point(rng, name, tracker.CALIBRATION) for name in ids]
    for place in rng.permutation(n)[: max(1, round(LONG_ID_RATE * n))]:
        film = films[place]
        display = display_of(int(film["width_px"]), int(film["height_px"]))
        points.append(_of_point(rng, f"{dicom_id(film['groups'])}_2", display))
    bias = np.array(SESSION_BIAS) * settings.tracker_error_deg * tracker.SCREEN_PX_PER_DEG
    order = rng.permutation(n + len(points))
    for number, first in enumerate(range(0, len(order), SESSION_SIZE)):
        shift = rng.normal(0, bias) / tracker.SCREEN_PX
        shown = order[first : first + SESSION_SIZE]
        yield Session(
            number,
            int(rng.integers(10**11, 10**12)),
            (shift[0], shift[1]),
            readings.take(shown[shown < n]),
            {media: points[k - n] for media, k in enumerate(shown.tolist()) if k >= n},
        )


def record_session(session: Session, seed: int, *, samples: bool) -> tuple[str, str]:
    """Record what was shown in a session: rows of fixations.csv, and of eye_gaze.csv if asked for.

    The task of one worker.
    """
    fixations, gaze = io.StringIO(), io.StringIO()
    writers = [csv.writer(text, lineterminator="\n") for text in (fixations, gaze)]
    for place, shown in enumerate(session.presentations(), session.number * SESSION_SIZE):
        record = tracker.record(np.random.default_rng([seed, 26, place]), shown)
        writers[0].writerows(record.rows(record.ends))
        if samples:
            writers[1].writerows(record.rows(slice(None)))
    return fixations.getvalue(), gaze.getvalue()


def write_gaze(egd: Path, sessions: Iterable[tuple[str, str]], *, samples: bool) -> None:
    """Write the tables of gaze from what `record_session` gives."""
    names = ("fixations.csv", "eye_gaze.csv") if samples else ("fixations.csv",)
    with ExitStack() as stack:
        files = [stack.enter_context(writing(egd / name)) for name in names]
        for file in files:
            csv.writer(file, lineterminator="\n").writerow(tracker.COLUMNS)
        for texts in sessions:
            for file, text in zip(files, texts, strict=False):
                file.write(text)


def _of_case(reading: EgdReading) -> Presentation:
    gaze = reading.reading.gaze
    display = display_of(reading.case.width_px, reading.case.height_px)
    across, down = display.to_screen(gaze.x_px, gaze.y_px)
    first = 3 if "first fixation is not 1" in reading.defects else 1
    return Presentation(
        reading.case.dicom_id, display, gaze.onset_s, gaze.offset_s, across, down, first
    )


def _touch_far_edges(shown: Presentation, reading: EgdReading) -> Presentation:
    """Let fixations on an odd-sized image fall on the pixel that the authors padded it by."""
    free = np.flatnonzero(reading.reading.gaze.visit < 0)[-2:]
    if free.size < 2 or "all gaze outside" in reading.defects:
        return shown
    display = shown.display
    across, down = shown.across.copy(), shown.down.copy()
    if display.width_px % 2:
        across[free[0]], down[free[0]] = 1 - (display.right_px + 0.1) / tracker.SCREEN_PX[0], 0.5
    if display.height_px % 2:
        across[free[1]], down[free[1]] = 0.5, 1 - (display.bottom_px + 0.1) / tracker.SCREEN_PX[1]
    return replace(shown, across=across, down=down)


def _of_point(rng: np.random.Generator, dicom_id: str, display: tracker.Display) -> Presentation:
    """Look at the centre of the screen for 2 to 4 s."""
    ends = 0.05 + np.cumsum(rng.uniform(0.5, 1.0, 4))
    onsets = np.concatenate([[0.05], ends[:-1] + tracker.SAMPLE_S])
    across, down = 0.5 + rng.uniform(-0.01, 0.01, 4), 0.5 + rng.uniform(-0.05, 0.05, 4)
    return Presentation(dicom_id, display, onsets, ends, across, down)
