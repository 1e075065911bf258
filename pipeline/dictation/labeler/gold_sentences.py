"""The gold sentences of a rules folder: what a person says that each mentions, and why.

`gold/*.yaml` holds families of sentences, `gold/codes.yaml` codes that stand for labels in them.
They change no answer of the labeler, so that they are not in the hash of the rules. They are read
under the conventions that `codes.yaml` states, whatever the default ones are.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import Field

from gazescribe.pipeline.core.errors import RuleError, nearest
from gazescribe.pipeline.core.resources import resource
from gazescribe.pipeline.core.yaml_files import Strict
from gazescribe.pipeline.dictation.label_maps import load_label_map
from gazescribe.pipeline.dictation.labeler.loading import read_rules_file
from gazescribe.pipeline.dictation.labeler.mentions import Mention
from gazescribe.pipeline.dictation.labeler.rule_faults import Place, RulesFile
from gazescribe.pipeline.dictation.labeler.settings import Conventions

_POLARITY = {"+": "positive", "-": "negative", "?": "uncertain"}
_MARKED = re.compile(r"\[([^\[\]]+)\]([A-Z]{2}(?:,[A-Z]{2})*)([+?-])")
_CODES = "codes.yaml"


class Codes(Strict):
    """Short names of labels, and which label says another one, too."""

    codes: dict[str, str] = Field(min_length=1)
    implied: dict[str, list[str]] = Field(default_factory=dict)
    conventions: Conventions = Field(default_factory=Conventions)


class SentenceFamily(Strict):
    """Sentences that are right for the same reason."""

    family: str = Field(min_length=1)
    reason: str = Field(min_length=1)
    sentences: list[str] = Field(min_length=1)


class SentenceFile(Strict):
    """One file of gold sentences."""

    about: str = ""
    families: list[SentenceFamily]


@dataclass(frozen=True, order=True)
class GoldMention:
    """One label of one span, as a person or the labeler gives it."""

    start: int
    end: int
    label: str
    polarity: str

    def overlaps(self, other: "GoldMention") -> bool:
        """Tell whether two spans share a character."""
        return self.start < other.end and other.start < self.end

    def agrees(self, other: "GoldMention") -> bool:
        """Tell whether both say the same of a place; spans need not be equal."""
        same = (self.label, self.polarity) == (other.label, other.polarity)
        return same and self.overlaps(other)


@dataclass(frozen=True)
class GoldSentence:
    """One report of the gold set; `where` is its file and line."""

    where: str
    family: str
    reason: str
    text: str
    mentions: tuple[GoldMention, ...]


@dataclass(frozen=True)
class GoldSet:
    """The gold sentences of a rules folder, and which labels say another one, too."""

    sentences: tuple[GoldSentence, ...] = ()
    implied: dict[str, tuple[str, ...]] = field(default_factory=dict)
    conventions: Conventions = field(default_factory=Conventions)

    def differences(
        self, sentence: GoldSentence, mentions: Sequence[Mention]
    ) -> tuple[list[GoldMention], list[GoldMention]]:
        """Give the gold mentions that were not found, and those found that are not gold."""
        labeled = [
            GoldMention(mention.char_start, mention.char_end, mention.label, mention.polarity)
            for mention in mentions
        ]
        missing = [gold for gold in sentence.mentions if not any(map(gold.agrees, labeled))]
        extra = [mention for mention in labeled if not self._expects(sentence, mention)]
        return missing, extra

    def _expects(self, sentence: GoldSentence, mention: GoldMention) -> bool:
        for gold in sentence.mentions:
            labels = (gold.label, *self.implied.get(gold.label, ()))
            is_same = mention.label in labels and mention.polarity == gold.polarity
            if is_same and mention.overlaps(gold):
                return True
        return False


def load_gold_sentences(folder: Path | None = None) -> GoldSet:
    """Read the gold sentences of a rules folder (else of `rules/` here, else of the packaged one).

    Raises
    ------
    RuleError
        If a file has an unknown key, a code that `codes.yaml` does not know, a bracket that marks
        nothing or a sentence that stands there twice; all faults at once, each with file and line.
    """
    folder = folder or resource("rules")
    paths = sorted(folder.glob("gold/*.yaml"))
    if not paths:
        return GoldSet()
    source = RulesFile(folder / "gold" / _CODES, folder)
    codes = read_rules_file(source, Codes)
    faults = source.faults
    sentences: list[GoldSentence] = []
    if codes is not None:
        _check_codes(codes, source, list(load_label_map(folder).targets))
    for path in paths:
        if path.name != _CODES:
            source = RulesFile(path, folder)
            content = read_rules_file(source, SentenceFile)
            if content is not None and codes is not None:
                _read_sentences(content, source, codes, sentences)
            faults += source.faults
    if codes is None or faults:
        raise RuleError("the gold sentences cannot be used.", where=folder, faults=faults)
    implied = {
        codes.codes[code]: tuple(codes.codes[other] for other in others)
        for code, others in codes.implied.items()
    }
    return GoldSet(tuple(sentences), implied, codes.conventions)


def load_codes(folder: Path | None = None) -> dict[str, str]:
    """Read which label each code stands for in the gold sentences of a rules folder.

    Raises
    ------
    RuleError
        If there is no `gold/codes.yaml`, or it has faults.
    """
    folder = folder or resource("rules")
    source = RulesFile(folder / "gold" / _CODES, folder)
    codes = read_rules_file(source, Codes)
    if codes is not None:
        _check_codes(codes, source, list(load_label_map(folder).targets))
    if codes is None or source.faults:
        message = "gold sentences need codes for labels."
        raise RuleError(message, where=source.path, faults=source.faults)
    return codes.codes


def _check_codes(content: Codes, source: RulesFile, labels: list[str]) -> None:
    for code, label in content.codes.items():
        if not re.fullmatch("[A-Z]{2}", code):
            source.fault(("codes", code), f"{code!r} must be two capital letters")
        if label not in labels:
            message = f"labels.yaml has no label {label!r}{nearest(label, labels)}"
            source.fault(("codes", code), message)
    for code, others in content.implied.items():
        for unknown in {code, *others} - set(content.codes):
            source.fault(("implied", code), f"there is no code {unknown!r}")


def _read_sentences(
    content: SentenceFile, source: RulesFile, codes: Codes, sentences: list[GoldSentence]
) -> None:
    """Add the sentences of one file to those of the files before it."""
    places = {sentence.text: sentence.where for sentence in sentences}
    for number, family in enumerate(content.families):
        for index, marked in enumerate(family.sentences):
            place: Place = ("families", number, "sentences", index)
            where = f"{source.name} line {source.lines[place]}"
            text, mentions = _parse(marked, place, source, codes)
            if text in places:
                source.fault(place, f"{text!r} already stands in {places[text]}")
            places[text] = where
            sentences.append(GoldSentence(where, family.family, family.reason, text, mentions))


def _parse(
    marked: str, place: Place, source: RulesFile, codes: Codes
) -> tuple[str, tuple[GoldMention, ...]]:
    """Take the marks out of a sentence."""
    text, end, mentions = "", 0, []
    for match in _MARKED.finditer(marked):
        text += marked[end : match.start()]
        start, text = len(text), text + match[1]
        for code in match[2].split(","):
            if code in codes.codes:
                polarity = _POLARITY[match[3]]
                mentions.append(GoldMention(start, len(text), codes.codes[code], polarity))
            else:
                source.fault(place, f"{match[0]!r}: there is no code {code!r} in {_CODES}")
        end = match.end()
    text += marked[end:]
    if re.search(r"[\[\]]", text):
        message = f"{marked!r}: a mark is [words], a code or several with commas, and +, - or ?"
        source.fault(place, message)
    return text, tuple(mentions)
