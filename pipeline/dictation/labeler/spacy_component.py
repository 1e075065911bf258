"""The labeler as a component of any spaCy pipeline: `nlp.add_pipe("gazescribe")`.

The installed package registers it (entry point `spacy_factories`): nothing has to be imported.
"""

from typing import Any

from gazescribe.pipeline.dictation.labeler.labeler import Labeler
from gazescribe.pipeline.dictation.labeler.spacy_import import spacy

NAME = "gazescribe"


class MentionComponent:
    """Label the text of a document; it is cut into words and sentences by our own rules.

    `doc._.gazescribe` holds the list of `Mention`, `doc.spans["gazescribe"]` a span for each, in
    the same order and with its label. A span covers every token that the mention touches.
    """

    def __init__(self, labeler: Labeler) -> None:
        self._labeler = labeler
        if not spacy.tokens.Doc.has_extension(NAME):
            spacy.tokens.Doc.set_extension(NAME, default=None)

    def __call__(self, doc: Any) -> Any:
        """Add the mentions to a document."""
        (mentions,) = self._labeler.label([doc.text])
        doc._.set(NAME, mentions)
        spans = [(mention.char_start, mention.char_end, mention.label) for mention in mentions]
        doc.spans[NAME] = [doc.char_span(*span, alignment_mode="expand") for span in spans]
        return doc


def make_component(
    nlp: Any, name: str, rules: str | None, conventions: dict[str, str]
) -> MentionComponent:
    """Make the component; `rules` is a rules folder, `conventions` as for `Labeler.from_rules`."""
    del nlp, name
    return MentionComponent(Labeler.from_rules(rules, **conventions))


# Not as a decorator: spaCy has no types here.
spacy.Language.factory(NAME, default_config={"rules": None, "conventions": {}}, func=make_component)
