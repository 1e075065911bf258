"""Where sentences end, and the working copy of a text that all rules read.

The working copy has exactly one character for each of the original, so a place in one is a place in
the other: lower case, one kind of quote, dash, full stop and comma, plain spaces instead of line
breaks, tabs, non-breaking spaces and control characters. Marks that nobody sees stay; words are cut
as if they were not there.
"""

import re
import unicodedata

from gazescribe.pipeline.dictation.labeler.phrases import FILLER, Words, cut_words
from gazescribe.pipeline.dictation.labeler.unseen import has_unseen, placed_back, seen

_FULL_STOPS = {  # of scripts that put no space behind them, or none before the next sentence
    **dict.fromkeys(map(ord, "。｡．।॥۔։።။។"), "."),
    **dict.fromkeys(map(ord, "？؟"), "?"),
    ord("！"): "!",
}
STOPS = "".join(map(chr, _FULL_STOPS))
WRITTEN_END = re.compile(rf"[.!?…](?=\s|\Z)|[{STOPS}]")  # what a text with periods has somewhere
_SINGLE = {
    **{code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)},  # full width
    **dict.fromkeys(map(ord, "、､،"), ","),
    ord("؛"): ";",
    ord("…"): ".",
    **_FULL_STOPS,
    **dict.fromkeys(map(ord, "‘’ʼ`´"), "'"),
    **dict.fromkeys(map(ord, "“”"), '"'),
    **dict.fromkeys(map(ord, "‐‑‒–—―−"), "-"),
    **dict.fromkeys(range(0x20), " "),
    **dict.fromkeys(range(0x7F, 0xA1), " "),
    **dict.fromkeys([0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F, 0x205F, 0x3000], " "),
}
_ASCII = bytes(range(128)).decode("ascii").translate(_SINGLE).lower().encode("ascii").ljust(256)

# Where a sentence may end. All begin with one set of characters, which makes the search fast; what
# stands before is looked at from behind it. A row of marks is looked at from its first one alone:
# rows can be long.
_MAYBE_END = re.compile(
    rf"[.!?…\n){STOPS}](?:"
    rf"(?<=[.!?…])(?<![.!?…]{{2}})[.!?…]*[\"')\]{FILLER}]*(?=\s|\Z)"  # a mark before a space
    # a period glued between two words, or to the number of what follows
    r"|(?<=[a-z)]{2}\.)(?=[A-Za-z][A-Za-z]|[A-Z]\b|(?:\d{1,2}[.)]|[-*•])\s?[A-Za-z])"
    r"|(?<= \.)(?=[A-Za-z])"
    # a number glued to what follows: the sentence ends before it
    r"|(?P<number>(?:(?<=[a-z)] \d[.)])|(?<=[a-z)] \d\d[.)]))(?=[A-Z][a-z]|(?<=\)) [A-Z][a-z]))"
    # a full stop of another script, but for the one of a decimal
    rf"|(?<=[{STOPS}])(?!(?<=．)\d)[{STOPS}]*[\"')\]」』）》”’]*"
    r"|(?<=\n))"
)
_NUMBERED = re.compile(r"\s*(?:[(\[]?\d{1,2}[.)]?|[-*•]|[a-z][.)])?", re.IGNORECASE)
_ITEM = re.compile(r"\s*(?:[(\[]?\d{1,2}[.)]\s|[-*•]\s|[A-Z][A-Z /]{3,}:|[A-Z][a-z]+(?: [a-z]+)?:)")
_ANSWER_ENDS = r"(?:[.;,]|\band\b|\bbut\b|\Z)"
_ANSWER = re.compile(
    rf"\s+(?:(?:no|none|nil|negative|absent)\s*{_ANSWER_ENDS}|yes\b"
    r"|none (?:on|at|in) [^.;?!]{0,60}(?:[.;]|\Z)"
    r"|(?:(?:(?:i|we) see|there (?:is|are)) (?:none|neither|one|some)|none"
    r"|nothing (?:seen|there)"
    r"|there (?:is|are|(?:is not|are not|isn't|aren't)(?: one| any)?)"
    rf"(?=(?: at this time| today| now)?\s*{_ANSWER_ENDS})"
    r"|still|(?:smaller|larger|bigger|worse|better|improved|unchanged|stable|the same)"
    r"|(?:gone|resolved|cleared|removed|out|present)"
    r"|(?:no, )?(?:not|(?:i|we) (?:do not|don't|cannot|can't|did not)))"
    rf"\b[^.;,?!]{{0,30}}?{_ANSWER_ENDS})",
    re.IGNORECASE,
)
_GOES_ON = re.compile(
    r"(?:[,:/-]|\b(?:and|or|of|the|a|an|in|to|with|without|no|for|is|are|at|by|on|nor|than|from"
    r"|right|left|both|not|may|small|large|mild|moderate|new|stable))\s*\Z",
    re.IGNORECASE,
)
_ABBREVIATIONS = frozenset(
    "dr mr mrs ms prof st vs e.g i.e eg ie approx resp fig cf incl ca est min max".split()  # noqa: SIM905 (a row of words)
)
_CLOCK = frozenset(["a.m", "p.m", "etc"])
_NUMBER_LENGTH = 8  # characters of a list number with the white space before it
_SHORT_LINE = 50  # characters; longer lines are taken as wrapped


def working_copy(text: str) -> str:
    """Give the text as the rules read it, character for character."""
    if text.isascii():  # nearly always, and so it takes a tenth of the time
        return text.encode("ascii").translate(_ASCII).decode("ascii")
    copy = text.translate(_SINGLE)
    lower = copy.lower()
    if len(lower) != len(text):
        lower = "".join(_lower_character(character) for character in copy)
    return lower


def read_words(sentence: str) -> Words:
    """Cut a sentence into words as the rules read them."""
    return cut_words(working_copy(sentence))


def _lower_character(character: str) -> str:
    lower = character.lower()
    return lower if len(lower) == 1 else unicodedata.normalize("NFD", character)[0].lower()[0]


def split_sentences(text: str) -> list[tuple[int, int]]:
    """Split a plain text into sentences: (first character, one past the last), without white space.

    A sentence ends at a period, question or exclamation mark of any script, at an empty line, and
    at a line break that is not the wrapping of a paragraph. Decimals, abbreviations and list
    numbers end nothing, and a number at the start of a line, or glued to a word, belongs to what
    follows it.
    """
    if has_unseen(text):
        return placed_back(text, split_sentences(seen(text)))
    spans = []
    start = 0
    for match in _MAYBE_END.finditer(text):
        if match.start() < start or not _ends(text, start, match):
            continue
        end = match.end()
        if match["number"] is not None:
            end = text.rfind(" ", start, match.start())
        spans.append((start, end))
        start = end
    spans.append((start, len(text)))
    trimmed = [_trim(text, start, end) for start, end in spans]
    return [(start, end) for start, end in trimmed if start < end]


def _ends(text: str, start: int, match: re.Match[str]) -> bool:
    mark = match.group()
    if match["number"] is not None:  # "(on image 2) Small": no number where a bracket is open
        return text.rfind("(", start, match.start()) <= text.rfind(")", start, match.start())
    if mark == "\n":
        return _line_ends(text, start, match.start())
    place = match.start()
    if place - start < _NUMBER_LENGTH and _NUMBERED.fullmatch(text, start, place):
        return False
    if mark == "?":
        return not (_ANSWER.match(text, match.end()) or text[place - 1 : place].isspace())
    last = text[max(text.rfind(" ", start, place) + 1, start) : place].lower()
    if mark[0] == "." and last in _CLOCK:
        return text[match.end() : match.end() + 2].lstrip()[:1].isupper()
    return mark[0] != "." or last not in _ABBREVIATIONS


def _line_ends(text: str, start: int, place: int) -> bool:
    line_start = max(text.rfind("\n", 0, place) + 1, start)
    line = text[line_start:place].rstrip()
    stop = text.find("\n", place + 1)
    following = text[place + 1 : stop if stop >= 0 else len(text)]
    if not line or not following.strip():
        return True
    if _NUMBERED.fullmatch(line):
        return False
    if _ITEM.match(following):
        return True
    return len(line) < _SHORT_LINE and not _GOES_ON.search(line)


def _trim(text: str, start: int, end: int) -> tuple[int, int]:
    piece = text[start:end].rstrip()
    return start + len(piece) - len(piece.lstrip()), start + len(piece)
