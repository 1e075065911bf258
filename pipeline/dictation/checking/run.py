"""Stage `check-rules`: a rules folder beside the shipped one, on texts whose labels are known.

Reads: a rules folder with its gold sentences, the shipped ones, and if given a gold table with the
reports it speaks of. Writes nothing.
Beside a gold table stands the baseline, too: the mentions of our vocabulary, denied by negspacy.
Drops: the shipped gold sentences, where the folder lacks a label that they name; counted.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from gazescribe.pipeline.core.errors import RuleError
from gazescribe.pipeline.core.resources import resource, shipped
from gazescribe.pipeline.core.yaml_files import read_yaml
from gazescribe.pipeline.dictation.checking.flips import Comparison, Expected, Text, compare, tally
from gazescribe.pipeline.dictation.label_maps import load_certainty_map, load_label_map
from gazescribe.pipeline.dictation.labeler import Conventions, Labeler
from gazescribe.pipeline.dictation.labeler.baseline import Baseline
from gazescribe.pipeline.dictation.labeler.gold_sentences import (
    GoldSentence,
    GoldSet,
    load_gold_sentences,
)
from gazescribe.pipeline.dictation.labeler.loading import load_rules
from gazescribe.pipeline.dictation.labeler.rules import RuleBook, Views
from gazescribe.pipeline.dictation.places import load_places

Loaded = TypeVar("Loaded")


@dataclass(frozen=True)
class Check:
    """What check-rules found in a folder without faults."""

    folder: Path
    is_shipped: bool
    sentences: Comparison
    n_not_run: int
    reports: Comparison | None = None
    # The baseline's mentions of these reports before ours, where a gold table judges them.
    baseline: Comparison | None = None

    @property
    def has_failed(self) -> bool:
        """Tell whether a gold sentence is wrong, or a mention of the gold table became wrong."""
        return bool(self.sentences.wrong or (self.reports and self.reports.worse))


def run(
    folder: Path | None,
    *,
    gold: Path | None = None,
    reports: Path | None = None,
    conventions: Conventions | None = None,
    encoding: str = "utf-8",
) -> Check:
    """Check a rules folder (else `rules/` here, else the packaged one) beside the shipped one.

    Parameters
    ----------
    folder : pathlib.Path, optional
        The rules folder.
    gold : pathlib.Path, optional
        Mentions taken as the truth, in any form that `read_mentions` knows.
    reports : pathlib.Path, optional
        Their texts, where the gold table has none: a file with report_id and text, or an ingested
        folder. Without a gold table, what changes in them is said, not what is right.
    conventions : Conventions, optional
        Of the reports, else the default ones; gold sentences are read under those of their folder.
    encoding : str
        Of csv and jsonl files.

    Raises
    ------
    RuleError
        If the folder has faults; all of all its files at once.
    AlignmentError
        If the gold table does not fit the reports.
    """
    folder = folder or resource("rules")
    book = _check_files(folder)
    is_shipped = folder.resolve() == shipped("rules").resolve()
    shipped_book = book if is_shipped else load_rules(shipped("rules"))
    is_shipped = book.sha256 == shipped_book.sha256
    texts, n_not_run, gold_conventions = _sentences(folder)
    now = Labeler(book, gold_conventions)
    before = now if is_shipped else Labeler(shipped_book, gold_conventions)
    sentences = compare(before, now, texts)
    if gold is None and reports is None:
        return Check(folder, is_shipped, sentences, n_not_run)
    from gazescribe.pipeline.dictation.checking.gold_tables import read_texts

    report_texts = read_texts(gold, reports, load_label_map(folder), encoding)
    conventions = conventions or Conventions()
    if conventions != now.conventions:
        now = Labeler(book, conventions)
        before = now if is_shipped else Labeler(shipped_book, conventions)
    changed = compare(before, now, report_texts)
    baseline = None if gold is None else _beside_baseline(now, report_texts)
    return Check(folder, is_shipped, sentences, n_not_run, changed, baseline)


def _beside_baseline(labeler: Labeler, texts: list[Text]) -> Comparison:
    plain = [text.text for text in texts]
    return tally(Baseline(labeler).label(plain), labeler.label(plain), texts)


def _check_files(folder: Path) -> RuleBook:
    """Read every file of a rules folder; all faults at once."""
    faults: list[str] = []
    label_map = _read("labels.yaml", partial(load_label_map, folder), faults)
    if label_map is None:  # all else needs it
        raise RuleError("the rules cannot be used.", where=folder, faults=tuple(faults))
    book = _read("", partial(load_rules, folder), faults)
    _read("", partial(load_gold_sentences, folder), faults)
    if (folder / "views.yaml").exists():
        views = folder / "views.yaml"
        _read("views.yaml", partial(read_yaml, views, Views, RuleError), faults)
    if (folder / "places.yaml").exists():
        _read("places.yaml", partial(load_places, folder), faults)
    if (folder / "certainties.yaml").exists():
        labels = tuple(label_map.targets)
        certainties = partial(load_certainty_map, "reflacx", labels, folder)
        _read("certainties.yaml", certainties, faults)
    if book is None or faults:
        raise RuleError("the rules cannot be used.", where=folder, faults=tuple(faults))
    return book


def _read(file: str, read: Callable[[], Loaded], faults: list[str]) -> Loaded | None:
    """Read a file of the rules, or all whose faults name their file by themselves."""
    try:
        return read()
    except RuleError as error:
        faults_of_file = error.faults or (error.what,)
        faults += [f"{file}: {fault}" if file else fault for fault in faults_of_file]
        return None


def _sentences(folder: Path) -> tuple[list[Text], int, Conventions]:
    """Give the gold sentences of a folder and of the shipped one; and how many are not run.

    Where both have a sentence, what the folder expects of it counts; so do its conventions.
    """
    labels = set(load_label_map(folder).targets)
    ours, theirs = load_gold_sentences(folder), load_gold_sentences(shipped("rules"))
    named = {mention.label for sentence in theirs.sentences for mention in sentence.mentions}
    fits = named <= labels
    texts: dict[str, Text] = {}
    for gold in (theirs, ours) if fits else (ours,):
        texts |= {sentence.text: _text(sentence, gold) for sentence in gold.sentences}
    conventions = ours.conventions if ours.sentences else theirs.conventions
    return list(texts.values()), 0 if fits else len(theirs.sentences), conventions


def _text(sentence: GoldSentence, gold: GoldSet) -> Text:
    expected = []
    for mention in sentence.mentions:
        span = (mention.start, mention.end)
        expected.append(Expected(*span, mention.label, mention.polarity))
        implied = gold.implied.get(mention.label, ())
        expected += [Expected(*span, label, mention.polarity, optional=True) for label in implied]
    return Text(sentence.where, sentence.text, tuple(expected), sentence.reason)
