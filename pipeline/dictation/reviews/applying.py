"""Corrections that reviews make to the mentions of a labeler.

A review holds for a text, not for a run: what was found right stays right when other rules say
otherwise. Mentions that no review names stay as they are.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from gazescribe.pipeline.core.console import plural
from gazescribe.pipeline.dictation.reports import ReportText
from gazescribe.pipeline.dictation.reviews.consensus import (
    ReviewedPlace,
    ReviewedText,
    join_reviews,
)
from gazescribe.pipeline.dictation.reviews.files import (
    Place,
    ReviewedMention,
    ReviewFile,
    hash_of,
    read_reviews,
)

Row = dict[str, Any]
RULE = "review"  # family of the rules that decide what a review corrected


class Reviews:
    """Reviews on their way into a table, and what became of each.

    Parameters
    ----------
    files : sequence of ReviewFile
        Of any number of reviewers.
    """

    def __init__(self, files: Sequence[ReviewFile]) -> None:
        self.files = files
        self.texts = join_reviews(files)
        self.known = {reading_id for reading_id, _ in self.texts}
        self._met: dict[str, str] = {}  # hash of the text of each reading that was seen

    @classmethod
    def read(cls, paths: Sequence[Path]) -> "Reviews":
        """Read files and folders, as `read_reviews` does."""
        return cls(read_reviews(paths))

    def of(self, reading_id: str, text: str | None) -> ReviewedText | None:
        """Give the reviews of a reading's text, if there are any."""
        if reading_id not in self.known:
            return None
        self._met[reading_id] = hash_of(text or "")
        return self.texts.get((reading_id, self._met[reading_id]))

    def why_left_out(self, text: ReviewedText, datasets: Collection[str]) -> str | None:
        """Say why the reviews of a text were not used; None if they were.

        `datasets` are those of the tables; empty if nobody knows.
        """
        met = self._met.get(text.reading_id)
        if met == text.text_sha256:
            return None
        if datasets and text.dataset not in datasets:
            return "of another data set"
        return "unknown reading" if met is None else "text has changed"

    def summary(self, outcomes: Mapping[str, int], left_out: Mapping[str, int]) -> dict[str, Any]:
        """Give the counts that a stage writes."""
        return {
            "n_files": len(self.files),
            "n_reviewers": len({file.reviewer for file in self.files}),
            "applied": {why: n for why, n in sorted(outcomes.items()) if n},
            "left_out": {why: n for why, n in sorted(left_out.items()) if n},
        }


def say_reviews(summary: Mapping[str, Any] | None) -> str:
    """Say behind the line of a command what became of reviews; '' where there are none."""
    if summary is None:
        return ""
    counts = (
        ", ".join(f"{n} {why}" for why, n in summary[part].items()) or "none"
        for part in ("applied", "left_out")
    )
    readers = plural(summary["n_reviewers"], "reader")
    return "; reviews of {}: {} (left out: {})".format(readers, *counts)


class MentionReviews:
    """Reviews of mentions, applied report by report and counted.

    Parameters
    ----------
    reviews : Reviews
        What readers say.
    labels : collection of str
        Those that the rules know.
    """

    def __init__(self, reviews: Reviews, labels: Collection[str]) -> None:
        self.reviews = reviews
        self.labels = labels
        self.outcomes: Counter[str] = Counter()
        self.left_out: Counter[str] = Counter()

    def correct(self, rows: list[Row], report: ReportText) -> list[Row]:
        """Give the mentions of a report as its reviewers have them."""
        text = self.reviews.of(report.report_id, report.text)
        if text is None:
            return rows
        usable = self._without_contradictions(
            [place for place in text.places if self._is_usable(place, report)]
        )
        wanted = {right.place for place in usable for right in place.leading if right}
        given = {_key(row): row for row in rows}
        named = {mention.place for place in usable for mention in place.mentions}
        free = [row for key, row in given.items() if key not in named]
        corrected = dict(given)
        additions = {}
        for place in usable:
            own = {mention.place for mention in place.leading if mention}
            before = _in_place(place, given, free)
            # What another answer makes right is not taken away.
            before = [row for row in before if _key(row) not in wanted - own]
            if self._changes(place, before):
                for row in before:
                    corrected.pop(_key(row), None)
                for right in place.leading:
                    if right is not None:
                        additions[right.place] = _row(right, place, before, report)
        corrected |= additions
        return [corrected[key] for key in sorted(corrected)]

    def summary(self, datasets: Collection[str]) -> dict[str, Any]:
        """Give the counts, after all reports."""
        left_out = Counter(self.left_out)
        for text in self.reviews.texts.values():
            if why := self.reviews.why_left_out(text, datasets):
                left_out[why] += len(text.places)
        return self.reviews.summary(self.outcomes, left_out)

    def _is_usable(self, place: ReviewedPlace, report: ReportText) -> bool:
        """Tell whether something can be done about a place; count it if not."""
        why = ""
        if not place.is_decided:
            why = place.verdict
        elif any(mention.char_end > len(report.text) for mention in place.mentions):
            why = "outside of the text"
        elif any(right and right.label not in self.labels for right in place.leading):
            why = "label not in the rules"
        if why:
            self.left_out[why] += 1
        return not why

    def _without_contradictions(self, places: Sequence[ReviewedPlace]) -> list[ReviewedPlace]:
        """Leave out places that reviewers make one mention of, with several polarities; count."""
        polarities: dict[Place, set[str]] = {}
        for place in places:
            for right in place.leading:
                if right is not None:
                    polarities.setdefault(right.place, set()).add(right.polarity)
        kept = []
        for place in places:
            if any(right and len(polarities[right.place]) > 1 for right in place.leading):
                self.left_out["reviewers disagree"] += 1
            else:
                kept.append(place)
        return kept

    def _changes(self, place: ReviewedPlace, before: Sequence[Row]) -> bool:
        """Tell whether the mentions of a place are not what is right there; count what is done."""
        wanted = [(*right.place, right.polarity) for right in place.leading if right]
        is_so = [(*_key(row), row["polarity"]) for row in before] == wanted
        unchanged, changed = (
            ("right", "kept right")
            if place.verdict == "right"
            else ("right without it", place.verdict)
        )
        self.outcomes[unchanged if is_so else changed] += 1
        return not is_so


def _key(row: Row) -> Place:
    return row["char_start"], row["char_end"], row["label"]


def _in_place(place: ReviewedPlace, given: Mapping[Place, Row], free: Sequence[Row]) -> list[Row]:
    """Find the mentions that a place is about: those it names; else those alike, of `free` ones.

    Other rules may find the same label in some more words or fewer.
    """
    keys = dict.fromkeys(mention.place for mention in place.mentions)
    exact = [given[key] for key in keys if key in given]
    return exact or [row for row in free if any(_is_alike(row, one) for one in place.mentions)]


def _is_alike(row: Row, mention: ReviewedMention) -> bool:
    overlaps: bool = row["char_start"] < mention.char_end and mention.char_start < row["char_end"]
    return overlaps and row["label"] == mention.label


def _row(
    right: ReviewedMention, place: ReviewedPlace, before: Sequence[Row], report: ReportText
) -> Row:
    """Make the row of table `mentions` that a review asks for."""
    start, end = right.char_start, right.char_end
    concepts = [row["concept"] for row in before if row["label"] == right.label]
    onset_s, offset_s = (None, None) if report.words is None else report.words.span(start, end)
    return {
        "report_id": report.report_id,
        "char_start": start,
        "char_end": end,
        "label": right.label,
        "concept": concepts[0] if concepts else right.label,
        "text": report.text[start:end],
        "sentence": _sentence_of(start, report),
        "polarity": right.polarity,
        "rule_id": f"{RULE}.{place.verdict.replace(' ', '_')}",
        "trigger": None,
        "onset_s": onset_s,
        "offset_s": offset_s,
    }


def _sentence_of(start: int, report: ReportText) -> int:
    if report.sentences is None:
        return report.text.count(".", 0, start)
    return max(sum(first <= start for first, _ in report.sentences) - 1, 0)
