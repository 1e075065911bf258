"""One automaton over words that finds thousands of phrases in one pass."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, compress, product
from typing import Generic, TypeVar

from gazescribe.pipeline.dictation.labeler.english import BREAKS
from gazescribe.pipeline.dictation.labeler.phrases import GAP, Slip, Words, as_heard, parts
from gazescribe.pipeline.dictation.labeler.remembered import Remembered

Entry = TypeVar("Entry")

_OTHER = "\0"  # any word that no phrase knows


@dataclass(slots=True)
class _Node:
    """A place inside phrases: which words lead on, what may be skipped, what ends here."""

    words: dict[str, list[int]] = field(default_factory=dict)
    endings: list[tuple[str, int]] = field(default_factory=list)
    any_word: list[int] = field(default_factory=list)
    skips: list[int] = field(default_factory=list)


class _State(Generic[Entry]):
    """A set of nodes that the words read so far have reached, and where each word leads on."""

    __slots__ = ("entries", "moves")

    def __init__(
        self, entries: tuple[Entry, ...], move: "Callable[[str], _State[Entry] | None]"
    ) -> None:
        self.entries = entries
        self.moves = Remembered(move)


class Lexicon(Generic[Entry]):
    """Phrases, and what each of them stands for; a phrase can have several meanings."""

    def __init__(self, phrases: Iterable[tuple[str, Entry]], slips: Sequence[Slip] = ()) -> None:
        self._heard = Remembered(partial(as_heard, slips=slips))
        self._nodes = [_Node()]
        self._ends: dict[int, list[Entry]] = {}
        self._states: dict[frozenset[int], _State[Entry]] = {}
        # The sign for each word, and the state after it as a first word: None where none begins so.
        self._symbols: Remembered[str] = Remembered(self._symbol)
        self._begins: Remembered[_State[Entry] | None] = Remembered(self._begin)
        for phrase, entry in phrases:
            self._add(parts(phrase), entry)
        self._alphabet = {word for node in self._nodes for word in node.words}
        self._endings = tuple({stem for node in self._nodes for stem, _ in node.endings})
        self._first = self._state({0})

    def find(self, words: Words) -> list[tuple[int, int, tuple[Entry, ...]]]:
        """Give (first word, one past the last, meanings) of each phrase, leftmost longest first.

        A word that is empty matches nothing, not even a gap.
        """
        texts = words.texts
        begins = list(map(self._begins.__getitem__, texts))
        if not any(begins):
            return []
        phrases: list[tuple[int, int, tuple[Entry, ...]]] = []
        symbols = self._symbols
        count, free = len(texts), 0
        for first in compress(range(count), begins):
            if first < free:
                continue
            state = begins[first]
            place, end = first + 1, 0
            meanings: tuple[Entry, ...] = ()
            while state is not None:
                if state.entries:
                    end, meanings = place, state.entries
                if place == count:
                    break
                state = state.moves[symbols[texts[place]]]
                place += 1
            if end:
                phrases.append((first, end, meanings))
                free = end
        return phrases

    def _begin(self, word: str) -> _State[Entry] | None:
        return self._first.moves[self._symbols[word]]

    def _add(self, phrase: list[list[tuple[str, ...]]], entry: Entry) -> None:
        node = 0
        for variants in phrase:
            after = self._new()
            for variant in variants:
                for heard in product(*map(self._heard.__getitem__, variant)):
                    self._add_row(node, after, list(chain.from_iterable(heard)))
            node = after
        self._ends.setdefault(node, []).append(entry)

    def _new(self) -> int:
        self._nodes.append(_Node())
        return len(self._nodes) - 1

    def _add_row(self, node: int, after: int, row: list[str]) -> None:
        if not row:
            self._nodes[node].skips.append(after)
        for number, word in enumerate(row):
            target = after if number == len(row) - 1 else self._new()
            gap = GAP.fullmatch(word)
            if gap:
                self._add_gap(node, target, int(gap.group(1)))
            elif word.endswith("*"):
                self._nodes[node].endings.append((word[:-1], target))
            else:
                self._nodes[node].words.setdefault(word, []).append(target)
            node = target

    def _add_gap(self, node: int, after: int, length: int) -> None:
        self._nodes[node].skips.append(after)
        for _ in range(length):
            target = self._new()
            self._nodes[node].any_word.append(target)
            self._nodes[target].skips.append(after)
            node = target

    def _symbol(self, word: str) -> str:
        """Give what counts of a word: itself if a phrase has it, else its beginning or its kind."""
        if word in self._alphabet or word in BREAKS:
            return word
        if word.startswith(self._endings):
            return f"{max((stem for stem in self._endings if word.startswith(stem)), key=len)}*"
        return _OTHER if word[:1].isalnum() or word[:1] == "_" else " "

    def _move(self, nodes: frozenset[int], symbol: str) -> _State[Entry] | None:
        reached: set[int] = set()
        is_word = (symbol == _OTHER or symbol[:1].isalnum()) and symbol not in BREAKS
        for number in nodes:  # most have none of the three
            node = self._nodes[number]
            if symbol in node.words:
                reached.update(node.words[symbol])
            if is_word and node.any_word:
                reached.update(node.any_word)
            if node.endings:
                reached.update(to for stem, to in node.endings if symbol.startswith(stem))
        return self._state(reached) if reached else None

    def _state(self, nodes: set[int]) -> _State[Entry]:
        """Give the state of some nodes and of all that can be skipped to from them."""
        waiting = list(nodes)
        closed = set(nodes)
        while waiting:
            for target in self._nodes[waiting.pop()].skips:
                if target not in closed:
                    closed.add(target)
                    waiting.append(target)
        key = frozenset(closed)
        if key not in self._states:
            entries = [entry for node in sorted(key) for entry in self._ends.get(node, ())]
            distinct = tuple({id(entry): entry for entry in entries}.values())
            self._states[key] = _State(distinct, partial(self._move, key))
        return self._states[key]
