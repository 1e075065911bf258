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
        self._reading_ids = {reading_id for reading_id, _ in self.texts}
        self._sha256: dict[str, str] = {}  # of the text of each reading that the tables had

    @classmethod
    def read(cls, paths: Sequence[Path]) -> "Reviews":
        """Read files and folders, as `read_reviews` does."""
        return cls(read_reviews(paths))

    def of_text(self, reading_id: str, text: str | None) -> ReviewedText | None:
        """Give the reviews of a reading's text, if there are any."""
        if reading_id not in self._reading_ids:
            return None
        self._sha256[reading_id] = hash_of(text or "")
        return self.texts.get((reading_id, self._sha256[reading_id]))

    def why_left_out(self, text: ReviewedText, datasets: Collection[str]) -> str | None:
        """Say why the reviews of a text were not used; None if they were.

        `datasets` are those of the tables; empty if nobody knows.
        """
        sha256 = self._sha256.get(text.reading_id)
        if sha256 == text.text_sha256:
            return None
        if datasets and text.dataset not in datasets:
            return "of another data set"
        return "unknown reading" if sha256 is None else "text has changed"

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
        text = self.reviews.of_text(report.report_id, report.text)
        if text is None:
            return rows
        places = self._without_contradictions(
            [place for place in text.places if self._is_usable(place, report)]
        )
        answers = {answer.place for place in places for answer in place.answers if answer}
        reviewed = {mention.place for place in places for mention in place.mentions}
        by_place = {_place_of(row): row for row in rows}
        unreviewed = [row for row_place, row in by_place.items() if row_place not in reviewed]
        corrected = dict(by_place)
        additions = {}
        for place in places:
            answered = {answer.place for answer in place.answers if answer}
            labeled = _labeled(place, by_place, unreviewed)
            # What another answer makes right is not taken away.
            labeled = [row for row in labeled if _place_of(row) not in answers - answered]
            if self._changes(place, labeled):
                for row in labeled:
                    corrected.pop(_place_of(row), None)
                for answer in place.answers:
                    if answer is not None:
                        additions[answer.place] = _row(answer, place, labeled, report)
        corrected |= additions
        return [corrected[row_place] for row_place in sorted(corrected)]

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
        elif any(answer and answer.label not in self.labels for answer in place.answers):
            why = "label not in the rules"
        if why:
            self.left_out[why] += 1
        return not why

    def _without_contradictions(self, places: Sequence[ReviewedPlace]) -> list[ReviewedPlace]:
        """Leave out places that reviewers make one mention of, with several polarities; count."""
        polarities: dict[Place, set[str]] = {}
        for place in places:
            for answer in place.answers:
                if answer is not None:
                    polarities.setdefault(answer.place, set()).add(answer.polarity)
        consistent = []
        for place in places:
            if any(answer and len(polarities[answer.place]) > 1 for answer in place.answers):
                self.left_out["reviewers disagree"] += 1
            else:
                consistent.append(place)
        return consistent

    def _changes(self, place: ReviewedPlace, labeled: Sequence[Row]) -> bool:
        """Tell whether the mentions of a place are not its answers; count what is done."""
        answers = [(*answer.place, answer.polarity) for answer in place.answers if answer]
        is_same = [(*_place_of(row), row["polarity"]) for row in labeled] == answers
        if place.verdict == "right":
            outcome = "right" if is_same else "kept right"
        else:
            outcome = "right without it" if is_same else place.verdict
        self.outcomes[outcome] += 1
        return not is_same


def _place_of(row: Row) -> Place:
    return row["char_start"], row["char_end"], row["label"]


def _labeled(
    place: ReviewedPlace, by_place: Mapping[Place, Row], unreviewed: Sequence[Row]
) -> list[Row]:
    """Find the mentions that a place is about: those it names, else those alike that none names.

    Other rules may find the same label in some more words or fewer.
    """
    named = dict.fromkeys(mention.place for mention in place.mentions)
    exact = [by_place[mention_place] for mention_place in named if mention_place in by_place]
    if exact:
        return exact
    return [row for row in unreviewed if any(_is_alike(row, other) for other in place.mentions)]


def _is_alike(row: Row, mention: ReviewedMention) -> bool:
    overlaps: bool = row["char_start"] < mention.char_end and mention.char_start < row["char_end"]
    return overlaps and row["label"] == mention.label


def _row(
    answer: ReviewedMention, place: ReviewedPlace, labeled: Sequence[Row], report: ReportText
) -> Row:
    """Make the row of table `mentions` that a review asks for."""
    start, end = answer.char_start, answer.char_end
    concepts = [row["concept"] for row in labeled if row["label"] == answer.label]
    onset_s, offset_s = (None, None) if report.words is None else report.words.span(start, end)
    return {
        "report_id": report.report_id,
        "char_start": start,
        "char_end": end,
        "label": answer.label,
        "concept": concepts[0] if concepts else answer.label,
        "text": report.text[start:end],
        "sentence": _sentence_of(start, report),
        "polarity": answer.polarity,
        "rule_id": f"{RULE}.{place.verdict.replace(' ', '_')}",
        "trigger": None,
        "onset_s": onset_s,
        "offset_s": offset_s,
    }


def _sentence_of(start: int, report: ReportText) -> int:
    if report.sentences is None:
        return report.text.count(".", 0, start)
    return max(sum(first <= start for first, _ in report.sentences) - 1, 0)
