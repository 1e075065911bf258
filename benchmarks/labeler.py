"""Reports a second on one core: our labeler beside plain spaCy with negspacy's defaults.

Both read the same reports of six sentences, one process, one thread, in turns; the best of several
rounds counts, for other work on the machine can only slow a round. The plain pipeline is spaCy's
blank English, its sentencizer, an entity ruler with as many phrases as our rules, and negspacy.

Run: python benchmarks/labeler.py [--reports N] [--rounds N] [--profile]
"""

import argparse
import cProfile
import json
import pstats
import random
import time

from gazescribe.pipeline.dictation.labeler import Labeler
from gazescribe.pipeline.dictation.labeler.gold_sentences import load_gold_sentences
from gazescribe.pipeline.dictation.labeler.phrases import parts
from gazescribe.pipeline.dictation.labeler.spacy_import import spacy

SILENT = (
    "The lungs are well expanded.",
    "Osseous structures are intact.",
    "The upper abdomen is as expected.",
    "Soft tissues are symmetric.",
    "Comparison is made with yesterday.",
)
SILENT_SHARE = 0.25


def draw_reports(count: int) -> list[str]:
    telling = [
        sentence.text
        for sentence in load_gold_sentences().sentences
        if sentence.family != "sections"
    ]
    chance = random.Random(0)  # noqa: S311 (no secrets here)

    def sentence() -> str:
        return chance.choice(SILENT if chance.random() < SILENT_SHARE else telling)

    return [" ".join(sentence() for _ in range(6)) for _ in range(count)]


def plain_pipeline(labeler: Labeler):
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    ruler = nlp.add_pipe("entity_ruler", config={"phrase_matcher_attr": "LOWER"})
    phrases = [phrase for concept in labeler.book.concepts for phrase in concept.phrases]
    variants = [
        " ".join(word for part in parts(phrase) for word in min(part, key=len))
        for phrase in phrases
    ]
    ruler.add_patterns([{"label": "FINDING", "pattern": variant} for variant in variants])
    nlp.add_pipe("negex")
    return nlp, len(variants)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reports", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--profile", action="store_true")
    given = parser.parse_args()
    reports = draw_reports(given.reports)
    labeler = Labeler.from_rules()
    plain, n_phrases = plain_pipeline(labeler)
    runs = {
        "gazescribe": lambda: sum(len(mentions) for mentions in labeler.stream(reports)),
        "plain": lambda: sum(len(doc.ents) for doc in plain.pipe(reports)),
    }
    best = dict.fromkeys(runs, float("inf"))
    for run in runs.values():
        run()
    for _ in range(given.rounds):
        for name, run in runs.items():
            begin = time.process_time()
            run()
            best[name] = min(best[name], time.process_time() - begin)
    rates = {name: round(len(reports) / seconds) for name, seconds in best.items()}
    ratio = round(rates["gazescribe"] / rates["plain"], 2)
    print(json.dumps({"reports_per_s": rates, "ratio": ratio, "phrases": n_phrases}, indent=2))
    if given.profile:
        profile = cProfile.Profile()
        profile.runcall(runs["gazescribe"])
        pstats.Stats(profile).sort_stats("tottime").print_stats(25)


if __name__ == "__main__":
    main()
