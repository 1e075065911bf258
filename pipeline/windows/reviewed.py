"""Windows that readers moved, by the reviews of a data set, and what became of each."""

from collections import Counter
from typing import Any

import pyarrow as pa

from gazescribe.pipeline.dictation.reviews.applying import Reviews
from gazescribe.pipeline.dictation.reviews.files import Place


class WindowReviews:
    """Start and end of windows that readers moved, for the readings of one folder of tables.

    Parameters
    ----------
    reviews : Reviews
        What readers say.
    readings : pyarrow.Table
        Table `readings`: a review holds for the text that its reader saw.
    """

    def __init__(self, reviews: Reviews, readings: pa.Table) -> None:
        self.reviews = reviews
        self._datasets = set(readings["dataset"].to_pylist()) if reviews.files else set()
        self.times: dict[str, dict[Place, tuple[float, float]]] = {}
        if reviews.files:
            columns = (readings[name].to_pylist() for name in ("reading_id", "text"))
            for reading_id, text in zip(*columns, strict=True):
                reviewed = reviews.of_text(reading_id, text)
                if reviewed is not None and reviewed.windows:
                    self.times[reading_id] = reviewed.windows
        self._n_moved = 0

    def count(self, windows: pa.Table) -> None:
        """Count those among the windows of some readings that were moved."""
        if not self.times:
            return
        rows = windows.select(["reading_id", "char_start", "char_end", "kind"]).to_pylist()
        for row in rows:
            place = (row["char_start"], row["char_end"], row["kind"])
            self._n_moved += place in self.times.get(row["reading_id"], {})

    def summary(self) -> dict[str, Any]:
        """Give the counts, after all readings."""
        left_out: Counter[str] = Counter()
        for text in self.reviews.texts.values():
            if why := self.reviews.why_left_out(text, self._datasets):
                left_out[why] += len(text.windows)
        n_met = sum(len(times) for times in self.times.values())
        left_out["no such window"] = n_met - self._n_moved
        return self.reviews.summary({"moved": self._n_moved}, left_out)
