"""Reports as a radiologist dictates them, with what they truly say.

Wording lives in `pipeline.demo.phrases`. A report names every finding that its reader saw, some
that are absent, the heart, and now and then a device or nothing in particular.
Source: spec REFLACX A8, A9, A14; labeler conventions of Lanfredi et al. 2023 (phrase groups).
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from gazescribe.pipeline.demo.cases import Lesion
from gazescribe.pipeline.demo.phrases import (
    CLEAR,
    CONCEPTS,
    DEVICES,
    HEART,
    NEGATED,
    NEGATIONS,
    NEUTRAL,
    PAIRS,
    QUALITY,
    RESOLVED,
    RESOLVED_RATE,
    RESOLVING,
    SAID,
    SAME_ELLIPSE,
)

POLARITY = {"+": "positive", "-": "negative", "?": "uncertain"}
UNSPACED = frozenset(".,")  # no blank before these
MENTION = re.compile(r"<([^|>]+)(?:\|([a-z]+))?([+?-])?>")
LUNG_FINDINGS = frozenset(
    (
        "atelectasis",
        "consolidation",
        "groundglass opacity",
        "interstitial lung disease & fibrosis",
        "mass",
        "nodule",
        "pulmonary edema",
    )
)


@dataclass(frozen=True)
class TrueMention:
    """What a span of the text says: a class of `rules/labels.yaml` and its polarity."""

    char_start: int
    char_end: int
    label: str
    polarity: str


@dataclass(frozen=True)
class Sentence:
    """Tokens [first_token, end_token), and what of the image they speak of.

    `lesions` are positions in the list of lesions that the reader saw; `structure` is heart where a
    sentence without lesion makes its reader look there.
    """

    first_token: int
    end_token: int
    lesions: tuple[int, ...]
    structure: str | None


@dataclass(frozen=True)
class Report:
    """One dictation: lower-case tokens, with `.` `,` `/` as tokens of their own."""

    tokens: tuple[str, ...]
    sentences: tuple[Sentence, ...]
    mentions: tuple[TrueMention, ...]

    @property
    def text(self) -> str:
        """The tokens joined by blanks, none before `.` and `,` (spec REFLACX A9)."""
        return "".join(_glued(self.tokens))

    @property
    def char_spans(self) -> list[tuple[int, int]]:
        """First and one past the last character of each token in `text`."""
        spans = []
        end = 0
        for piece in _glued(self.tokens):
            start = end + (piece[0] == " ")
            end += len(piece)
            spans.append((start, end))
        return spans


@dataclass(frozen=True)
class _Statement:
    words: str
    lesions: tuple[int, ...] = ()
    structure: str | None = None


def _glued(tokens: Iterable[str]) -> Iterator[str]:
    for number, token in enumerate(tokens):
        yield token if number == 0 or token in UNSPACED else f" {token}"


def draw_report(
    rng: np.random.Generator, lesions: Sequence[Lesion], *, quality_issue: bool = False
) -> Report:
    """Dictate what one reader saw.

    Parameters
    ----------
    rng : numpy.random.Generator
        The only source of chance.
    lesions : sequence of Lesion
        What the reader saw; certainty decides between plain, probable and uncertain wording.
    quality_issue : bool
        Whether the reader complains about the image.

    Returns
    -------
    Report
        Its `text` obeys `text.replace(".", " .").replace(",", " ,") == " ".join(tokens)`.
    """
    devices, findings = _findings(rng, lesions)
    spoken = {
        label
        for statement in findings
        for concept, sign in _concepts(statement.words)
        if sign != "-"
        for label in CONCEPTS[concept]
    }
    heart = [] if _sees(lesions, "enlarged cardiac silhouette") else [_heart(rng, spoken)]
    absent = _absences(rng, spoken)
    seen = {lesion.finding for lesion in lesions}
    clear = [_Statement(_pick(rng, CLEAR))] if not seen & LUNG_FINDINGS else []
    body = [*findings, *clear]
    _shuffle(rng, body)
    tail = [*absent, *heart]
    _shuffle(rng, tail)
    asides = rng.permutation(len(NEUTRAL))[: int(rng.integers(0, 3))]
    tail += [_Statement(NEUTRAL[place]) for place in asides]
    opening = [_Statement(_pick(rng, QUALITY))] if quality_issue else []
    return _assemble([*opening, *devices, *body, *tail])


def _sees(lesions: Iterable[Lesion], finding: str) -> bool:
    return any(lesion.finding == finding for lesion in lesions)


def _pick(rng: np.random.Generator, options: Sequence[str]) -> str:
    return options[int(rng.integers(len(options)))]


def _shuffle(rng: np.random.Generator, items: list[_Statement]) -> None:
    items[:] = [items[place] for place in rng.permutation(len(items))]


def _findings(
    rng: np.random.Generator, lesions: Sequence[Lesion]
) -> tuple[list[_Statement], list[_Statement]]:
    """One statement per device and per finding; some findings share one."""
    devices = []
    groups: dict[str, list[int]] = {}
    for number, lesion in enumerate(lesions):
        if lesion.finding == "support devices":
            devices.append(_Statement(_pick(rng, DEVICES[lesion.side]), (number,)))
        else:
            groups.setdefault(lesion.finding, []).append(number)
    statements = []
    for (first, second), templates in (*SAME_ELLIPSE.items(), *PAIRS.items()):
        together = groups.get(first, []), groups.get(second, [])
        if not all(together) or not _belong(
            lesions, *together, paired=(first, second) in SAME_ELLIPSE
        ):
            continue
        strength = _strength(lesions[together[0][0]].certainty)
        if strength in templates and ((first, second) in SAME_ELLIPSE or rng.random() < 0.6):
            numbers = [*groups.pop(first), *groups.pop(second)]
            words = _fill(rng, _pick(rng, templates[strength]), strength, lesions, numbers)
            statements.append(_Statement(words, tuple(numbers)))
    for finding, numbers in groups.items():
        strength = _strength(max(lesions[number].certainty for number in numbers))
        words = _fill(rng, _pick(rng, SAID[finding][strength]), strength, lesions, numbers)
        statements.append(_Statement(words, tuple(numbers)))
    return devices, statements


def _belong(
    lesions: Sequence[Lesion], first: Sequence[int], second: Sequence[int], *, paired: bool
) -> bool:
    """Whether two findings are said in one sentence: one ellipse for both, or the same sides."""
    if paired:
        places = [
            {(lesions[i].x, lesions[i].y, lesions[i].rx, lesions[i].ry) for i in numbers}
            for numbers in (first, second)
        ]
        return places[0] == places[1]
    strengths = {_strength(max(lesions[i].certainty for i in group)) for group in (first, second)}
    sides = [{lesions[i].side for i in numbers} - {"middle"} for numbers in (first, second)]
    return len(strengths) == 1 and (not all(sides) or sides[0] == sides[1])


def _strength(certainty: int) -> str:
    return {5: "sure", 4: "likely"}.get(certainty, "unsure")


def _fill(
    rng: np.random.Generator,
    template: str,
    strength: str,
    lesions: Sequence[Lesion],
    numbers: Sequence[int],
) -> str:
    """Put sides, zones and sizes into a template, and the polarity on its bare mentions."""
    sides = {lesions[number].side for number in numbers} - {"middle"}
    many = len(sides) > 1
    place = float(np.mean([lesions[number].zone for number in numbers]))
    level = 0 if place < 0.33 else 1 if place < 0.62 else 2
    filled = template.format(
        side="bilateral" if many else "".join(sides) or "left",
        zone=("apical", "perihilar", "basilar")[level],
        lobe=("upper lobe", "mid lung", "lower lobe")[level],
        size=_pick(rng, ("small", "moderate", "large")),
        degree=_pick(rng, ("mild", "moderate", "severe")),
        s="s" if many else "",
        es="es" if many else "",
        y="ies" if many else "y",
        a="" if many else "a ",
        there="there are" if many else "there is",
    )
    sign = "?" if strength == "unsure" else "+"
    return MENTION.sub(lambda match: _signed(match, sign), filled)


def _signed(match: re.Match[str], sign: str) -> str:
    words, concept, sign_of_mention = match.groups()
    return f"<{words}|{concept or words}{sign_of_mention or sign}>"


def _denied(match: re.Match[str]) -> str:
    return _signed(match, "-")


def _concepts(words: str) -> Iterator[tuple[str, str]]:
    for match in MENTION.finditer(words):
        yield match[2] or match[1], match[3]


def _heart(rng: np.random.Generator, spoken: set[str]) -> _Statement:
    """Say that the heart's size is normal, or that it is stable, which is uncertain."""
    usable = [
        words
        for words in HEART
        if not spoken & {label for concept, _ in _concepts(words) for label in CONCEPTS[concept]}
    ]
    return _Statement(_pick(rng, usable), structure="heart") if usable else _Statement(NEUTRAL[0])


def _absences(rng: np.random.Generator, spoken: set[str]) -> list[_Statement]:
    """One or two sentences that deny findings nobody named."""
    usable = [name for name in NEGATED if not spoken & set(CONCEPTS[name])]
    usable = [usable[place] for place in rng.permutation(len(usable))]
    statements = []
    for _ in range(int(rng.integers(1, 4))):
        size = min(int(rng.integers(1, 5)), len(usable))
        if not size:
            break
        named, usable = usable[:size], usable[size:]
        listed = [MENTION.sub(_denied, _pick(rng, NEGATED[name])) for name in named]
        template = _pick(rng, NEGATIONS[min(size, 3)])
        if size == 1 and named[0] in RESOLVING and rng.random() < RESOLVED_RATE:
            template = RESOLVED
        statements.append(
            _Statement(template.format(*listed, many=" , ".join(listed[:-1]), last=listed[-1]))
        )
    return statements


def _assemble(statements: Sequence[_Statement]) -> Report:
    tokens: list[str] = []
    sentences = []
    marks: list[tuple[int, int, str, str]] = []
    for statement in statements:
        first = len(tokens)
        end = 0
        for match in MENTION.finditer(statement.words):
            tokens += statement.words[end : match.start()].split()
            begin = len(tokens)
            tokens += match[1].split()
            marks.append((begin, len(tokens), match[2] or match[1], POLARITY[match[3]]))
            end = match.end()
        tokens += [*statement.words[end:].split(), "."]
        sentences.append(Sentence(first, len(tokens), statement.lesions, statement.structure))
    report = Report(tuple(tokens), tuple(sentences), ())
    spans = report.char_spans
    found_mentions = {
        TrueMention(spans[begin][0], spans[end - 1][1], label, polarity)
        for begin, end, concept, polarity in marks
        for label in CONCEPTS[concept]
    }
    ordered = sorted(found_mentions, key=lambda m: (m.char_start, m.char_end, m.label))
    return Report(report.tokens, report.sentences, tuple(ordered))
