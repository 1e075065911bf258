"""Headings of written reports: what stands under "Indication:" is a question, not a finding."""

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from operator import itemgetter

from gazescribe.pipeline.dictation.labeler.lexicon import Lexicon
from gazescribe.pipeline.dictation.labeler.phrases import FILLER, variants
from gazescribe.pipeline.dictation.labeler.rules import Sections
from gazescribe.pipeline.dictation.labeler.sentences import read_words, split_sentences
from gazescribe.pipeline.dictation.labeler.unseen import has_unseen, placed_back, seen

Spans = Sequence[tuple[int, int]]

_EMPTY_LINE = re.compile(r"(?<=\S)[ \t\r]*\n[ \t\r]*\n\s*(?=\S)")
_SPOKEN = re.compile(rf".{FILLER}+")
_SHOUTED = r"[A-Z][A-Z /&,()-]{3,40}"


@dataclass(frozen=True)
class Headings:
    """All headings, which of them are ignored, and what begins a finding without a heading.

    Of the ignored ones the brief have one sentence: "Comparison: None."
    """

    pattern: re.Pattern[str]
    ignored: frozenset[str]
    brief: frozenset[str]
    begins: Lexicon[bool]


def compile_headings(sections: Sections) -> Headings | None:
    """Compile the headings; None without ignored ones."""
    brief = frozenset(v for phrase in sections.brief for v in variants(phrase))
    ignored = brief.union(v for phrase in sections.ignored for v in variants(phrase))
    heeded = frozenset(v for phrase in sections.heeded for v in variants(phrase))
    if not ignored:
        return None
    names = "|".join(re.escape(name) for name in sorted(ignored | heeded, key=len, reverse=True))
    # Of many spaces the first two are enough: from each of them the others would be read again.
    begins = rf"(?:(?<=\n)|(?<=[.;!?)] )|(?<=  )(?<!   ))[ \t*#]*(?:(?i:{names})|{_SHOUTED})"
    # Also in the middle of a line, in capitals: of most spaces the next letter is enough.
    capitals = "".join(sorted({name[0].upper() for name in ignored | heeded}))
    shouted = f"(?=[{re.escape(capitals)}])(?:{names.upper()})"
    byline = r"(?: (?:by|at|from|dated)\b[^:.\n]{1,40})?"
    # The white space before a heading is part of the pattern, which makes the search fast.
    pattern = re.compile(rf"\s({begins}|{shouted}){byline}[ \t*]*:")
    return Headings(pattern, ignored, brief, _compile_begins(sections))


def _compile_begins(sections: Sections) -> Lexicon[bool]:
    """Compile how findings begin (True), and what only looks so (False)."""
    begins = [(phrase, True) for phrase in sections.begins]
    return Lexicon(begins + [(phrase, False) for phrase in sections.unless])


def ignored_spans(text: str, headings: Headings | None) -> list[tuple[int, int]]:
    """Give the stretches of a text that stand under an ignored heading."""
    if headings is None or ":" not in text:
        return []
    if has_unseen(text):
        return placed_back(text, ignored_spans(seen(text), headings))
    if FILLER in text:  # of spoken marks: here they stand where their words end
        text = _SPOKEN.sub(lambda spoken: spoken[0][::-1], text).replace(FILLER, " ")
    matches = list(headings.pattern.finditer(f"\n{text}"))  # a text begins as a line does
    starts = [match.start(1) - 1 for match in matches]
    ends = [*starts[1:], len(text)]
    is_ignored = [_name(match) in headings.ignored for match in matches]
    spans = []
    for match, start, end, ignored in zip(matches, starts, ends, is_ignored, strict=False):
        if ignored:
            spans.append((start, _paragraph_end(text, match.end() - 1, end)))
    if spans and all(is_ignored):
        start, end = spans[-1]
        is_brief = _name(matches[-1]) in headings.brief
        section = text[matches[-1].end() - 1 : end]
        spans[-1] = (
            start,
            end - len(section) + _findings_begin(section, headings.begins, is_brief=is_brief),
        )
    return spans


def _name(match: re.Match[str]) -> str:
    heading = match.group(1).casefold().strip("*# \t").replace("-", " ")
    return " ".join(heading.split())


def _paragraph_end(text: str, start: int, end: int) -> int:
    """Give where the paragraph under a heading ends; what follows it stands under none."""
    begin = start + len(text[start:end]) - len(text[start:end].lstrip())
    stop = _EMPTY_LINE.search(text, begin, end)
    return stop.end() if stop else end


def _findings_begin(section: str, begins: Lexicon[bool], *, is_brief: bool) -> int:
    """Give where, after the last heading, a sentence plainly says what the image shows.

    After a brief heading that is any sentence but the first that does not speak of a study again.
    """
    words = read_words(section)
    places = {start for start, _ in split_sentences(section)[1:]} if is_brief else set()
    for first, _, meanings in begins.find(words):
        place = words.starts[first]
        gap = section[words.starts[first - 1] : place] if first else ""
        if False in meanings:
            places.discard(place)
        elif "\n" in gap or gap.rstrip().endswith((".", ";", "!", "?")):
            places.add(place)
    return min(places, default=len(section))


def section_at(place: int, ignored: Spans) -> tuple[int, int] | None:
    """Give the section under an ignored heading that a place lies in."""
    number = bisect_right(ignored, place, key=itemgetter(0)) - 1
    return ignored[number] if number >= 0 and place < ignored[number][1] else None
