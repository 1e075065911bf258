"""Reports a second on one core: our labeler beside plain spaCy with negspacy's defaults.

Reports have six sentences each, of which one in four mentions nothing. They are of two kinds, for
the labeler remembers sentences: `stock` ones are made of the gold sentences of the rules, which are
some hundreds, as set phrases are; in `new` ones these have other findings of the vocabulary, sides,
sizes and numbers in them, so that few stand twice.

Both sides read the same reports, one process, one thread, in turns. What counts is CPU time, for
other work on the machine may run meanwhile, and the best of several rounds, for such work still
slows a round. New reports are drawn afresh for each round, so that none was read before. The plain
pipeline is spaCy's blank English, its sentencizer, an entity ruler with as many phrases as our
rules, and negspacy.

With `--compiled` the wheel with the compiled labeler is built first, and measured.

Run: python benchmarks/labeler.py [--compiled] [--reports N] [--rounds N] [--profile new|stock]
"""

import argparse
import cProfile
import json
import os
import pstats
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path

from compiled import compiled_package
from ratio import Ratio, in_turns

from gazescribe.pipeline.dictation.labeler import IS_COMPILED, Labeler
from gazescribe.pipeline.dictation.labeler.gold_sentences import GoldSentence, load_gold_sentences
from gazescribe.pipeline.dictation.labeler.phrases import GAP, parts
from gazescribe.pipeline.dictation.labeler.rules import RuleBook
from gazescribe.pipeline.dictation.labeler.spacy_import import spacy

CHUNK = 150  # reports of one timed call
CHUNKS = 30
SENTENCES = 6  # of a report
SILENT = (
    "The lungs are well expanded to the level of rib {n}.",
    "Osseous structures are intact, as on {n}/{n}.",
    "The upper abdomen is as expected on image {n}.",
    "Soft tissues are symmetric.",
    "Comparison is made with the study of {n}/{n} at {n}:{n}.",
    "{n} images of the chest were obtained at {n}:{n}.",
)
SILENT_SHARE = 0.25
ADJECTIVE_SHARE = 0.5
ADJECTIVES = (
    "left ",
    "right ",
    "bilateral ",
    "basilar ",
    "small ",
    "large ",
    "{n} mm ",
    "{n}.{n} cm ",
)


class Wording:
    """Sentences without end: constructions of the gold set with other words in them."""

    def __init__(self, book: RuleBook, seed: int) -> None:
        self.chance = random.Random(seed)  # noqa: S311 (no secrets here)
        self.gold = [
            sentence
            for sentence in load_gold_sentences().sentences
            if sentence.family != "sections" and "\n" not in sentence.text
        ]
        self.phrases: dict[str, list[str]] = {}
        for concept in book.concepts:
            for label in concept.labels:
                self.phrases.setdefault(label, []).extend(map(shortest, concept.phrases))

    def sentence(self) -> str:
        if self.chance.random() < SILENT_SHARE:
            text = self.chance.choice(SILENT)
        else:
            text = self._reworded(self.chance.choice(self.gold))
        while "{n}" in text:
            text = text.replace("{n}", str(self.chance.randint(1, 99)), 1)
        return text

    def stock_sentence(self) -> str:
        if self.chance.random() < SILENT_SHARE:
            return self.chance.choice(SILENT)
        return self.chance.choice(self.gold).text

    def _reworded(self, sentence: GoldSentence) -> str:
        text, place = "", 0
        for mention in sentence.mentions:
            if mention.start < place or mention.label not in self.phrases:
                continue
            chance = self.chance
            words = chance.choice(self.phrases[mention.label])
            if chance.random() < ADJECTIVE_SHARE:
                words = chance.choice(ADJECTIVES) + words
            text += sentence.text[place : mention.start] + words
            place = mention.end
        return text + sentence.text[place:]


def shortest(phrase: str) -> str:
    """Write out a phrase of the rules in its shortest form."""
    rows = (min(part, key=len) for part in parts(phrase))
    return " ".join(word.rstrip("*") for row in rows for word in row if not GAP.fullmatch(word))


def new_reports(book: RuleBook, count: int, seed: int) -> list[list[str]]:
    wording = Wording(book, seed)
    return [[wording.sentence() for _ in range(SENTENCES)] for _ in range(count)]


def stock_reports(book: RuleBook, count: int, seed: int) -> list[list[str]]:
    wording = Wording(book, seed)
    return [[wording.stock_sentence() for _ in range(SENTENCES)] for _ in range(count)]


def plain_pipeline(labeler: Labeler):
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    ruler = nlp.add_pipe("entity_ruler", config={"phrase_matcher_attr": "LOWER"})
    phrases = [shortest(phrase) for concept in labeler.book.concepts for phrase in concept.phrases]
    ruler.add_patterns([{"label": "FINDING", "pattern": phrase} for phrase in phrases])
    nlp.add_pipe("negex")
    return nlp, len(phrases)


def rounds(book: RuleBook, kind: str, given: argparse.Namespace) -> Iterator[list[list[str]]]:
    draw = {"new": new_reports, "stock": stock_reports}[kind]
    for number in range(1 + given.rounds):
        yield draw(book, given.reports, number)


def ratios(_folder: Path) -> Iterator[Ratio]:
    """Reports of mostly new sentences, and stock ones; CPU time of both sides."""
    labeler = Labeler.from_rules()
    plain, _ = plain_pipeline(labeler)
    for kind, draw in {"new": new_reports, "stock": stock_reports}.items():
        texts = [" ".join(report) for report in draw(labeler.book, CHUNK * CHUNKS, 0)]
        chunks = [texts[first : first + CHUNK] for first in range(0, len(texts), CHUNK)]
        ours, theirs = cycle(chunks), cycle(chunks)
        # Phrases are compiled as texts ask for them.
        labeler.label([" ".join(report) for report in draw(labeler.book, CHUNK * CHUNKS, 1)])
        seconds = in_turns(
            lambda ours=ours: labeler.label(next(ours)),
            lambda theirs=theirs: list(plain.pipe(next(theirs))),
            clock=time.process_time,
        )
        work = f"{CHUNK} reports of {'mostly new' if kind == 'new' else 'stock'} sentences"
        yield Ratio(f"labeler-{kind}", work, "blank spaCy, phrases, negspacy", *seconds)


def run_compiled() -> None:
    """Run the same command again, with the package of a compiled wheel first on the path."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "PYTHONPATH": str(compiled_package(Path(folder)))}
        subprocess.run([sys.executable, *sys.argv], env=environment, check=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reports", type=int, default=3000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--profile", choices=["new", "stock"])
    parser.add_argument("--compiled", action="store_true")
    given = parser.parse_args()
    if given.compiled and not IS_COMPILED:
        run_compiled()
        return
    labeler = Labeler.from_rules()
    plain, n_phrases = plain_pipeline(labeler)
    sides = {
        "gazescribe": lambda texts: sum(len(mentions) for mentions in labeler.stream(texts)),
        "plain": lambda texts: sum(len(doc.ents) for doc in plain.pipe(texts)),
    }
    results: dict[str, object] = {"compiled": IS_COMPILED, "phrases": n_phrases}
    for kind in ("new", "stock"):
        best = dict.fromkeys(sides, float("inf"))
        read: set[str] = set()
        for number, reports in enumerate(rounds(labeler.book, kind, given)):
            sentences = [sentence for report in reports for sentence in report]
            repeated = 1 - len(set(sentences) - read) / len(sentences)
            read.update(sentences)
            texts = [" ".join(report) for report in reports]
            for side, run in sides.items():
                begin = time.process_time()
                run(texts)
                if number:  # the first round fills the lexicons and the memory
                    best[side] = min(best[side], time.process_time() - begin)
        rates = {side: round(given.reports / seconds) for side, seconds in best.items()}
        results[kind] = {
            "reports_per_s": rates,
            "ratio": round(rates["gazescribe"] / rates["plain"], 2),
            "repeated_sentences": round(repeated, 3),  # read before, in the last round
            "distinct_sentences": len(read),
        }
    print(json.dumps(results, indent=2))
    if given.profile:
        *_, reports = rounds(labeler.book, given.profile, given)
        labeler = Labeler.from_rules()
        labeler.label(SILENT)
        profile = cProfile.Profile()
        profile.runcall(sides["gazescribe"], [" ".join(report) for report in reports])
        pstats.Stats(profile).sort_stats("tottime").print_stats(30)


if __name__ == "__main__":
    main()
