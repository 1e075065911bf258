"""Sentences of which reviewers say all that they mention: what a labeler can be measured by.

Only readings that somebody reviewed to the end have such sentences; of others nobody knows what is
missing.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gazescribe.pipeline.dictation.labeler.sentences import split_sentences
from gazescribe.pipeline.dictation.reports import ReportText, read_reports
from gazescribe.pipeline.dictation.reviews.applying import Reviews
from gazescribe.pipeline.dictation.reviews.consensus import Key, ReviewedText
from gazescribe.pipeline.dictation.reviews.files import ReviewedMention

REASONS = {  # of the families of gold sentences
    "right": "As the labeler has it, and reviewers confirm.",
    "polarity": "The labeler had another polarity; reviewers corrected it.",
    "span": "The labeler had other words; reviewers corrected them.",
    "label": "The labeler had another label; reviewers corrected it.",
    "no mention": "The labeler found what reviewers say is no mention.",
    "missing": "The labeler missed what reviewers found.",
}
"""Verdicts, from what teaches least to what teaches most."""


@dataclass(frozen=True)
class TrueSentence:
    """One sentence, and all that it mentions; places count in the whole text."""

    key: Key
    char_start: int
    text: str
    mentions: tuple[ReviewedMention, ...]
    verdicts: frozenset[str]

    @property
    def verdict(self) -> str:
        """What was decided of it that teaches most; '' where there was nothing to decide."""
        return max(self.verdicts, key=list(REASONS).index, default="")


def find_texts(reviews: Reviews, folders: Sequence[Path]) -> dict[Key, ReportText]:
    """Give the text of each reviewed reading: of these tables, else as the review itself has it."""
    text_by_key = {}
    for folder in folders:
        for report in read_reports(folder, Counter()):
            text = reviews.of_text(report.report_id, report.text)
            if text is not None:
                text_by_key[text.key] = report
    for key, text in reviews.texts.items():
        for review in text.reviews.values():
            if review.text is not None:
                spans = review.sentences
                text_by_key.setdefault(key, ReportText(text.reading_id, review.text, spans))
    return text_by_key


def true_sentences(
    texts: Mapping[Key, ReviewedText], reports: Mapping[Key, ReportText], left_out: Counter[str]
) -> list[TrueSentence]:
    """Give the sentences that are wholly reviewed; count texts and sentences that are not."""
    sentences: list[TrueSentence] = []
    for key, text in texts.items():
        if key not in reports:
            left_out["readings without text at hand"] += 1
        elif not text.is_complete:
            left_out["readings not reviewed to the end"] += 1
        else:
            for sentence in _sentences(text, reports[key]):
                if sentence is None:
                    left_out["sentences of which reviewers disagree"] += 1
                else:
                    sentences.append(sentence)
    return sentences


def _sentences(text: ReviewedText, report: ReportText) -> Iterator[TrueSentence | None]:
    spans = report.sentences or split_sentences(report.text)
    for number, (start, end) in enumerate(spans):
        first = start if number else 0
        last = spans[number + 1][0] if number + 1 < len(spans) else len(report.text)
        inside = [p for p in text.places if any(first <= m.char_start < last for m in p.mentions)]
        if all(place.is_decided for place in inside):
            answers = {mention for place in inside for mention in place.answers if mention}
            mentions = tuple(sorted(answers, key=lambda mention: mention.place))
            verdicts = frozenset(place.verdict for place in inside)
            yield TrueSentence(text.key, start, report.text[start:end], mentions, verdicts)
        else:
            yield None
