"""Replies held against their texts: what is quoted must stand in the sentence that is named."""

import re
from collections import Counter
from collections.abc import Container, Iterator, Sequence

from gazescribe.pipeline.dictation.labeler import Mention
from gazescribe.pipeline.dictation.language_model.prompt import Reply

Spans = Sequence[tuple[int, int]]

NO_SENTENCE = "name a sentence that is not there"
NO_QUOTE = "quote words that do not stand there"
NO_LABEL = "have a label that was not asked for"
CONTRADICTED = "contradict another of the same words"


def find_mentions(
    text: str, sentences: Spans, reply: Reply, labels: Container[str], decided_by: str
) -> tuple[list[Mention], Counter[str]]:
    """Find the words of a reply in its text.

    Parameters
    ----------
    text : str
        The report.
    sentences : sequence of (int, int)
        Its sentences as they were numbered for the model, from 1.
    reply : Reply
        What the model said of it.
    labels : container of str
        Labels that it was asked for.
    decided_by : str
        Stands in `rule_id` of its mentions.

    Returns
    -------
    list of Mention
        By place and label.
    Counter of str
        Mentions of the reply that are left out, by reason.
    """
    mention_by_place: dict[tuple[int, int, str], Mention] = {}
    left_out: Counter[str] = Counter()
    times_said: Counter[tuple[int, str, str]] = Counter()
    for answer in reply.mentions:
        if answer.label not in labels:
            left_out[NO_LABEL] += 1
            continue
        if not 1 <= answer.sentence <= len(sentences):
            left_out[NO_SENTENCE] += 1
            continue
        start, end = sentences[answer.sentence - 1]
        places = list(_places(answer.quote, text[start:end]))
        if not places:
            left_out[NO_QUOTE] += 1
            continue
        key = (answer.sentence, answer.quote.casefold(), answer.label)
        first, last = places[min(times_said[key], len(places) - 1)]
        times_said[key] += 1
        place = start + first, start + last
        mention = Mention(
            *place,
            label=answer.label,
            concept=answer.label,
            text=text[slice(*place)],
            sentence=answer.sentence - 1,
            polarity=answer.polarity,
            rule_id=decided_by,
            trigger="",
        )
        if mention_by_place.setdefault((*place, answer.label), mention) != mention:
            left_out[CONTRADICTED] += 1
    return [mention_by_place[key] for key in sorted(mention_by_place)], left_out


def _places(quote: str, sentence: str) -> Iterator[tuple[int, int]]:
    """Give the places of whole words in a sentence, whatever their case and the spaces between."""
    words = quote.split()
    if not words:
        return
    pattern = r"\s+".join(map(re.escape, words))
    for match in re.finditer(rf"(?<!\w){pattern}(?!\w)", sentence, re.IGNORECASE):
        yield match.span()
