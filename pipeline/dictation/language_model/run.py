"""Stage `label --with`: reports in, mentions by a language model out.

Reads: reports as `dictation/run.py` does. Writes: the table `mentions`, and replies into the cache,
where they are found by the hash of the whole question. Params: section `language_model`. Drops:
reports without text, those whose reply is not in the form asked for, and mentions that cannot be
verified against the text; all counted.
Source: Lanfredi et al. 2023, Section 4, names such models as the labeler's successor.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from gazescribe.pipeline.core.console import progress
from gazescribe.pipeline.core.errors import SchemaError
from gazescribe.pipeline.core.files import write_json
from gazescribe.pipeline.core.foreign import parse_json, read_json
from gazescribe.pipeline.core.yaml_files import check
from gazescribe.pipeline.dictation.label_maps import load_label_map
from gazescribe.pipeline.dictation.labeler import Conventions
from gazescribe.pipeline.dictation.labeler.punctuation import SpokenMarks
from gazescribe.pipeline.dictation.labeler.sentences import split_sentences
from gazescribe.pipeline.dictation.language_model.prompt import PROMPT_VERSION, Reply, ask
from gazescribe.pipeline.dictation.language_model.server import Server
from gazescribe.pipeline.dictation.language_model.settings import LanguageModel
from gazescribe.pipeline.dictation.language_model.spans import find_mentions
from gazescribe.pipeline.dictation.reports import (
    ReportText,
    read_reports,
)
from gazescribe.pipeline.dictation.reviews.applying import MentionReviews, Reviews
from gazescribe.pipeline.dictation.run import load_labeler, mention_row, write_mentions
from gazescribe.pipeline.dictation.sentence_counts import count_ends

UNREADABLE = "whose reply is not in the form asked for"
SHOWN_IDS = 10


@dataclass(frozen=True)
class Answered:
    """What became of a report."""

    report: ReportText
    sentences: list[tuple[int, int]]
    reply: Reply | None  # None: not in the form asked for
    was_kept: bool  # from an earlier run


def label_file_with(
    source: Path,
    out: Path,
    server: Server,
    params: LanguageModel,
    *,
    model: str | None = None,
    rules: Path | None = None,
    reviews: Sequence[Path] = (),
    encoding: str = "utf-8",
) -> dict[str, Any]:
    """Have the reports of a file or an ingested folder labelled; give the counts.

    Files of `reviews` correct the mentions. A run that is cut off has kept its replies: the next
    one asks for the rest.

    Raises
    ------
    GazeError
        If the reports cannot be read or the server does not answer; no mentions are written then.
    """
    labels = sorted(load_label_map(rules).targets)
    book = load_labeler(rules and rules.resolve(), Conventions()).book
    spoken = SpokenMarks(book.punctuation)
    reviewed = MentionReviews(Reviews.read(reviews), labels)
    model = server.model(model)
    decided_by = f"{model}, prompt {PROMPT_VERSION}"
    left_out: Counter[str] = Counter()
    unverified: Counter[str] = Counter()
    counts: Counter[str] = Counter()
    without_periods: dict[str, dict[str, int]] = {}
    unreadable: list[str] = []
    read = read_reports(source, left_out, encoding=encoding)
    reports = count_ends(read, spoken, without_periods)
    answer = partial(
        _answer, server=server, model=model, labels=labels, spoken=spoken, params=params
    )

    def labelled() -> Iterator[tuple[ReportText, list[dict[str, Any]]]]:
        for answered in progress(_in_parallel(answer, reports, params.parallel), "reports"):
            counts["kept" if answered.was_kept else "asked"] += 1
            report = answered.report
            if answered.reply is None:
                unreadable.append(report.report_id)
                continue
            mentions, faults = find_mentions(
                report.text, answered.sentences, answered.reply, labels, decided_by
            )
            unverified.update(faults)
            yield report, [mention_row(report, mention) for mention in mentions]

    written = write_mentions(labelled(), source, out, reviewed)
    if unreadable:
        left_out[UNREADABLE] = len(unreadable)
    return {
        **written,
        "left_out": dict(left_out),
        "unreadable_first": unreadable[:SHOWN_IDS],
        "unverified": dict(unverified),
        "without_periods": without_periods,
        "model": model,
        "prompt_version": PROMPT_VERSION,
        "n_asked": counts["asked"],
        "n_kept": counts["kept"],
    }


def _in_parallel(
    answer: Callable[[ReportText], Answered], reports: Iterator[ReportText], parallel: int
) -> Iterator[Answered]:
    """Ask for several reports at once; answers come in the order of the reports."""
    with ThreadPoolExecutor(parallel) as pool:
        while batch := list(islice(reports, 8 * parallel)):
            yield from pool.map(answer, batch)


def _answer(
    report: ReportText,
    *,
    server: Server,
    model: str,
    labels: list[str],
    spoken: SpokenMarks,
    params: LanguageModel,
) -> Answered:
    sentences = [*(report.sentences or split_sentences(spoken.hear(report.text)))]
    texts = [report.text[start:end] for start, end in sentences]
    body = ask(texts, labels, model, params.seed)
    question = json.dumps(body, sort_keys=True).encode()
    key = hashlib.sha256(question).hexdigest()
    path = params.cache / key[:2] / f"{key}.json"
    earlier = _kept(path)
    if earlier is not None:
        return Answered(report, sentences, earlier, was_kept=True)
    reply = _read(server.chat(body))
    if reply is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_json(reply.model_dump(), path)
    return Answered(report, sentences, reply, was_kept=False)


def _kept(path: Path) -> Reply | None:
    if not path.is_file():
        return None
    try:
        return check(read_json(path), Reply, SchemaError, where=path)
    except SchemaError:  # damaged: asked for again
        return None


def _read(content: str) -> Reply | None:
    """Read a reply; None where it is not in the form asked for, whose faults may quote a report."""
    try:
        where = "the reply"
        return check(parse_json(content, where=where), Reply, SchemaError, where=where)
    except SchemaError:
        return None
