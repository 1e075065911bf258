"""Where in a rules folder stands what decided: the file, and the line of the phrase.

The labeler itself knows no lines; they are looked up for the few decisions that are shown.
"""

from gazescribe.pipeline.dictation.labeler.lexicon import Lexicon
from gazescribe.pipeline.dictation.labeler.phrases import cut_words
from gazescribe.pipeline.dictation.labeler.rules import RuleBook
from gazescribe.pipeline.dictation.labeler.sentences import working_copy


def place_of(book: RuleBook, name: str, words: str = "") -> str:
    """Give file and line of a rule or a concept by its id; empty where the code decides by itself.

    With the words of a text in which it was found, the line is that of the phrase that they are.
    Two rules that decide together, such as ``state.abnormal+negation.no``, have two places.
    """
    if name not in book.places:
        places = [place_of(book, part) for part in name.split("+")] if "+" in name else []
        return ", ".join(place for place in places if place)
    place = book.places[name]
    line = place.line
    for phrase, phrase_line in place.phrases:
        if words and _is(phrase, words):
            line = phrase_line
            break
    return f"{place.file} line {line}"


def named(book: RuleBook, name: str, words: str = "") -> str:
    """Give the id of a rule or a concept, with its file and line in brackets where it has them."""
    place = place_of(book, name, words)
    return f"{name} ({place})" if place else name


def _is(phrase: str, text: str) -> bool:
    words = cut_words(working_copy(text))
    whole = [(0, len(words.texts))]
    return [(first, last) for first, last, _ in Lexicon([(phrase, True)]).find(words)] == whole
