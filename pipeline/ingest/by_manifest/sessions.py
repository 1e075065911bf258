"""Sessions of a recorder cut into readings, and when the audio of each began."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from gazescribe.pipeline.core.console import plural
from gazescribe.pipeline.ingest.by_manifest.finding import files_of, find_pieces, note_no_file
from gazescribe.pipeline.ingest.by_manifest.messages import Messages
from gazescribe.pipeline.ingest.by_manifest.own_reading import Pieces
from gazescribe.pipeline.ingest.by_manifest.rows import Rows, read_rows
from gazescribe.pipeline.ingest.by_manifest.trials import (
    Trial,
    in_order,
    trials_of_messages,
    trials_of_table,
)
from gazescribe.pipeline.ingest.by_manifest.units import SECONDS, Moment
from gazescribe.pipeline.sources.faults import Fault, Findings
from gazescribe.pipeline.sources.table_manifests import (
    LOSES,
    OwnManifest,
    Source,
    is_of_sessions,
    placeholders,
)

MAX_SHOWN = 5  # sessions that a fault names


class Sessions:
    """The trials and messages of a data set; it may have neither."""

    def __init__(
        self, root: Path, paths: Sequence[str], manifest: OwnManifest, faults: list[Fault]
    ) -> None:
        self.root, self.paths, self.manifest, self.faults = root, paths, manifest, faults
        self.messages = self._read_messages()
        self.by_session = in_order(self._list_trials(), faults)
        self.by_reading = {
            _plain(trial.reading): trial for trials in self.by_session.values() for trial in trials
        }

    def cut(self, name: str, table: Source) -> Pieces:
        """Cut the rows of a table by the trials in which they start."""
        by_session = self._rows_by_session(name, table)
        pieces: Pieces = {}
        for session, rows in by_session.items():
            trials = self.by_session.get(session, [])
            parts = _cut(rows, table, trials)
            pieces |= dict(zip((trial.reading for trial in trials), parts, strict=True))
            n_left = len(rows) - sum(map(len, parts))
            if n_left:
                message = f"{plural(n_left, 'row')} in no trial"
                findings = Findings(rows.file, None, self.faults)
                findings.add("warning", f"{name}_of_no_trial", message, n=n_left)
        if by_session and self.by_session and not pieces:
            theirs, ours = (
                ", ".join(sorted(sessions)[:MAX_SHOWN])
                for sessions in (by_session, self.by_session)
            )
            message = f"its sessions are {theirs}, and those of the trials {ours}"
            code = f"{name}_other_sessions"
            self.faults.append(Fault("error", code, message, table.file, loses=LOSES[name]))
        return pieces

    def find(self, name: str, table: Source) -> Pieces:
        """Find the pieces of a table that names its readings itself."""
        return find_pieces(name, table, self.root, self.paths, self.manifest, self.faults)

    def audio_starts(self, ids: Mapping[str, str]) -> dict[str, Moment]:
        """Give when the audio of readings began, where trials or messages say it.

        `ids` are those of the readings by their names. The audio of a trial of which nothing else
        is said began with the trial.
        """
        starts = {}
        for name, reading_id in ids.items():
            trial = self.by_reading.get(_plain(name))
            if trial is not None:
                starts[reading_id] = trial.audio_start or trial.start
            for table in (self.manifest.tables.trials, self.manifest.tables.readings):
                cell = None if table is None else table.columns.audio_start
                if self.messages is None or cell is None or cell.message is None:
                    continue
                moment = self._by_message(self.messages, cell.message, name, trial)
                if moment is None:
                    key = _plain(name) if trial is None else trial.session
                    self._note_no_message(self.messages, cell.message, key, reading_id)
                else:
                    starts[reading_id] = moment
        return starts

    def _by_message(
        self, messages: Messages, text: str, name: str, trial: Trial | None
    ) -> Moment | None:
        table = self.manifest.tables.messages
        if table is not None and not is_of_sessions(table):
            return messages.first(_plain(name), text)
        if trial is None:
            return None
        return messages.first(trial.session, text, trial.start_s, trial.end_s)

    def _note_no_message(self, messages: Messages, text: str, key: str, reading_id: str) -> None:
        message = (
            f"no message of reading {reading_id} is {text!r}{messages.others(text, key)}: its gaze"
            " is not on the clock of the audio"
        )
        fault = Fault(
            "loss", "audio_start_missing", message, messages.file, None, reading_id, "windows"
        )
        self.faults.append(fault)

    def _read_messages(self) -> Messages | None:
        table, trials = self.manifest.tables.messages, self.manifest.tables.trials
        if table is None:
            return None
        if (
            trials is not None
            and trials.start is not None
            and trials.columns.reading_id is not None
        ):
            # Names of readings may be made of further columns.
            parts = {*placeholders(trials.start), "session"}
            named = [name for name in trials.columns.reading_id.names() if name not in parts]
            table = table.model_copy(update={"attributes": named})
        if is_of_sessions(table):
            return Messages(self._rows_by_session("messages", table), table.columns, table.file)
        pieces = self.find("messages", table)
        rows = {_plain(name): self._read(table, piece) for name, piece in pieces.items()}
        known = {name: some for name, some in rows.items() if some is not None}
        return Messages(known, table.columns, table.file)

    def _list_trials(self) -> list[Trial]:
        table = self.manifest.tables.trials
        if table is None:
            return []
        if table.start is not None:
            if self.messages is None:
                return []
            return list(trials_of_messages(self.messages, table, self.faults))
        trials: list[Trial] = []
        tables = files_of("trials", table, self.paths, self.manifest, self.faults)
        if not tables:
            note_no_file("trials", table, self.paths, self.manifest, self.faults)
        for files in tables:
            rows = self._read(table, files)
            if rows is not None:
                trials += trials_of_table(rows, table.columns, files.parts, self.faults)
        return [replace(trial, session=_plain(trial.session)) for trial in trials]

    def _rows_by_session(self, name: str, table: Source) -> dict[str, Rows]:
        """Read a table by its sessions: a column, a part of the path, or all one session."""
        by_session: dict[str, Rows] = {}
        tables = files_of(name, table, self.paths, self.manifest, self.faults)
        if not tables:
            note_no_file(name, table, self.paths, self.manifest, self.faults)
        for files in tables:
            rows = self._read(table, files)
            cell = table.columns.session  # type: ignore[attr-defined]  # as `is_of_sessions`
            several = {files.parts.get("session", ""): rows} if rows is not None else {}
            if rows is not None and cell is not None:
                several = rows.by(cell)
            for written, some in several.items():
                session = _plain(written)
                if session in by_session:
                    message = (
                        f"{by_session[session].file} is of the same session, too: say which with a"
                        " part {session} of the path, or a column `session`"
                    )
                    fault = Fault("error", f"{name}_two_files", message, some.file, item=session)
                    self.faults.append(fault)
                by_session[session] = some
        return by_session

    def _read(self, table: Source, piece: Any) -> Rows | None:
        if isinstance(piece, Rows):
            return piece
        return read_rows(self.root, table, piece, Findings(piece.file, None, self.faults), "error")


def _cut(rows: Rows, table: Any, trials: Sequence[Trial]) -> list[Rows]:
    """Give the rows that start in each trial of a session."""
    cell = getattr(table.columns, "time_s", None) or table.columns.onset_s
    time_s = rows.numbers(cell)[0] / SECONDS[cell.unit]
    is_sorted = bool((np.diff(time_s) >= 0).all())  # not where a time is unknown
    parts = []
    for trial in trials:
        if is_sorted:  # a slice is no copy
            first, last = np.searchsorted(time_s, (trial.start_s, trial.end_s)).tolist()
            parts.append(rows.take(slice(first, last)))
        else:
            parts.append(rows.take((time_s >= trial.start_s) & (time_s < trial.end_s)))
    return parts


def _plain(name: str) -> str:
    """Spell a number in one way: sessions 1 and 01 are the same."""
    return str(int(name)) if name.isdecimal() else name
