"""The labeler as a spaCy pipeline: words and sentences, mentions, negspacy, polarity.

spaCy's blank English holds the words; we cut them ourselves, so that rules and text are cut alike.
Each step adds to the document what the next one needs. negspacy looks for our words of denial with
no limit to their reach, so that it misses none; the last step asks only where negspacy saw one,
finds which trigger it was, and whether it reaches.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from gazescribe.pipeline.dictation.labeler.clauses import Hit, Item, Parse
from gazescribe.pipeline.dictation.labeler.decisions import Decision, decide, decide_structure
from gazescribe.pipeline.dictation.labeler.lexicon import Lexicon
from gazescribe.pipeline.dictation.labeler.phrases import Words, cut_words, telling_words
from gazescribe.pipeline.dictation.labeler.rules import Concept, RuleBook, Trigger
from gazescribe.pipeline.dictation.labeler.scope import resolve
from gazescribe.pipeline.dictation.labeler.sentences import split_sentences, working_copy
from gazescribe.pipeline.dictation.labeler.settings import Conventions

ORIGINAL = "gazescribe_original"
WORDS = "gazescribe_words"
SENTENCES = "gazescribe_sentences"
FOUND = "gazescribe_found"
DECIDED = "gazescribe_decided"
HEADING = "default.heading"
LONGEST = 300  # words; no rule reaches farther, so that endless sentences take linear time


@dataclass(frozen=True)
class Compiled:
    """The rules under one set of conventions, compiled."""

    mentions: Lexicon[Concept | None]
    triggers: Lexicon[Trigger]
    states: Lexicon[Trigger]
    near: dict[str, Lexicon[bool]]
    terms: dict[str, list[str]]


def compile_rules(book: RuleBook, conventions: Conventions) -> Compiled:
    """Compile a rule book."""
    slips = book.repairs.slips if conventions.repairs else []
    mentions: list[tuple[str, Concept | None]] = []
    near = {}
    for concept in book.concepts:
        mentions += [(phrase, concept) for phrase in concept.phrases]
        mentions += [(phrase, None) for phrase in concept.unless]
        if concept.near:
            near[concept.id] = Lexicon(((phrase, True) for phrase in concept.near), slips)
    if conventions.repairs:
        mentions += [(phrase, None) for phrase in book.repairs.unless]
    triggers = list(book.triggers(conventions))
    states = [(phrase, trigger) for phrase, trigger in triggers if trigger.direction == "state"]
    carriers = [(phrase, trigger) for phrase, trigger in triggers if trigger.direction != "state"]
    terms = _negspacy_terms(carriers)
    return Compiled(Lexicon(mentions, slips), Lexicon(carriers), Lexicon(states), near, terms)


def _negspacy_terms(triggers: Sequence[tuple[str, Trigger]]) -> dict[str, list[str]]:
    """Give negspacy the words that no phrase of denial is without."""
    terms: dict[str, set[str]] = {"before": set(), "after": set()}
    for phrase, trigger in triggers:
        if trigger.screened and trigger.direction in terms:
            terms[trigger.direction] |= telling_words(phrase)
    return {
        "pseudo_negations": [],
        "preceding_negations": sorted(terms["before"]),
        "following_negations": sorted(terms["after"]),
        "termination": [],
    }


def build_pipeline(compiled: Compiled) -> Any:
    """Build the spaCy pipeline."""
    from gazescribe.pipeline.dictation.labeler.spacy_import import negation, spacy

    nlp: Any = spacy.blank("en")
    nlp.tokenizer = WordCutter(nlp.vocab, spacy.tokens.Doc)
    for step in (MentionFinder, NegationScreen, PolarityResolver):
        if not nlp.has_factory(step.name):
            type(nlp).factory(step.name, func=step)
        nlp.add_pipe(step.name)
    nlp.get_pipe(MentionFinder.name).compiled = compiled
    nlp.get_pipe(NegationScreen.name).negex = negation.Negex(
        nlp, "negex", compiled.terms, extension_name="gazescribe_denied"
    )
    nlp.get_pipe(PolarityResolver.name).compiled = compiled
    return nlp


class WordCutter:
    """Cut texts into words as rule files are cut, and mark where sentences begin."""

    def __init__(self, vocab: Any, document: Any) -> None:
        self._vocab = vocab
        self._document = document

    def __call__(self, text: str, sentences: Sequence[tuple[int, int]] | None = None) -> Any:
        """Make a document of the words of a text, its sentences those given or found."""
        words = cut_words(working_copy(text))
        spans = sentences or split_sentences(text)
        starts = [False] * len(words.starts)
        for start, _ in spans:
            first = bisect_left(words.starts, start)
            if first < len(starts):
                starts[first] = True
        doc = self._document(self._vocab, words=words.texts, sent_starts=starts)
        doc.user_data.update({ORIGINAL: text, WORDS: words, SENTENCES: spans})
        return doc

    def pipe(self, texts: Iterable[str], **_: Any) -> Iterator[Any]:
        """Make documents of texts, as negspacy does of its words of denial."""
        return map(self, texts)


class _Step:
    """A component of the pipeline; its rules are set when the pipeline is built."""

    compiled: Compiled

    def __init__(self, nlp: Any, name: str) -> None:
        """Take what spaCy gives every component; nothing of it is needed."""
        del nlp, name


class MentionFinder(_Step):
    """Find what the vocabulary names, sentence by sentence."""

    name = "gazescribe_mentions"

    def __call__(self, doc: Any) -> Any:
        """Keep the sentences that mention something."""
        data = doc.user_data
        whole: Words = data[WORDS]
        sentences = []
        for number, (start, end) in enumerate(data[SENTENCES]):
            begin, stop = bisect_left(whole.starts, start), bisect_left(whole.starts, end)
            for first in range(begin, stop, LONGEST):
                words = whole.part(first, min(first + LONGEST, stop))
                items = self._items(words, data[ORIGINAL])
                if items:
                    sentences.append(Parse(number, start, end, first, words, items))
        data[FOUND] = sentences
        return doc

    def _items(self, words: Words, original: str) -> list[Item]:
        items: list[Item] = []
        taken: list[int] = []
        for first, last, concepts in self.compiled.mentions.find(words):
            start, end = words.starts[first], words.ends[last - 1]
            items += [
                Item(start, end, first, concept)
                for concept in concepts
                if concept is not None and self._fits(concept, words, original[start:end])
            ]
            taken += range(first, last)
        for number in taken:
            words.texts[number] = ""  # so that no trigger is found inside a mention
        return items

    def _fits(self, concept: Concept, words: Words, text: str) -> bool:
        if concept.case == "exact" and text not in concept.phrases:
            return False
        near = self.compiled.near.get(concept.id)
        return near is None or any(True for _ in near.find(words))


class NegationScreen(_Step):
    """Let negspacy say which mentions have a word of denial on the side where it counts."""

    name = "gazescribe_negspacy"
    negex: Any

    def __call__(self, doc: Any) -> Any:
        """Look only at documents with a mention."""
        sentences: list[Parse] = doc.user_data[FOUND]
        if not sentences:
            return doc
        preceding, following, _ = self.negex.process_negations(doc)
        if not preceding and not following:
            return doc
        before = sorted(start for _, start, _ in preceding)
        after = sorted(start for _, start, _ in following)
        for sentence in sentences:
            first, last = sentence.first_word, sentence.first_word + len(sentence.words.texts)
            for item in sentence.items:
                word = first + item.word
                item.denied = bisect_left(before, first) < bisect_left(before, word)
                item.denied |= bisect_left(after, word) < bisect_left(after, last)
        return doc


class PolarityResolver(_Step):
    """Decide each mention: find the triggers of its sentence and resolve their reach."""

    name = "gazescribe_polarity"

    def __call__(self, doc: Any) -> Any:
        """Put a decision beside each mention."""
        decided = []
        for sentence in doc.user_data[FOUND]:
            mentions = list(sentence.items)
            self._find_triggers(sentence)
            resolve(sentence)
            decided += [(sentence.number, item, _decide(item, sentence)) for item in mentions]
        doc.user_data[DECIDED] = decided
        return doc

    def _find_triggers(self, sentence: Parse) -> None:
        words = sentence.words
        for first, last, triggers in self.compiled.triggers.find(words):
            start, end = words.starts[first], words.ends[last - 1]
            # A phrase that takes back a denial, such as "no change in", says nothing else.
            cancels = [trigger for trigger in triggers if trigger.direction == "cancels"]
            sentence.hits += [Hit(start, end, trigger) for trigger in cancels[:1] or triggers]
        if any(_is_structure(item) for item in sentence.items):
            for first, last, states in self.compiled.states.find(words):
                start, end = words.starts[first], words.ends[last - 1]
                sentence.items += [Item(start, end, first, state=state) for state in states]
        sentence.items.sort(key=lambda item: (item.start, item.end))


def _is_structure(item: Item) -> bool:
    return item.concept is not None and item.concept.kind == "structure"


def _decide(item: Item, sentence: Parse) -> Decision:
    if _is_structure(item):
        return decide_structure(item, sentence)
    if _is_heading(item, sentence):
        return Decision("dropped", HEADING, None, (sentence.start, sentence.end))
    return decide(item, sentence)


def _is_heading(item: Item, sentence: Parse) -> bool:
    """Tell whether a mention only heads a line that then says more of it: "Lines: PICC removed"."""
    if item.start != sentence.start or item.concept is None:
        return False
    words = sentence.words
    after = bisect_left(words.starts, item.end)
    if words.texts[after : after + 1] != [":"]:
        return False
    labels = item.concept.labels
    later = (other.concept for other in sentence.items if other.start >= item.end)
    return any(concept is not None and concept.labels == labels for concept in later)
