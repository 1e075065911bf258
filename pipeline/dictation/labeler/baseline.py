"""The baseline: our vocabulary's mentions, denied by negspacy as it comes.

spaCy's blank English cuts words, its sentencizer sentences, and negspacy's terms for clinical
English (`en_clinical`) decide. It has neither doubt nor history nor states.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from gazescribe.pipeline.dictation.labeler.decisions import Explained
from gazescribe.pipeline.dictation.labeler.labeler import Labeler
from gazescribe.pipeline.dictation.labeler.mentions import DROPPED, Mention

NAME = "spaCy + negspacy"
RULE = "negspacy.en_clinical"
_SPANS = "mentions"
_DENIED = "gazescribe_baseline"


class Baseline:
    """Label as spaCy and negspacy do what the vocabulary of a labeler names.

    Findings count that the labeler drops, as history, or under a heading, too. A structure, such
    as the heart, counts only where the labeler found a word for its state: by itself it is no
    finding. `terms` are other terms than negspacy's own, in its form.
    """

    def __init__(self, labeler: Labeler, terms: Mapping[str, Sequence[str]] | None = None) -> None:
        from gazescribe.pipeline.dictation.labeler.spacy_import import spacy

        self._labeler = labeler
        kinds = {concept.id: concept.kind for concept in labeler.book.concepts}
        self._structures = {name for name, kind in kinds.items() if kind == "structure"}
        self._nlp: Any = spacy.blank("en")
        self._nlp.add_pipe("sentencizer")
        config: dict[str, Any] = {"span_keys": [_SPANS], "extension_name": _DENIED}
        if terms is not None:
            config["neg_termset"] = dict(terms)
        self._nlp.add_pipe("negex", config=config)

    def label(self, texts: Iterable[str]) -> list[list[Mention]]:
        """Find the mentions of each text; each is positive or negative."""
        return [list(self._mentions(text, found)) for text, found in self._labeler.explain(texts)]

    def _mentions(self, text: str, found: Sequence[Explained]) -> Iterator[Mention]:
        doc = self._nlp.make_doc(text)
        concepts = [concept for concept in found if self._counts(concept)]
        spans = []
        for concept in concepts:
            place = (concept.char_start, concept.char_end)
            spans.append(doc.char_span(*place, alignment_mode="expand"))
        doc.spans[_SPANS] = spans
        for _, component in self._nlp.pipeline:
            doc = component(doc)
        rows: dict[tuple[int, int, str], Mention] = {}
        for concept, span in zip(concepts, spans, strict=True):
            polarity = "negative" if span._.get(_DENIED) else "positive"
            start, end = concept.char_start, concept.char_end
            for label in concept.labels:
                name = label.removesuffix("?")
                mention = Mention(
                    start,
                    end,
                    name,
                    concept.concept,
                    text[start:end],
                    concept.sentence,
                    polarity,
                    RULE,
                    "",
                )
                rows.setdefault((start, end, name), mention)
        yield from (rows[key] for key in sorted(rows))

    def _counts(self, concept: Explained) -> bool:
        return concept.decision.polarity != DROPPED or concept.concept not in self._structures
