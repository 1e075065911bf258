"""Stage `label`: reports in, mentions out.

Reads: a csv, jsonl or parquet file with `report_id` and `text`, or the tables `readings`,
`sentences` and `words` of an ingested folder. There the sentences are those that dictated periods
end, and are never split again.
Writes: the table `mentions`, as jsonl, csv or parquet; all three polarities.
Params: section `label`. Drops: reports without text, and what reviews say is no mention; counted.
"""

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from gazescribe.pipeline.core.parallel import map_tasks
from gazescribe.pipeline.dictation.label_maps import load_label_map
from gazescribe.pipeline.dictation.labeler import Conventions, Labeler, Mention
from gazescribe.pipeline.dictation.labeler.loading import load_rules
from gazescribe.pipeline.dictation.labeler.punctuation import SpokenMarks
from gazescribe.pipeline.dictation.reports import (
    ReportText,
    datasets_of,
    read_reports,
    writing,
)
from gazescribe.pipeline.dictation.reviews.applying import MentionReviews, Reviews
from gazescribe.pipeline.dictation.sentence_counts import count_ends

REPORTS_A_TASK = 250  # with the times of words 3 MB; some tasks a worker are held at once
FEW_TASKS = 20  # workers start while that many are labelled
CHARACTERS_A_TASK = 1_000_000  # of long texts fewer

_labelers: dict[tuple[str, Conventions], Labeler] = {}


def label_file(
    source: Path,
    out: Path,
    conventions: Conventions,
    *,
    rules: Path | None = None,
    reviews: Sequence[Path] = (),
    encoding: str = "utf-8",
    workers: int | None = None,
    scheduler: str | None = None,
) -> dict[str, Any]:
    """Label the reports of a file or an ingested folder; write the mentions, give the counts.

    Files of `reviews`, of readers who looked at mentions, correct them.

    Raises
    ------
    GazeError
        If a rule is faulty, or the reports cannot be read; nothing is written then.
    """
    # First of all: a faulty rule stops here, before `out` is begun.
    book = load_labeler(rules and rules.resolve(), conventions).book
    reviewed = MentionReviews(Reviews.read(reviews), load_label_map(rules).targets)
    waiting: deque[ReportText] = deque()  # for their mentions
    left_out: Counter[str] = Counter()
    without_periods: dict[str, dict[str, int]] = {}
    read = read_reports(source, left_out, encoding=encoding)
    reports = count_ends(read, SpokenMarks(book.punctuation), without_periods)
    rows_by_report = run(
        _keeping(reports, waiting), conventions, rules=rules, workers=workers, scheduler=scheduler
    )
    written = write_mentions(
        ((waiting.popleft(), rows) for rows in rows_by_report), source, out, reviewed
    )
    return {
        **written,
        "left_out": dict(left_out),
        "without_periods": without_periods,
        "rules_sha256": book.sha256,
        "conventions": conventions.model_dump(),
    }


def _keeping(reports: Iterable[ReportText], waiting: deque[ReportText]) -> Iterator[ReportText]:
    for report in reports:
        waiting.append(report)
        yield report


def write_mentions(
    labelled: Iterable[tuple[ReportText, list[dict[str, Any]]]],
    source: Path,
    out: Path,
    reviewed: MentionReviews,
) -> dict[str, Any]:
    """Write the mentions of reports as their reviews have them; give the counts."""
    mentions: Counter[str] = Counter()
    n_reports = 0
    with writing(out) as write:
        for report, found in labelled:
            rows = reviewed.correct(found, report)
            write(rows)
            mentions.update(f"{row['label']}: {row['polarity']}" for row in rows)
            n_reports += 1
    details: dict[str, Any] = {"reports": n_reports, "mentions": dict(mentions)}
    if reviewed.reviews.files:
        details["reviews"] = reviewed.summary(datasets_of(source))
    return details


def run(
    reports: Iterable[ReportText],
    conventions: Conventions,
    *,
    rules: Path | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
) -> Iterator[list[dict[str, Any]]]:
    """Label reports, which are read as they are needed: only some thousands are held at once.

    Yields
    ------
    list of dict
        For each report the rows of table `mentions`.
    """
    for labelled in map_tasks(
        partial(label_reports, rules=rules and rules.resolve(), conventions=conventions),
        _tasks(reports),
        workers=workers,
        scheduler=scheduler,
        description="reports",
        few=FEW_TASKS,
    ):
        yield from labelled.rows


def _tasks(reports: Iterable[ReportText]) -> Iterator[list[ReportText]]:
    task: list[ReportText] = []
    n_characters = 0
    for report in reports:
        task.append(report)
        n_characters += len(report.text)
        if len(task) >= REPORTS_A_TASK or n_characters >= CHARACTERS_A_TASK:
            yield task
            task, n_characters = [], 0
    if task:
        yield task


@dataclass(frozen=True)
class Labelled:
    """Mentions of some reports. As a list, each report's would travel by itself, with all names."""

    rows: list[list[dict[str, Any]]]


def label_reports(
    reports: list[ReportText], *, rules: Path | None, conventions: Conventions
) -> Labelled:
    """Label some reports: one task."""
    texts = [report.text for report in reports]
    sentences = [report.sentences for report in reports]
    labelled = zip(reports, load_labeler(rules, conventions).label(texts, sentences), strict=True)
    return Labelled(
        [[mention_row(report, mention) for mention in mentions] for report, mentions in labelled]
    )


def load_labeler(rules: Path | None, conventions: Conventions) -> Labeler:
    """Make a labeler once in each process: compiling the rules takes a second.

    Workers of a scheduler live for days, in which rules change: the files decide, not the folder.
    """
    book = load_rules(rules)
    key = (book.sha256, conventions)
    if key not in _labelers:
        _labelers[key] = Labeler(book, conventions)
    return _labelers[key]


def mention_row(report: ReportText, mention: Mention) -> dict[str, Any]:
    """Give a row of the table `mentions`: a mention, and when its words were said."""
    onset_s, offset_s = None, None
    if report.words is not None:
        onset_s, offset_s = report.words.span(mention.char_start, mention.char_end)
    times = {"onset_s": onset_s, "offset_s": offset_s}
    return {"report_id": report.report_id, **mention._asdict(), **times}
