"""The last look at an export before it is moved into place: no picture, transcript or raw id.

Every file is opened again and searched, whoever wrote it and however.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gazescribe.pipeline.core import class_names, schemas
from gazescribe.pipeline.core.resources import resource
from gazescribe.pipeline.core.values import CHEXPERT_LABELS
from gazescribe.pipeline.export.open_again import open_again
from gazescribe.pipeline.export.open_page import SHOWN, digest_of
from gazescribe.pipeline.export.opened import FileColumn, Refused

RUN = 4  # words: shorter runs occur in any text
SHORT = range(2, RUN)  # words of a sentence that is looked for as a whole cell or phrase
MIN_ID = 6  # characters: shorter ids occur in any table
PICTURES = "images"  # the only folder where pictures may lie, where they were asked for

_WORD = re.compile(r"[^\W\d_]+")
_SENTENCE_END = re.compile(r"[.!?\n]+")
_PHRASE_END = re.compile(r"[.,;:!?|()\[\]{}\"'\n\t]+")
_ALNUM = re.compile(r"[0-9a-z]+")
_DIGITS = re.compile(r"(?<![0-9a-f])\d+(?![0-9a-f])")  # not those inside a hash
_BASE64 = re.compile(r"(?:iVBORw0KGgo|/9j/)[A-Za-z0-9+/]{40}")


@dataclass(frozen=True)
class Forbidden:
    """What an export must not hold."""

    runs: frozenset[str] = frozenset()  # every four words that follow each other in a dictation
    phrases: frozenset[str] = frozenset()  # whole sentences of two or three words
    ids: frozenset[str] = frozenset()  # raw ids, or the pieces of them that say as much
    pictures: bool = True  # pictures too, wherever they lie; else those in `images/` may stay
    previews: frozenset[str] = frozenset()  # digests of the pictures of maps that a page may show

    @cached_property
    def numbers(self) -> NDArray[np.int64]:
        """The ids that are numbers."""
        return np.array([int(text) for text in self.ids if text.isdigit()], dtype=np.int64)


def forbid(
    texts: Iterable[str],
    ids: Iterable[object],
    labels: Sequence[str],
    *,
    pictures: bool,
    previews: Iterable[NDArray[np.float16]] = (),
) -> Forbidden:
    """Say what an export must not hold.

    What this program itself says in descriptions and templates, and names of labels, alone or one
    after another, may stand in it.

    Parameters
    ----------
    texts : iterable of str
        Dictations; none where text was asked for.
    ids : iterable
        Raw ids; none where they were not replaced.
    labels : sequence of str
        Of the maps and windows that are exported.
    pictures : bool
        False where images were asked for.
    previews : iterable of ndarray, shape (height, width)
        Maps that the page of the export shows; no other picture may be in it.
    """
    runs: set[str] = set()
    phrases: set[str] = set()
    for text in texts:
        runs |= _runs(_words(text))
        phrases |= _phrases(text, _SENTENCE_END)
    program_runs, program_phrases = _program_words()
    label_words = {word for label in (*labels, *CHEXPERT_LABELS) for word in _words(label)}
    label_phrases = {phrase for label in labels for phrase in _phrases(label)}
    of_labels = {run for run in runs if label_words.issuperset(run.split())}
    pieces = {piece for raw_id in ids for piece in _pieces(str(raw_id))}
    return Forbidden(
        frozenset(runs - program_runs - of_labels),
        frozenset(phrases - program_phrases - label_phrases),
        frozenset(pieces),
        pictures,
        frozenset(map(_digest_of_map, previews)),
    )


def _digest_of_map(heatmap: NDArray[np.float16]) -> str:
    """Give the checksum of the picture in which 0 is the first colour and 1 the last."""
    return digest_of(np.rint(heatmap.astype(np.float32).clip(0, 1) * 255))


def check_export(folder: Path, forbidden: Forbidden) -> list[str]:
    """Search a written export; list what was found and where, nothing if the export may go."""
    faults = []
    for path in sorted(path for path in folder.rglob("*") if not path.is_dir()):
        name = str(path.relative_to(folder))
        faults += [f"{name}: {fault}" for fault in _faults(path, name, forbidden)]
    return faults


def _faults(path: Path, name: str, forbidden: Forbidden) -> Iterator[str]:
    """Search one file, and its name below the export."""
    yield from _text_faults(FileColumn("its name", [name]), forbidden)
    if path.is_symlink():
        yield "it is a link"
        return
    is_asked_for = not forbidden.pictures and name.startswith(f"{PICTURES}/")
    if is_asked_for and path.suffix == ".png":
        return
    try:
        for column in open_again(path, pictures=is_asked_for and path.suffix == ".parquet"):
            if column.name == SHOWN and path.suffix == ".html":
                if not forbidden.previews.issuperset(column.values):
                    yield "it shows a picture that is none of its maps"
            elif isinstance(column.values, list):
                yield from _text_faults(column, forbidden)
            elif np.isin(column.values, forbidden.numbers).any():
                yield f"a raw id in {column.name}"
    except Refused as why:
        yield str(why)


def _text_faults(column: FileColumn, forbidden: Forbidden) -> Iterator[str]:
    """Search texts: each alone, and the words of all, for a transcript may have one word a row."""
    texts = sorted(set(column.values))
    if forbidden.runs:
        runs = _runs(_words(" ".join(column.values))) & forbidden.runs
        phrases = {phrase for text in texts for phrase in _phrases(text)} & forbidden.phrases
        if runs or phrases:
            yield f"words of a dictation in {column.name}: “{min(runs or phrases)}”"
    if forbidden.ids and any(_known_ids(text, forbidden.ids) for text in texts):
        yield f"a raw id in {column.name}"
    if any(_BASE64.search(text) for text in texts):
        yield f"a picture, as base64, in {column.name}"


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())


def _runs(words: list[str]) -> set[str]:
    shifted = (islice(words, begin, None) for begin in range(RUN))
    return {" ".join(run) for run in zip(*shifted, strict=False)}


def _phrases(text: str, end: re.Pattern[str] = _PHRASE_END) -> set[str]:
    """Find phrases of two or three words that stand between two marks, or alone."""
    parts = (_words(part) for part in end.split(text))
    return {" ".join(words) for words in parts if len(words) in SHORT}


def _pieces(raw_id: str) -> set[str]:
    """Find what gives an id away: the id without its marks, and each of its longer parts."""
    parts = _ALNUM.findall(raw_id.casefold())
    pieces = {"".join(parts), *parts}
    return {piece for piece in pieces if len(piece) >= MIN_ID and len(set(piece)) > 1}


def _known_ids(text: str, ids: frozenset[str]) -> bool:
    folded = text.casefold()
    return not (ids.isdisjoint(_ALNUM.findall(folded)) and ids.isdisjoint(_DIGITS.findall(folded)))


@cache
def _program_words() -> tuple[set[str], set[str]]:
    """Gather what this program itself says in cards, columns, manifests and templates."""
    folder = Path(__file__).parent
    modules = [Path(str(module.__file__)) for module in (schemas, class_names)]
    sources = [*folder.rglob("*.py"), *folder.rglob("*.j2"), *modules]
    sources += resource("data_manifests").glob("*.yaml")
    texts = [path.read_text(encoding="utf-8") for path in sources]
    runs = {run for text in texts for run in _runs(_words(text))}
    return runs, {phrase for text in texts for phrase in _phrases(text)}
