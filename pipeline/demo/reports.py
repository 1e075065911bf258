"""Reports as a radiologist dictates them, with what they truly say.

Wording lives in `pipeline.demo.phrases`. A report names every finding that its reader saw, some
that are absent, the heart, and now and then a device or nothing in particular.
Source: spec REFLACX A8, A9, A14; labeler conventions of Lanfredi et al. 2023 (phrase groups).
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from gazescribe.pipeline.demo import phrases
from gazescribe.pipeline.demo.cases import Lesion

POLARITY = {"+": "positive", "-": "negative", "?": "uncertain"}
UNSPACED = frozenset(".,")  # no blank before these
MENTION = re.compile(r"<([^|>]+)(?:\|([a-z]+))?([+?-])?>")
LUNG_FINDINGS = {
    "atelectasis",
    "consolidation",
    "groundglass opacity",
    "interstitial lung disease & fibrosis",
    "mass",
    "nodule",
    "pulmonary edema",
}


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
    """Dictate what one reader saw; certainty decides between plain, probable and unsure wording.

    The report's `text` obeys `text.replace(".", " .").replace(",", " ,") == " ".join(tokens)`.
    With `quality_issue` the reader complains about the image.
    """
    devices, findings = _findings(rng, lesions)
    spoken: set[str] = set()
    for statement in findings:
        spoken |= _labels(statement.words, denied=False)
    seen = {lesion.finding for lesion in lesions}
    heart = [] if "enlarged cardiac silhouette" in seen else [_heart(rng, spoken)]
    absent = _absences(rng, spoken)
    clear = [_Statement(_pick(rng, phrases.CLEAR))] if not seen & LUNG_FINDINGS else []
    body = _shuffled(rng, [*findings, *clear])
    tail = _shuffled(rng, [*absent, *heart])
    asides = rng.permutation(len(phrases.NEUTRAL))[: int(rng.integers(0, 3))]
    tail += [_Statement(phrases.NEUTRAL[place]) for place in asides]
    opening = [_Statement(_pick(rng, phrases.QUALITY))] if quality_issue else []
    return _assemble([*opening, *devices, *body, *tail])


def _pick(rng: np.random.Generator, options: Sequence[str]) -> str:
    return options[int(rng.integers(len(options)))]


def _shuffled(rng: np.random.Generator, items: list[_Statement]) -> list[_Statement]:
    return [items[place] for place in rng.permutation(len(items))]


def _findings(
    rng: np.random.Generator, lesions: Sequence[Lesion]
) -> tuple[list[_Statement], list[_Statement]]:
    """One statement per device and per finding; some findings share one."""
    devices = []
    groups: dict[str, list[int]] = {}
    for number, lesion in enumerate(lesions):
        if lesion.finding == "support devices":
            devices.append(_Statement(_pick(rng, phrases.DEVICES[lesion.side]), (number,)))
        else:
            groups.setdefault(lesion.finding, []).append(number)
    statements = []
    for (first, second), templates in (*phrases.SAME_ELLIPSE.items(), *phrases.PAIRS.items()):
        together = groups.get(first, []), groups.get(second, [])
        one_ellipse = (first, second) in phrases.SAME_ELLIPSE
        if not all(together) or not _belong(lesions, *together, paired=one_ellipse):
            continue
        strength = _strength(lesions[together[0][0]].certainty)
        if strength in templates and (one_ellipse or rng.random() < 0.6):
            numbers = [*groups.pop(first), *groups.pop(second)]
            words = _fill(rng, _pick(rng, templates[strength]), strength, lesions, numbers)
            statements.append(_Statement(words, tuple(numbers)))
    for finding, numbers in groups.items():
        strength = _strength(max(lesions[number].certainty for number in numbers))
        words = _fill(rng, _pick(rng, phrases.SAID[finding][strength]), strength, lesions, numbers)
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
    return _signed(filled, "?" if strength == "unsure" else "+")


def _signed(text: str, sign: str) -> str:
    """Name the concept of every mention, and its sign where the template fixes none."""
    return MENTION.sub(lambda match: f"<{match[1]}|{match[2] or match[1]}{match[3] or sign}>", text)


def _labels(words: str, *, denied: bool) -> set[str]:
    """Give the classes that a statement names; those that it denies only with `denied`."""
    labels: set[str] = set()
    for match in MENTION.finditer(words):
        if denied or match[3] != "-":
            labels.update(phrases.CONCEPTS[match[2] or match[1]])
    return labels


def _heart(rng: np.random.Generator, spoken: set[str]) -> _Statement:
    """Say that the heart's size is normal, or only that it is stable, which is no mention."""
    heart = set(phrases.CONCEPTS["heart"])
    usable = [
        words for words in phrases.HEART if not spoken & (_labels(words, denied=True) | heart)
    ]
    if not usable:
        return _Statement(phrases.NEUTRAL[0])
    return _Statement(_pick(rng, usable), structure="heart")


def _absences(rng: np.random.Generator, spoken: set[str]) -> list[_Statement]:
    """One or two sentences that deny findings nobody named."""
    usable = [name for name in phrases.NEGATED if not spoken & set(phrases.CONCEPTS[name])]
    usable = [usable[place] for place in rng.permutation(len(usable))]
    statements = []
    for _ in range(int(rng.integers(1, 4))):
        size = min(int(rng.integers(1, 5)), len(usable))
        if not size:
            break
        named, usable = usable[:size], usable[size:]
        listed = [_signed(_pick(rng, phrases.NEGATED[name]), "-") for name in named]
        template = _pick(rng, phrases.NEGATIONS[min(size, 3)])
        if size == 1 and named[0] in phrases.RESOLVING and rng.random() < phrases.RESOLVED_RATE:
            template = phrases.RESOLVED
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
    # A set, for two concepts of one mention can name the same class.
    mentions = {
        TrueMention(spans[begin][0], spans[end - 1][1], label, polarity)
        for begin, end, concept, polarity in marks
        for label in phrases.CONCEPTS[concept]
    }
    ordered = sorted(mentions, key=lambda m: (m.char_start, m.char_end, m.label))
    return replace(report, mentions=tuple(ordered))
