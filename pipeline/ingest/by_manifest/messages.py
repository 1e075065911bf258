"""What was sent to the tracker during a recording: messages, by session or by reading."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from gazescribe.pipeline.core.errors import nearest, quote
from gazescribe.pipeline.ingest.by_manifest.rows import Rows
from gazescribe.pipeline.ingest.by_manifest.units import SECONDS, Moment
from gazescribe.pipeline.sources.columns import MessageColumns

MAX_SHOWN = 5  # messages that a fault names


@dataclass(frozen=True)
class Messages:
    """The messages of a data set; `rows` are by session, or by reading."""

    rows: Mapping[str, Rows]
    columns: MessageColumns
    file: str

    def moment(self, rows: Rows, row: int) -> Moment:
        """Give when a message was sent."""
        return Moment(float(rows.numbers(self.columns.time_s)[0][row]), self.columns.time_s.unit)

    def first(
        self, key: str, text: str, start_s: float = -np.inf, end_s: float = np.inf
    ) -> Moment | None:
        """Find the first message of a text between two seconds of the gaze's clock."""
        if key not in self.rows:
            return None
        rows, expression = self.rows[key], expression_of(text)
        time_s = rows.numbers(self.columns.time_s)[0] / SECONDS[self.columns.time_s.unit]
        texts = rows.text(self.columns.message)
        for row in np.argsort(time_s, kind="stable").tolist():
            if start_s <= time_s[row] < end_s and expression.fullmatch(texts[row]):
                return self.moment(rows, row)
        return None

    def others(self, text: str, key: str | None = None) -> str:
        """Say which messages there are, of one recording or of all, where one is not."""
        seen: dict[str, None] = {}
        for name, rows in self.rows.items():
            if key is None or key not in self.rows or name == key:
                seen |= dict.fromkeys(rows.text(self.columns.message))
        shown = ", ".join(map(quote, [*seen][:MAX_SHOWN]))
        near = "" if text in seen else nearest(text, seen)
        return f"{near} (there are: {shown}; * stands for any text)"


def expression_of(text: str) -> re.Pattern[str]:
    """Read a text with `*` for any text and `{part}` for one that is a column of that name."""
    expression = ""
    for piece in re.split(r"(\*|\{\w+\})", text.strip()):
        if piece == "*":
            expression += ".*?"
        elif re.fullmatch(r"\{\w+\}", piece):
            expression += f"(?P<{piece[1:-1]}>.+?)"
        else:
            expression += r"\s+".join(map(re.escape, re.split(r"\s+", piece)))
    return re.compile(expression)
