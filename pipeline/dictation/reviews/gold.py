"""Reviewed sentences written as gold sentences of a rules folder."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import yaml

from gazescribe.pipeline.core.errors import RuleError
from gazescribe.pipeline.core.files import replacing
from gazescribe.pipeline.core.resources import resource
from gazescribe.pipeline.dictation.labeler.gold_sentences import load_codes, load_gold_sentences
from gazescribe.pipeline.dictation.reviews.files import ReviewedMention
from gazescribe.pipeline.dictation.reviews.truth import REASONS, TrueSentence

SIGNS = {"positive": "+", "negative": "-", "uncertain": "?"}
ABOUT = "What readers reviewed, written by gazescribe review."
Families = dict[str, list[str]]


def write_gold(
    sentences: Iterable[TrueSentence], out: Path, rules: Path | None, left_out: Counter[str]
) -> dict[str, int]:
    """Write sentences that say something in the form of `gold/*.yaml`; count them by family.

    Left out, and counted, is what the form cannot hold, what stands in the rules folder already,
    and sentences that reviewers see in two ways.

    Raises
    ------
    RuleError
        If the rules folder has no codes of labels, or its gold sentences have faults.
    """
    if out.suffix != ".yaml":
        raise RuleError("gold sentences are written as .yaml.", where=out)
    codes = {label: code for code, label in load_codes(rules).items()}
    families = _families(sentences, codes, _known(out, rules), left_out)
    content = {
        "about": ABOUT,
        "families": [
            {"family": f"reviewed: {verdict}", "reason": reason, "sentences": families[verdict]}
            for verdict, reason in REASONS.items()
            if families.get(verdict)
        ],
    }
    with replacing(out) as beside:
        text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=10_000)
        beside.write_text(text, encoding="utf-8", newline="\n")
    return {
        verdict: len(sentences_of_verdict) for verdict, sentences_of_verdict in families.items()
    }


def _known(out: Path, rules: Path | None) -> set[str]:
    """Give the sentences that the rules folder has, but for those of the file that is replaced."""
    folder = rules or resource("rules")
    sentences = load_gold_sentences(folder).sentences
    if out.parent.resolve() == (folder / "gold").resolve():
        line_start = f"gold/{out.name} line "
        return {
            sentence.text for sentence in sentences if not sentence.where.startswith(line_start)
        }
    return {sentence.text for sentence in sentences}


def _families(
    sentences: Iterable[TrueSentence],
    codes: Mapping[str, str],
    known: set[str],
    left_out: Counter[str],
) -> Families:
    """Sort marked sentences into families, each text once."""
    marked: dict[str, tuple[str, str]] = {}
    contradicted: set[str] = set()
    for sentence in sentences:
        if not sentence.verdict:
            left_out["sentences without a mention"] += 1
            continue
        text, fault = _mark(sentence, codes)
        plain = sentence.text.strip()
        if fault:
            left_out[f"sentences with {fault}"] += 1
        elif plain in known:
            left_out["sentences that the rules have"] += 1
        elif marked.setdefault(plain, (text, sentence.verdict))[0] != text:
            contradicted.add(plain)
    for plain in contradicted:
        left_out["sentences seen in two ways"] += 1
        del marked[plain]
    families: Families = {}
    for text, verdict in sorted(marked.values()):
        families.setdefault(verdict, []).append(text)
    return families


def _mark(sentence: TrueSentence, codes: Mapping[str, str]) -> tuple[str, str]:
    """Write the marks into a sentence; else say why the form cannot hold it."""
    if re.search(r"[\[\]]", sentence.text):
        return "", "brackets"
    if any(mention.label not in codes for mention in sentence.mentions):
        return "", "a label without a code in gold/codes.yaml"
    spans: dict[tuple[int, int], list[ReviewedMention]] = {}
    for mention in sentence.mentions:
        spans.setdefault((mention.char_start, mention.char_end), []).append(mention)
    return _insert(sentence, spans, codes)


def _insert(
    sentence: TrueSentence,
    spans: Mapping[tuple[int, int], Sequence[ReviewedMention]],
    codes: Mapping[str, str],
) -> tuple[str, str]:
    text, end = "", sentence.char_start
    for (first, last), mentions in sorted(spans.items()):
        polarities = {mention.polarity for mention in mentions}
        if first < end:
            return "", "mentions that overlap"
        if len(polarities) > 1:
            return "", "two polarities of the same words"
        words = sentence.text[first - sentence.char_start : last - sentence.char_start]
        names = ",".join(codes[mention.label] for mention in mentions)
        text += sentence.text[end - sentence.char_start : first - sentence.char_start]
        text += f"[{words}]{names}{SIGNS[polarities.pop()]}"
        end = last
    return (text + sentence.text[end - sentence.char_start :]).strip(), ""
