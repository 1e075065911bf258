"""Texts without written sentence ends, counted by what ends their sentences.

Of an ingested folder `ingest` says it, in the attribute `sentence_ends`; other texts are looked at.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from gazescribe.pipeline.core.console import plural
from gazescribe.pipeline.dictation.labeler.punctuation import SpokenMarks
from gazescribe.pipeline.dictation.labeler.sentences import WRITTEN_END, split_sentences
from gazescribe.pipeline.dictation.reports import ReportText


def count_ends(
    reports: Iterable[ReportText], marks: SpokenMarks, counts: dict[str, dict[str, int]]
) -> Iterator[ReportText]:
    """Pass reports on; count those without written periods (`items`) and their sentences (`rows`).

    `counts` has them by code, as `ingest` counts its faults.
    """
    for report in reports:
        ended_by, n_sentences = _ended_by(report, marks)
        if ended_by:
            code = "no_sentence_ends" if ended_by == "nothing" else f"sentence_ends_{ended_by}"
            count = counts.setdefault(code, {"items": 0, "rows": 0})
            count["items"] += 1
            count["rows"] += n_sentences
        yield report


def say_ends(counts: Mapping[str, Mapping[str, Any]], texts: str = "dictations") -> str:
    """Say how the sentences of texts without periods were made; '' where there is no such text.

    `counts` has numbers of texts (`items`) and sentences (`rows`) by code, as `Tally.by_reason`.
    """
    parts = []
    for code, how in (("spoken", "spoken periods"), ("pauses", "pauses")):
        count = counts.get(f"sentence_ends_{code}")
        if count is not None:
            sentences = plural(count["rows"], "sentence")
            parts.append(f"{count['items']:,} cut by {how} into {sentences}")
    count = counts.get("no_sentence_ends")
    if count is not None:
        parts.append(f"{count['items']:,} left as one sentence each")
    return f"{texts} without written periods: {', '.join(parts)}" if parts else ""


def _ended_by(report: ReportText, marks: SpokenMarks) -> tuple[str, int]:
    """Give what ends the sentences of a text, '' where they have written ends; and how many."""
    if report.ended_by:
        return report.ended_by, len(report.sentences or [None])
    if WRITTEN_END.search(report.text):
        return "", 0
    spans = report.sentences or split_sentences(marks.hear(report.text))
    if len(spans) == 1:
        return "nothing", 1
    is_spoken = report.sentences is None and any(m.mark == "." for m in marks.find(report.text))
    return ("spoken" if is_spoken else ""), len(spans)  # else by lines, or as the tables have it
