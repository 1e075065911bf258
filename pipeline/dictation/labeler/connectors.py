"""What joins findings and clauses: commas, slashes, conjunctions."""

from gazescribe.pipeline.dictation.labeler.english import JOINS, LONG_JOINS
from gazescribe.pipeline.dictation.labeler.items import Connector, Parse

_COMMAS = frozenset([",", "("])  # "no A (B unchanged)"
_MARKS = JOINS | _COMMAS | {*LONG_JOINS}


def find_connectors(sentence: Parse) -> None:
    """Join neighbouring commas and conjunctions, such as ", and" or "and/or", into one each."""
    texts, starts, ends = sentence.words.texts, sentence.words.starts, sentence.words.ends
    if _MARKS.isdisjoint(texts):
        return
    last = -2
    for number, text in enumerate(texts):
        if text not in _COMMAS and text not in JOINS and text not in LONG_JOINS:
            continue
        join, size = _join_at(texts, number)
        if not size:
            continue
        if number == last + 1 and sentence.connectors:
            before = sentence.connectors[-1]
            before.say(f"{before.word} {join}".strip(" ,("))
        else:
            word = "" if join in _COMMAS else join
            sentence.connectors.append(Connector(starts[number], 0, word, comma=text in _COMMAS))
        last = number + size - 1
        # It reaches to the next word, so that what opens "right after" it starts at its end.
        follows = starts[last + 1] if last + 1 < len(texts) else sentence.end
        sentence.connectors[-1].end = max(ends[last], follows)


def _join_at(texts: list[str], number: int) -> tuple[str, int]:
    """Give what joins at a word, and of how many words it is: "as well as" is "and"."""
    text = texts[number]
    if text not in LONG_JOINS:
        return text, 1
    following, means = LONG_JOINS[text]
    size = 1 + len(following)
    return (means, size) if texts[number + 1 : number + size] == following else ("", 0)
