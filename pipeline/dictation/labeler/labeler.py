"""The labeler: texts in, mentions out."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property, partial
from itertools import repeat
from pathlib import Path
from typing import Literal

from gazescribe.pipeline.core.errors import GazeError, ParamsError, RuleError
from gazescribe.pipeline.core.yaml_files import check, read_yaml
from gazescribe.pipeline.dictation.label_maps import LabelMap, load_label_map
from gazescribe.pipeline.dictation.labeler.compiling import compile_rules
from gazescribe.pipeline.dictation.labeler.corrections import (
    Corrections,
    find_corrections,
    take_back,
    takes_back,
)
from gazescribe.pipeline.dictation.labeler.decisions import Decision, Explained
from gazescribe.pipeline.dictation.labeler.loading import load_rules
from gazescribe.pipeline.dictation.labeler.mentions import (
    DROPPED,
    Mention,
    Row,
    in_order,
    placed,
    rows_of,
    with_labels,
)
from gazescribe.pipeline.dictation.labeler.parsing import decide_mentions
from gazescribe.pipeline.dictation.labeler.phrases import PhraseError
from gazescribe.pipeline.dictation.labeler.remembered import Remembered
from gazescribe.pipeline.dictation.labeler.rules import RuleBook, Sections, Views
from gazescribe.pipeline.dictation.labeler.sections import (
    Spans,
    compile_headings,
    ignored_spans,
    section_at,
)
from gazescribe.pipeline.dictation.labeler.sentences import read_words, split_sentences
from gazescribe.pipeline.dictation.labeler.settings import Conventions

SECTION_RULE = "section.ignored"

NO_FINDING = "No Finding"
_NOT_A_FINDING = "Support Devices"

_HALF_A_CHARACTER = re.compile("[\ud800-\udfff]")  # no file can hold it

# Sentences whose mentions are remembered, and the characters of the longest: most sentences of real
# reports were read before, and a memory of all of a long corpus would only grow.
REMEMBERED = 20_000
REMEMBERED_CHARACTERS = 400

View = Literal["reflacx", "ten", "chexpert"]


class Labeler:
    """Find what chest-radiograph reports mention, whether it is denied or doubted, and why."""

    def __init__(self, book: RuleBook, conventions: Conventions) -> None:
        self.book = book
        self.conventions = conventions
        heeded = book.sections if conventions.sections == "written" else Sections()
        try:
            self._compiled = compile_rules(book, conventions)
            self._headings = compile_headings(heeded)
        except PhraseError as error:  # of headings in full, and of phrases with slips of dictation
            raise RuleError(f"{error}.", where=book.folder) from error
        self._rows_of = Remembered(self._read, REMEMBERED, REMEMBERED_CHARACTERS)
        self._decided_of = Remembered(self._decide, REMEMBERED, REMEMBERED_CHARACTERS)
        corrections = partial(find_corrections, compiled=self._compiled)
        self._corrections_of = Remembered(corrections, REMEMBERED, REMEMBERED_CHARACTERS)
        self._generic = frozenset(concept.id for concept in book.concepts if concept.generic)
        self._labels = {
            concept.id: tuple(conventions.chosen(concept.under, concept.labels))
            for concept in book.concepts
        }

    @classmethod
    def from_rules(cls, folder: Path | str | None = None, **conventions: str) -> "Labeler":
        """Make a labeler from a rules folder (else `rules/` here, else the packaged one).

        `conventions` are fields of `Conventions`, such as ``opacity="literal"``.

        Raises
        ------
        RuleError
            If the folder cannot be used; all faults at once.
        ParamsError
            If a convention is unknown.

        Examples
        --------
        >>> import gazescribe as gs
        >>> labeler = gs.Labeler.from_rules(hedge="negbio")
        >>> (mentions,) = labeler.label(["Probable pneumothorax."])
        >>> [(mention.label, mention.polarity) for mention in mentions]
        [('pneumothorax', 'uncertain')]
        """
        book = load_rules(None if folder is None else Path(folder))
        return cls(book, check(conventions, Conventions, ParamsError, where="conventions"))

    @property
    def rules_sha256(self) -> str:
        """Hash over all files of the rules."""
        return self.book.sha256

    def label(
        self, texts: Iterable[str], sentences: Iterable[Spans | None] | None = None
    ) -> list[list[Mention]]:
        """Find the mentions of each text; `stream` does so one text at a time."""
        return list(self.stream(texts, sentences))

    def stream(
        self, texts: Iterable[str], sentences: Iterable[Spans | None] | None = None
    ) -> Iterator[list[Mention]]:
        """Find the mentions of each text, in constant memory.

        Parameters
        ----------
        texts : iterable of str
            Reports or dictations; read as they are needed.
        sentences : iterable of sequences of (int, int), optional
            Character spans of each text's sentences, such as those that dictated periods end; they
            are never split again. Without them the texts are split.

        Yields
        ------
        list of Mention
            For each text, by place and label; `text[m.char_start:m.char_end] == m.text`.
        """
        for text, heard, parts in self._heard(texts, sentences):
            ignored = ignored_spans(heard, self._headings)
            rows = [self._rows_of[heard[start:end]] for start, end in parts]
            corrected = self._corrected(heard, parts, rows) if None in rows else {}
            mentions: list[Mention] = []
            for number, (start, _) in enumerate(parts):
                if number in corrected:
                    mentions += placed(text, corrected[number], 0, number, ignored)
                elif rows[number]:
                    mentions += placed(text, rows[number] or (), start, number, ignored)
            yield mentions if sentences is None else in_order(mentions)

    def explain(
        self, texts: Iterable[str], sentences: Iterable[Spans | None] | None = None
    ) -> Iterator[tuple[str, list[Explained]]]:
        """Give each text with all that was found in it, dropped or not, and the reasons."""
        for text, heard, parts in self._heard(texts, sentences):
            concepts = self._concepts(heard, parts, range(len(parts)))
            yield text, _without_ignored(concepts, ignored_spans(heard, self._headings))

    def _heard(
        self, texts: Iterable[str], sentences: Iterable[Spans | None] | None
    ) -> Iterator[tuple[str, str, Spans]]:
        """Give each text, the same with spoken marks as marks, and the spans of its sentences."""
        spans = repeat(None) if sentences is None else sentences
        for text, given in zip(_checked(texts), spans, strict=False):
            heard = self._compiled.spoken.hear(text)  # character for character
            yield text, heard, given or split_sentences(heard)

    def _corrected(
        self, heard: str, parts: Spans, rows: Sequence[tuple[Row, ...] | None]
    ) -> dict[int, tuple[Row, ...]]:
        """Give the rows, placed in the text, of sentences around one that takes back."""
        near: set[int] = set()
        for number, row in enumerate(rows):
            if row is None:
                near.update((number - 1, number, number + 1))
        corrected: dict[int, list[Explained]] = {n: [] for n in near if 0 <= n < len(parts)}
        for concept in self._concepts(heard, parts, sorted(corrected)):
            corrected[concept.sentence].append(concept)
        return {number: rows_of(concepts) for number, concepts in corrected.items()}

    def _concepts(self, heard: str, parts: Spans, numbers: Iterable[int]) -> list[Explained]:
        """Give what some sentences of a text mention, without what their neighbours take back."""
        concepts = []
        corrections = [(0, Corrections())] * len(parts)
        for number in numbers:
            start, end = parts[number]
            sentence = heard[start:end]
            concepts += [concept.moved(start, number) for concept in self._decided_of[sentence]]
            corrections[number] = start, self._corrections_of[sentence]
        return take_back(concepts, corrections)

    def _read(self, sentence: str) -> tuple[Row, ...] | None:
        """Give the rows of a sentence; None where it takes back: then its neighbours count."""
        words = read_words(sentence)
        if takes_back(words, self._compiled):
            return None
        decided = decide_mentions(sentence, words, self._compiled)
        return rows_of(with_labels(decided, self._labels)) if decided else ()

    def _decide(self, sentence: str) -> list[Explained]:
        """Give all that a sentence mentions, with what was decided of it and why."""
        decided = decide_mentions(sentence, read_words(sentence), self._compiled)
        return with_labels(decided, self._labels)

    def aggregate(
        self, mentions: Iterable[Mention], view: View = "reflacx", *, compat: bool = False
    ) -> dict[str, str]:
        """Give one polarity to each label that a report mentions.

        Parameters
        ----------
        mentions : iterable of Mention
            Of one report.
        view : {"reflacx", "ten", "chexpert"}
            The vocabulary: the classes, the channels of `labels.yaml`, or CheXpert's fourteen.
        compat : bool
            Positive wins over uncertain over negative; compat: as the published code, where
            uncertain wins when negative is there too.

        Returns
        -------
        dict of str to str
            Label to positive, negative or uncertain; labels not mentioned are absent. The CheXpert
            view has No Finding when nothing but devices is positive or uncertain.

        Raises
        ------
        RuleError
            If the rules have no map for the view.
        """
        if view == "chexpert" and not self._views.chexpert:
            path = self.book.folder / "views.yaml"
            raise RuleError("this rules folder has no CheXpert view.", where=path)
        polarities: dict[str, set[str]] = defaultdict(set)
        for mention in mentions:
            for label in self._seen_as(mention, view):
                polarities[label].add(mention.polarity)
        values = {label: _strongest(polarities[label], compat) for label in sorted(polarities)}
        findings = [v for k, v in values.items() if k != _NOT_A_FINDING and v != "negative"]
        if view == "chexpert" and not findings:
            values[NO_FINDING] = "positive"
        return values

    @cached_property
    def _views(self) -> Views:
        path = self.book.folder / "views.yaml"
        return read_yaml(path, Views, RuleError) if path.exists() else Views()

    @cached_property
    def _label_map(self) -> LabelMap:
        return load_label_map(self.book.folder)

    def _seen_as(self, mention: Mention, view: View) -> Sequence[str]:
        """Give the labels of a view that a mention speaks of."""
        if view == "reflacx":
            return [mention.label]
        if view == "chexpert":
            labels = self._views.chexpert.get(mention.label, [])
            return self._views.chexpert_concepts.get(mention.concept, labels)
        channels = self._label_map.channels_of(mention.label)
        if mention.polarity != "negative" or mention.concept in self._generic:
            return channels
        # "No edema" does not say that there is no opacity, which edema shares with other classes.
        return [channel for channel in channels if channel not in self._views.shared]


def _checked(texts: Iterable[str]) -> Iterator[str]:
    for number, text in enumerate(texts, start=1):
        half = _HALF_A_CHARACTER.search(text)
        if half is not None:
            place = f"text {number} has half of a surrogate pair at character {half.start()}."
            raise GazeError(place, remedy="Decode its bytes in their own encoding.")
        yield text


def _without_ignored(concepts: list[Explained], ignored: Spans) -> list[Explained]:
    """Drop what stands under an ignored heading."""
    marked = []
    for concept in concepts:
        section = section_at(concept.char_start, ignored)
        if section is not None:
            dropped = Decision(DROPPED, SECTION_RULE, None, section)
            marked.append(concept._replace(decision=dropped))
        else:
            marked.append(concept)
    return marked


def _strongest(polarities: set[str], compat: bool) -> str:
    if compat and {"negative", "uncertain"} <= polarities:
        return "uncertain"
    return next(name for name in ("positive", "uncertain", "negative") if name in polarities)
