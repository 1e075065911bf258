"""Where sentences end in a dictation without periods: at spoken marks, else at pauses.

Source of the words: `rules/punctuation.yaml`, of the working folder or else as shipped. What ends
the sentences of such a reading is its attribute `sentence_ends`; readings with periods have none.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path

from gazescribe.pipeline.core.resources import resource
from gazescribe.pipeline.dictation.labeler.loading import load_punctuation
from gazescribe.pipeline.dictation.labeler.phrases import cut_words
from gazescribe.pipeline.dictation.labeler.punctuation import SpokenMarks
from gazescribe.pipeline.dictation.labeler.sentences import working_copy
from gazescribe.pipeline.ingest.chunks import Chunk
from gazescribe.pipeline.ingest.quality import NOISE_S
from gazescribe.pipeline.ingest.transcripts import Word, cut_at
from gazescribe.pipeline.sources.faults import Findings

ENDED_BY = "sentence_ends"  # attribute: spoken, pauses or nothing
NO_ENDS = (
    "no sentence ends, and so one window for all labels: no period, no spoken one, no pause as long"
    " as `ingest.pause_s`. Write periods, or name the column `sentence`"
)


@dataclass(frozen=True)
class Speech:
    """How sentences end in speech."""

    marks: SpokenMarks
    not_last: frozenset[str]
    not_first: frozenset[str]


@cache
def load_speech(folder: Path) -> Speech:
    """Read the punctuation of a rules folder, once in each process."""
    rules = load_punctuation(folder)
    return Speech(SpokenMarks(rules), frozenset(rules.not_last), frozenset(rules.not_first))


def end_sentences(
    words: list[Word],
    ends: list[bool],
    pause_s: float | None,
    findings: Findings,
    chunk: Chunk,
) -> tuple[list[Word], list[bool]]:
    """Give words, cut where a sentence ends inside a phrase, and where their sentences end.

    `ends` are the written ones. Where one stands before the last word, they are all. Else spoken
    marks end sentences, and where there is neither, pauses of `pause_s` or more, None for none.
    """
    if any(ends[:-1]):
        return words, ends
    speech = load_speech(resource("rules"))
    parts = list(_cut_at_marks(words, speech.marks))
    if any(part.ends_sentence for part in parts):
        has_period = ends[-1]
        words, ends = parts, [part.ends_sentence for part in parts]
        ends[-1] |= has_period
        ended_by = "spoken"
    elif any(ends):
        return words, ends
    else:
        ends = list(_pauses(words, pause_s, speech))
        ended_by = "pauses" if any(ends) else "nothing"
    n_sentences = sum(ends) + (not ends[-1])
    if ended_by == "nothing":
        findings.add("warning", "no_sentence_ends", NO_ENDS)
    else:
        how = f"pauses of {pause_s:g} s or more" if ended_by == "pauses" else "spoken periods"
        message = f"there are no written periods, {how} make {n_sentences} sentences"
        findings.add("warning", f"{ENDED_BY}_{ended_by}", message, n=n_sentences)
    chunk.add_attributes(str(findings.item), {ENDED_BY: ended_by})
    return words, ends


def _cut_at_marks(words: Sequence[Word], marks: SpokenMarks) -> Iterator[Word]:
    """Cut phrases behind spoken full stops; these belong to the sentence that they end."""
    text = " ".join(word.text for word in words)
    ends: list[int] = []
    for mark in marks.find(text):
        if mark.mark != ".":
            continue
        if ends and not text[ends[-1] : mark.start].strip():  # "period new line"
            ends.pop()
        ends.append(mark.end)
    start = 0
    for word in words:
        stop = start + len(word.text)
        inside = [end - start for end in ends if start < end <= stop]
        yield from cut_at(word.text, word.onset_s, word.offset_s, inside)
        start = stop + 1


def _pauses(words: Sequence[Word], pause_s: float | None, speech: Speech) -> Iterator[bool]:
    """Say of each word whether a pause behind it ends a sentence; the last one has none behind."""
    for word, following in pairwise(words):
        is_long = pause_s is not None and following.onset_s - word.offset_s >= pause_s - NOISE_S
        yield is_long and _may_part(word.text, following.text, speech)
    yield False


def _may_part(before: str, after: str, speech: Speech) -> bool:
    """Tell whether a sentence can end with one word and another begin with the other."""
    last, first = cut_words(working_copy(before)).texts, cut_words(working_copy(after)).texts
    return not (speech.not_last.intersection(last[-1:]) or speech.not_first.intersection(first[:1]))
