"""Headings of written reports: what stands under "Indication:" is a question, not a finding."""

import re

from gazescribe.pipeline.dictation.labeler.phrases import FILLER, variants
from gazescribe.pipeline.dictation.labeler.rules import Sections

_EMPTY_LINE = re.compile(r"(?<=\S)[ \t]*\n[ \t]*\n\s*(?=\S)")
_SPOKEN = re.compile(rf".{FILLER}+")
_SHOUTED = r"[A-Z][A-Z /&,()-]{3,40}"


def compile_headings(sections: Sections) -> tuple[re.Pattern[str], frozenset[str]] | None:
    """Compile the headings; give the pattern and the ignored headings, or None without any."""
    ignored = frozenset(v for phrase in sections.ignored for v in variants(phrase))
    heeded = frozenset(v for phrase in sections.heeded for v in variants(phrase))
    if not ignored:
        return None
    names = "|".join(re.escape(name) for name in sorted(ignored | heeded, key=len, reverse=True))
    # Of many spaces the first two are enough: from each of them the others would be read again.
    begins = rf"(?:(?<=\n)|(?<=[.;!?)] )|(?<=  )(?<!   ))[ \t*#]*(?:(?i:{names})|{_SHOUTED})"
    shouted = names.upper()  # also in the middle of a line
    byline = r"(?: (?:by|at|from|dated)\b[^:.\n]{1,40})?"
    # The white space before a heading is part of the pattern, which makes the search fast.
    return re.compile(rf"\s({begins}|{shouted}){byline}[ \t*]*:"), ignored


def ignored_spans(
    text: str, headings: tuple[re.Pattern[str], frozenset[str]] | None
) -> list[tuple[int, int]]:
    """Give the stretches of a text that stand under an ignored heading."""
    if headings is None or ":" not in text:
        return []
    pattern, ignored = headings
    if FILLER in text:  # of spoken marks: here they stand where their words end
        text = _SPOKEN.sub(lambda spoken: spoken[0][::-1], text).replace(FILLER, " ")
    matches = list(pattern.finditer(f"\n{text}"))  # a text begins as a line does
    starts = [match.start(1) - 1 for match in matches]
    ends = [*starts[1:], len(text)]
    spans = []
    for match, start, end in zip(matches, starts, ends, strict=False):
        heading = match.group(1).casefold().strip("*# \t").replace("-", " ")
        if " ".join(heading.split()) in ignored:
            spans.append((start, _paragraph_end(text, match.end() - 1, end)))
    return spans


def _paragraph_end(text: str, start: int, end: int) -> int:
    """Give where the paragraph under a heading ends; what follows it stands under none."""
    begin = start + len(text[start:end]) - len(text[start:end].lstrip())
    stop = _EMPTY_LINE.search(text, begin, end)
    return stop.end() if stop else end
