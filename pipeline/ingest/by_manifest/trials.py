"""Which part of a session is which reading: by a table of trials, or by messages to the tracker."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from gazescribe.pipeline.ingest.by_manifest.messages import Messages, expression_of
from gazescribe.pipeline.ingest.by_manifest.rows import Rows
from gazescribe.pipeline.ingest.by_manifest.units import SECONDS, Moment
from gazescribe.pipeline.ingest.csv_files import Floats
from gazescribe.pipeline.sources.cells import Cell, TextCell, TimeCell
from gazescribe.pipeline.sources.columns import TrialColumns
from gazescribe.pipeline.sources.faults import Fault, Findings
from gazescribe.pipeline.sources.table_manifests import Trials


@dataclass(frozen=True)
class Trial:
    """One reading in a session, on the clock of its gaze."""

    reading: str  # its name
    session: str
    start: Moment
    end_s: float  # NaN while it is not known
    file: str
    row: int  # from 1
    audio_start: Moment | None = None

    @property
    def start_s(self) -> float:
        """Its start in seconds."""
        return self.start.value / SECONDS[self.start.unit]


def trials_of_table(
    rows: Rows, columns: TrialColumns, parts: Mapping[str, str], faults: list[Fault]
) -> Iterator[Trial]:
    """Read trials from a table; the parts of its path say what no column does."""
    if columns.start is None:
        return
    start, end_s = _times(rows, columns.start), _times(rows, columns.end)
    end_s /= 1.0 if columns.end is None else SECONDS[columns.end.unit]
    audio = None if columns.audio_start is None else _times(rows, columns.audio_start)
    bad = np.isnan(start) | (end_s <= start / SECONDS[columns.start.unit])
    message = "have no start, or end before it"
    findings = Findings(rows.file, None, faults)
    findings.add_rows("loss", "trial_no_time", message, bad, rows=rows.places, loses="readings")
    sessions = None if columns.session is None else rows.text(columns.session)
    names = None if columns.reading_id is None else rows.text(columns.reading_id)
    for row in np.flatnonzero(~bad).tolist():
        begun = Moment(float(start[row]), columns.start.unit)
        audio_start = _moment(audio, row, columns.audio_start)
        if audio_start is not None and _is_since_trial(columns):
            audio_start = audio_start.after(begun)
        yield Trial(
            parts["reading_id"] if names is None else names[row],
            parts.get("session", "") if sessions is None else sessions[row],
            begun,
            float(end_s[row]),
            rows.file,
            int(rows.places[row]) + 1,
            audio_start,
        )


def _is_since_trial(columns: TrialColumns) -> bool:
    return columns.audio_start is not None and columns.audio_start.since == "trial"


def _times(rows: Rows, cell: TimeCell | None) -> Floats:
    return np.full(len(rows), np.nan) if cell is None else rows.numbers(cell)[0].copy()


def _moment(values: Floats | None, row: int, cell: TimeCell | None) -> Moment | None:
    if values is None or cell is None or np.isnan(values[row]):
        return None
    return Moment(float(values[row]), cell.unit)


def trials_of_messages(messages: Messages, table: Trials, faults: list[Fault]) -> Iterator[Trial]:
    """Cut sessions where a message says that a trial starts, and where one says that it ends."""
    starts = expression_of(table.start or "")
    ends = None if table.end is None else expression_of(table.end)
    n_found = 0
    for session, rows in messages.rows.items():
        texts = rows.text(messages.columns.message)
        trial: Trial | None = None
        for row in np.argsort(rows.numbers(messages.columns.time_s)[0], kind="stable").tolist():
            moment = messages.moment(rows, row)
            if match := starts.fullmatch(texts[row]):
                if trial is not None:
                    yield trial
                parts = {"session": session, **match.groupdict()}
                name = _name(rows, row, table.columns.reading_id, parts)
                place = int(rows.places[row]) + 1
                trial = Trial(name, session, moment, np.nan, rows.file, place)
                n_found += 1
            elif ends is not None and ends.fullmatch(texts[row]) and trial is not None:
                yield replace(trial, end_s=moment.value / SECONDS[moment.unit])
                trial = None
        if trial is not None:
            yield trial
    if not n_found:
        message = f"no message is {table.start!r}{messages.others(table.start or '')}"
        faults.append(Fault("error", "trials_none", message, messages.file))


def _name(rows: Rows, row: int, cell: TextCell | None, parts: dict[str, str]) -> str:
    """Name the reading of a trial by parts of its message, its session and columns of the row."""
    if cell is None:
        return parts["reading_id"]
    texts = [
        parts[name] if name in parts else rows.take([row]).text(Cell(column=name))[0]
        for name in cell.names()
    ]
    return cell.with_.join(texts)


def in_order(trials: Sequence[Trial], faults: list[Fault]) -> dict[str, list[Trial]]:
    """Give the trials of each session in order; those without an end last until the next starts.

    Readings that are two trials, and trials that overlap, are errors.
    """
    by_session: defaultdict[str, list[Trial]] = defaultdict(list)
    first: dict[str, Trial] = {}
    for trial in sorted(trials, key=lambda trial: trial.start_s):
        other = first.setdefault(trial.reading, trial)
        if other is not trial:
            message = (
                f"reading {trial.reading} is another trial, too ({other.file}, row {other.row})"
            )
            faults.append(Fault("error", "trial_twice", message, trial.file, trial.row))
        by_session[trial.session].append(trial)
    for some in by_session.values():
        for place, (trial, after) in enumerate(pairwise([*some])):
            if trial.end_s > after.start_s:
                message = f"this trial starts before that of {trial.reading} ends"
                faults.append(Fault("error", "trials_overlap", message, after.file, after.row))
            if np.isnan(trial.end_s):
                some[place] = replace(trial, end_s=after.start_s)
        if np.isnan(some[-1].end_s):
            some[-1] = replace(some[-1], end_s=np.inf)
    return dict(by_session)
