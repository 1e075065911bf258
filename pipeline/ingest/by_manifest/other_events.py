"""Rows of a table of fixations that are saccades or blinks, by a column which no `where` uses."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from gazescribe.pipeline.core.errors import quote
from gazescribe.pipeline.ingest.csv_files import Mask
from gazescribe.pipeline.sources.table_manifests import Source, wanted

EVENTS = re.compile("(gaze|eye)?(movement|event)?(type|kind|class|category|label|name|event)")
OTHERS = re.compile(r"(e?s(sacc?|acc?)|saccades?|e?blinks?|unclassified)(\b|_).*", re.IGNORECASE)


def event_columns(source: Source, header: Iterable[str]) -> list[str]:
    """Name the columns of a file that may say what an event is, and are not used."""
    if source.reader is not None or source.columns.table != "fixations":
        return []
    used = {*wanted(source), *source.where}
    stems = {name: re.sub(r"[^a-z0-9]", "", name.lower()) for name in header if name not in used}
    return [name for name, stem in stems.items() if EVENTS.fullmatch(stem)]


def event_fault(source: Source, columns: Mapping[str, Sequence[Any]], chosen: Mask) -> str | None:
    """Say which column names saccades or blinks among the rows chosen; None where none does."""
    for name in event_columns(source, columns):
        cells = [str(columns[name][row] or "").strip() for row in np.flatnonzero(chosen).tolist()]
        values = list(filter(None, dict.fromkeys(cells)))
        others = [value for value in values if OTHERS.fullmatch(value)]
        if others:
            event = next((value for value in values if value not in others), "Fixation")
            return (
                f"the column {name} names other events than fixations"
                f" ({', '.join(map(quote, others))}): keep the fixations, as `where: {{{name}:"
                f" {quote(event)}}}`"
            )
    return None
