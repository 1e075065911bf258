"""The labeler as a component of any spaCy pipeline: `nlp.add_pipe("gazescribe")`.

The installed package registers it (entry point `spacy_factories`): nothing has to be imported.
What it finds is kept in plain lists by the extent of a span, as spaCy keeps all extensions of
spans, so that it goes through files, processes and merged documents.
"""

import json
import shutil
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from gazescribe.pipeline.core.errors import RuleError
from gazescribe.pipeline.core.foreign import read_json
from gazescribe.pipeline.dictation.labeler.labeler import Labeler
from gazescribe.pipeline.dictation.labeler.mentions import Mention
from gazescribe.pipeline.dictation.labeler.spacy_import import spacy

NAME = "gazescribe"
NEGEX = "negex"  # negspacy's own extension
_HASH = "rules.json"
_RULES = "rules"

Span = spacy.tokens.Span
Doc = spacy.tokens.Doc


class MentionComponent:
    """Label the text of a document; only its sentences are heeded, not its tokens.

    Sets `doc.spans["gazescribe"]`, a span for each mention; `doc.ents`, those of them that do not
    overlap; `span._.polarity`, `span._.rule_id` and negspacy's `span._.negex` of both; and
    `doc._.gazescribe`, the list of `Mention`. A span covers every token that the mention touches.
    """

    def __init__(self, rules: Path | None, conventions: dict[str, str]) -> None:
        self._rules = rules
        self._conventions = conventions
        self._labeler: Labeler | None = None
        # A pipeline that is read from disk brings its rules along, wherever they were before.
        if rules is None or rules.is_dir():
            self._use(rules)

    def _use(self, rules: Path | None) -> None:
        self._labeler = Labeler.from_rules(rules, **self._conventions)
        concepts, chosen = self._labeler.book.concepts, self._labeler.conventions.chosen
        self._labels = {concept.id: chosen(concept.under, concept.labels) for concept in concepts}

    @property
    def labeler(self) -> Labeler:
        """The labeler that is used."""
        if self._labeler is None:
            raise RuleError("there is no such rules folder.", where=self._rules)
        return self._labeler

    def __call__(self, doc: Any) -> Any:
        """Add the mentions to a document."""
        sentences = None
        if doc.has_annotation("SENT_START"):  # a parser, a senter or a sentencizer was here before
            sentences = [(sentence.start_char, sentence.end_char) for sentence in doc.sents]
        (mentions,) = self.labeler.label([doc.text], [sentences])
        spans = []
        rows: dict[tuple[int, int], list[list[Any]]] = {}
        for mention in mentions:
            place = (mention.char_start, mention.char_end)
            span = doc.char_span(*place, label=mention.label, alignment_mode="expand")
            spans.append(span)
            extent = (span.start_char, span.end_char)
            rows.setdefault(extent, []).append(_row(mention, span.start_char))
        for span in spans:
            span._.set(NAME, rows[span.start_char, span.end_char])
            # By extent: of two labels there, the one that is denied counts.
            span._.set(NEGEX, span._.get(NEGEX) or span._.polarity == "negative")
        doc.spans[NAME] = spans
        ranks = [self._labels[mention.concept] for mention in mentions]
        doc.set_ents(_entities(doc, spans, ranks), default="unmodified")
        return doc

    def to_disk(self, path: Path, *, exclude: Iterable[str] = ()) -> None:
        """Keep the rules folder that was given; of the shipped one the hash alone."""
        del exclude
        path = Path(path)
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir(parents=True)
        content = {"rules_sha256": self.labeler.rules_sha256}
        (path / _HASH).write_text(json.dumps(content), encoding="utf-8")
        if self._rules is not None:
            shutil.copytree(self.labeler.book.folder, path / _RULES)

    def from_disk(self, path: Path, *, exclude: Iterable[str] = ()) -> "MentionComponent":
        """Use the rules that were kept; say so where the shipped ones have changed since."""
        del exclude
        path = Path(path)
        if (path / _RULES).is_dir():
            self._rules = path / _RULES
            self._use(self._rules)
        kept = read_json(path / _HASH).get("rules_sha256")
        if kept != self.labeler.rules_sha256:
            message = "this pipeline was saved with other rules of gazescribe: answers may differ"
            warnings.warn(message, stacklevel=2)
        return self


def _row(mention: Mention, start: int) -> list[Any]:
    """Lay out a mention as plain values, places counted from the start of its span."""
    place = (mention.char_start - start, mention.char_end - start)
    about = (mention.label, mention.concept, mention.text, mention.sentence)
    return [*place, *about, mention.polarity, mention.rule_id, mention.trigger]


def _entities(doc: Any, spans: list[Any], labels: list[list[str]]) -> list[Any]:
    """Choose spans of which no two overlap, nor one of an entity that is already there.

    The longest first, then the first in the text; of several labels of one place that which the
    vocabulary names first.
    """

    def order(pair: tuple[Any, list[str]]) -> tuple[int, int, int]:
        span, named = pair
        names = [label.removesuffix("?") for label in named]
        return -len(span), span.start, names.index(span.label_)

    taken = {token.i for entity in doc.ents for token in entity}
    chosen = []
    for span, _ in sorted(zip(spans, labels, strict=True), key=order):
        tokens = range(span.start, span.end)
        if taken.isdisjoint(tokens):
            taken.update(tokens)
            chosen.append(span)
    return chosen


def _mention_of(span: Any) -> Mention | None:
    """Give the mention of a span, of its own label where several lie there."""
    rows = span._.get(NAME) or ()
    mentions = [_read_row(row, span.start_char) for row in rows]
    same = [mention for mention in mentions if mention.label == span.label_]
    return next(iter(same or mentions), None)


def _read_row(row: list[Any], start: int) -> Mention:
    return Mention(row[0] + start, row[1] + start, *row[2:])


def _mentions_of(doc: Any) -> list[Mention]:
    mentions = []
    for key, rows in doc.user_data.items():
        # Where spaCy keeps extensions of spans: a sign, the name, the first and last character.
        if isinstance(key, tuple) and key[:2] == ("._.", NAME) and key[2] is not None:
            mentions += [_read_row(row, key[2]) for row in rows]
    return sorted(
        mentions, key=lambda mention: (mention.char_start, mention.char_end, mention.label)
    )


def _polarity_of(span: Any) -> str | None:
    mention = _mention_of(span)
    return mention.polarity if mention else None


def _rule_id_of(span: Any) -> str | None:
    mention = _mention_of(span)
    return mention.rule_id if mention else None


def _register(kind: Any, name: str, **extension: Any) -> None:
    """Add an extension; one of another component stays as it is."""
    if not kind.has_extension(name):
        kind.set_extension(name, **extension)
    elif name != NEGEX and kind.get_extension(name)[2] is not extension.get("getter"):
        message = f"{kind.__name__}._.{name} is another component's; gazescribe leaves it alone"
        warnings.warn(message, stacklevel=3)


def make_component(
    nlp: Any, name: str, rules: str | None, conventions: dict[str, str]
) -> MentionComponent:
    """Make the component; `rules` is a rules folder, `conventions` as for `Labeler.from_rules`."""
    del nlp, name
    return MentionComponent(None if rules is None else Path(rules), conventions)


_register(Span, NAME, default=None)
_register(Span, NEGEX, default=False)
_register(Span, "polarity", getter=_polarity_of)
_register(Span, "rule_id", getter=_rule_id_of)
_register(Doc, NAME, getter=_mentions_of)
# Not as a decorator: spaCy has no types here.
spacy.Language.factory(
    NAME,
    default_config={"rules": None, "conventions": {}},
    assigns=["doc.ents", "doc.spans", "doc._.gazescribe"]
    + [f"span._.{name}" for name in ("polarity", "rule_id", NEGEX)],
    func=make_component,
)
