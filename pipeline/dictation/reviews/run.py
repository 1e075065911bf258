"""Stage `review`: what readers say of mentions, as gold sentences, scores and agreement.

Reads: files of reviews; the tables `readings` and `sentences` of ingested folders, for the texts.
Writes: gold sentences for `gold/` of a rules folder, if asked.
Params: section `label`, and of `evaluate_labels` what intervals need. Drops: readings whose text is
not at hand or that nobody reviewed to the end, sentences of which reviewers disagree, and what gold
sentences cannot hold; all are counted.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from gazescribe.pipeline.core.errors import SchemaError
from gazescribe.pipeline.core.resampling import Draws
from gazescribe.pipeline.dictation.evaluation.gold import align, count
from gazescribe.pipeline.dictation.evaluation.rates import macro_scores, score_table
from gazescribe.pipeline.dictation.labeler import Conventions, Labeler, Mention
from gazescribe.pipeline.dictation.labeler.baseline import NAME, Baseline
from gazescribe.pipeline.dictation.reports import ReportText
from gazescribe.pipeline.dictation.reviews.agreement import agreements
from gazescribe.pipeline.dictation.reviews.applying import Reviews
from gazescribe.pipeline.dictation.reviews.consensus import Key
from gazescribe.pipeline.dictation.reviews.gold import write_gold
from gazescribe.pipeline.dictation.reviews.truth import TrueSentence, find_texts, true_sentences

Mentions = Mapping[Key, Sequence[Mention]]


def run(
    files: Sequence[Path],
    tables: Sequence[Path],
    out: Path | None,
    *,
    rules: Path | None,
    conventions: Conventions,
    draws: Draws,
) -> dict[str, Any]:
    """Score the labeler on what reviewers say, measure their agreement, write gold sentences.

    Raises
    ------
    GazeError
        If there is no review, or files, tables or rules have faults.
    """
    reviews = Reviews.read(files)
    if not reviews.files:
        remedy = "Save reviews in the inspector, see docs/reviewing.md."
        raise SchemaError("there is no review.", where=", ".join(map(str, files)), remedy=remedy)
    left_out: Counter[str] = Counter()
    reports = find_texts(reviews, tables)
    sentences = true_sentences(reviews.texts, reports, left_out)
    summary: dict[str, Any] = {
        "n_files": len(reviews.files),
        "reviewers": sorted({file.reviewer for file in reviews.files}),
        "n_readings": len(reviews.texts),
        "n_sentences": len(sentences),
        "verdicts": dict(sorted(_verdicts(reviews).items())),
        "agreement": agreements(reviews.texts.values()),
    }
    if sentences:
        labeler = Labeler.from_rules(rules, **conventions.model_dump())
        summary |= score(sentences, reports, labeler, draws)
        summary["rules_sha256"] = labeler.book.sha256
    if out is not None:
        summary["gold"] = write_gold(sentences, out, rules, left_out)
    return summary | {"left_out": dict(sorted(left_out.items()))}


def _verdicts(reviews: Reviews) -> Counter[str]:
    return Counter(place.verdict for text in reviews.texts.values() for place in text.places)


def score(
    sentences: Sequence[TrueSentence],
    reports: Mapping[Key, ReportText],
    labeler: Labeler,
    draws: Draws,
) -> dict[str, Any]:
    """Score a labeler, and the baseline, on the mentions of reviewed sentences."""
    used = {sentence.key: reports[sentence.key] for sentence in sentences}
    texts = [report.text for report in used.values()]
    spans = [report.sentences for report in used.values()]
    mentions = dict(zip(used, labeler.label(texts, spans), strict=True))
    denied = dict(zip(used, Baseline(labeler).label(texts), strict=True))
    rows, macro = _scores(sentences, mentions, draws)
    _, baseline = _scores(sentences, denied, draws)
    return {"scores": rows, "macro": macro, "baseline": {"name": NAME, "macro": baseline}}


def _scores(
    sentences: Sequence[TrueSentence], mentions: Mentions, draws: Draws
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    aligned = align(_found_table(sentences, mentions), _true_table(sentences))
    items, counts = count(aligned, aligned["report_id"])  # a reading is drawn whole
    table = score_table(items, counts, draws)
    table = table[table[["tp", "fp", "fn"]].any(axis=1)].drop(columns=["tn"])
    table.insert(2, "n", table["tp"] + table["fn"])
    of_polarities = (items["polarity"] != "any").to_numpy()
    macro = macro_scores(counts[:, of_polarities], draws)
    rows = table.astype(object).where(table.notna(), None).to_dict("records")
    return [{str(name): value for name, value in row.items()} for row in rows], macro


def _true_table(sentences: Iterable[TrueSentence]) -> pd.DataFrame:
    rows = [
        {"report_id": " ".join(sentence.key), **mention.model_dump()}
        for sentence in sentences
        for mention in sentence.mentions
    ]
    return pd.DataFrame(rows, columns=["report_id", "char_start", "char_end", "label", "polarity"])


def _found_table(sentences: Iterable[TrueSentence], mentions: Mentions) -> pd.DataFrame:
    """Take the mentions that begin in these sentences."""
    rows = [
        {"report_id": " ".join(sentence.key), **mention._asdict()}
        for sentence in sentences
        for mention in mentions[sentence.key]
        if 0 <= mention.char_start - sentence.char_start < len(sentence.text)
    ]
    return pd.DataFrame(rows, columns=["report_id", *Mention._fields])
