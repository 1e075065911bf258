"""Columns of which a reading must have one value: who speaks, which tier, which image was shown.

`single` of a table names them, and so do names such as reader and trial; `where` chooses. Taking
several unasked would mix two dictations, or the gaze of two people or on two images.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from gazescribe.pipeline.core.errors import quote, shorten
from gazescribe.pipeline.ingest.by_manifest.cell_texts import UNKNOWN, plain
from gazescribe.pipeline.ingest.csv_files import Mask
from gazescribe.pipeline.sources.table_manifests import Source, wanted

PEOPLE = re.compile(
    "(participant|recording|(recording)?session|reader|observer|radiologist|respondent|subject)"
    "(id|name|label|number|no|code)?|befunder"
)
"""Columns of who was recorded, by the letters and digits of their names; PARTS of which part."""
PARTS = re.compile("trial(id|index|name|number|no|nr)?|spreadsheetrow")
EYES = re.compile("(tracked|which)?eye")  # which eye, where each has fixations of its own
MIXED = ("fixations", "samples", "words")  # tables in whose rows two readings would be as one
PART = "person"  # what a part of the path may be called that is not the whole id
SHOWN = 8  # values
LENGTH = 40  # characters of each


def unchosen(source: Source) -> list[str]:
    """Name the columns that must have one value, and of which `where` says nothing."""
    return [name for name in source.single if name not in source.where]


def telling(source: Source, header: Iterable[str]) -> list[str]:
    """Name the columns of a file that by their names tell readings apart, and are not used."""
    if source.reader is not None or source.columns.table not in MIXED:
        return []
    used = {*wanted(source), *source.where, *source.single}
    names = [name for name in header if name not in used]
    stems = {name: re.sub(r"[^a-z0-9]", "", name.lower()) for name in names}
    patterns = [PEOPLE, PARTS, *([EYES] if source.columns.table == "fixations" else [])]
    return [
        name for name, stem in stems.items() if any(pattern.fullmatch(stem) for pattern in patterns)
    ]


class SingleValues:
    """The values of such columns, by reading; blank cells, and NA and the like, are none."""

    def __init__(self, source: Source) -> None:
        cell = source.columns.reading_id
        is_session = cell is None and "{reading_id}" not in source.file
        # Trials cut a session's gaze into readings, each before an image of its own.
        is_cut = is_session and source.columns.table != "words"
        self.source, self.is_cut = source, is_cut
        self.part = [] if cell is not None or is_session else [PART]
        self.ids = [] if cell is None else cell.names()
        self.seen: defaultdict[tuple[str, str], dict[str, None]] = defaultdict(dict)

    def fault(self, columns: Mapping[str, Sequence[Any]], chosen: Mask) -> str | None:
        """Say which column has several values, and which; None where none has so far."""
        names = [] if self.is_cut else [*unchosen(self.source), *telling(self.source, columns)]
        if not names:
            return None
        rows = np.flatnonzero(chosen).tolist()
        ids = list(zip(*(columns[part] for part in self.ids), strict=True))
        for name in names:
            if name not in columns:
                continue
            cells = columns[name]
            # in the order of the file; a set would lose it
            pairs = dict.fromkeys((ids[row] if ids else "", cells[row]) for row in rows)
            for reading_id, cell in pairs:
                text = plain(cell)
                if text.lower() not in UNKNOWN:
                    self.seen[name, str(reading_id)][text] = None
            for (column, _), values in self.seen.items():
                if column == name and len(values) > 1:
                    is_speech = name in self.source.single and self.source.columns.table == "words"
                    parts = [] if is_speech else self.ids or self.part  # a speaker is no reading
                    return _message(name, [*values], parts)
        return None


def _message(name: str, values: Sequence[str], ids: Sequence[str]) -> str:
    shown = ", ".join(shorten(value, LENGTH) for value in values[:SHOWN])
    more = f" and {len(values) - SHOWN} more" if len(values) > SHOWN else ""
    message = (
        f"there are several values of {name} ({shown}{more}): choose one with"
        f" `where: {{{name}: {quote(values[0])}}}`, list all that count, or say"
        f" `where: {{{name}: '*'}}` if all are of one reading"
    )
    if not ids:
        return message
    parts = [PART, name] if ids == [PART] else [name, *ids]
    joined = f"`{{join: [{', '.join(parts)}]}}`"
    if ids == [PART]:
        joined += f", with {{{PART}}} for {{reading_id}} in `file`"
    return f"{message}, or let `reading_id` tell them apart: {joined}"
