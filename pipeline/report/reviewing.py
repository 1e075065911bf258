"""What the inspector's review of a reading needs: places in its text, and what keeps runs apart."""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from gazescribe.pipeline.core.tables import read_table
from gazescribe.pipeline.dictation.labeler.sentences import split_sentences
from gazescribe.pipeline.dictation.reviews.files import hash_of
from gazescribe.pipeline.report.menu import WHOLE
from gazescribe.pipeline.report.parts import Parts, Row

MENTION = ("char_start", "char_end", "label", "polarity")
WINDOW = ("kind", "char_start", "char_end")


@dataclass(frozen=True)
class ReviewedRun:
    """The run that pages are of, as the browser keeps reviews under it."""

    name: str
    n_readings: int  # pages


def name_of_run(folders: Iterable[Path]) -> str:
    """Give a name to the readings of some folders of tables: the same for the same texts.

    Other rules and parameters do not change it, so that a review outlives them.
    """
    digest = sha256()
    for folder in sorted(folders):
        table = read_table(folder, "readings", ["dataset", "reading_id", "text"])
        for row in table.to_pylist():
            digest.update(repr(sorted(row.items())).encode())
    return digest.hexdigest()[:16]


def about_review(parts: Parts, run: ReviewedRun, labels: Iterable[str]) -> Row | None:
    """Give the script the places that a review names; None of a reading without text.

    Mentions, words and windows stand in the order of `parts`; None in place of a window that no
    text opened.
    """
    reading = parts.reading
    text = reading["text"]
    if not text:
        return None
    sentences = [(row["char_start"], row["char_end"]) for row in parts.sentences]
    return {
        "run": run.name,
        "n_readings": run.n_readings,
        "reading_id": reading["reading_id"],
        "dataset": reading["dataset"],
        "text_sha256": hash_of(text),
        "text": text,
        "labels": sorted({*labels, *(row["label"] for row in parts.mentions)}),
        "sentences": sentences or split_sentences(text),
        "words": [{name: row[name] for name in MENTION[:2]} for row in parts.words],
        "mentions": [{name: row[name] for name in MENTION} for row in parts.mentions],
        "windows": [
            None if row["kind"] in WHOLE else {name: row[name] for name in WINDOW}
            for row in parts.windows
        ],
    }
