"""Names of readings and images as labs have them, and the ids that are made of them.

Ids become names of files and folders, so that they hold letters, digits, `_`, `-` and `.` alone.
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

from gazescribe.pipeline.core.console import plural
from gazescribe.pipeline.core.errors import quote, shorten
from gazescribe.pipeline.ingest.by_manifest.own_reading import Pieces
from gazescribe.pipeline.ingest.by_manifest.rows import Rows
from gazescribe.pipeline.sources.faults import Fault
from gazescribe.pipeline.sources.table_manifests import LOSES

_NUMBER = re.compile(r"\d{1,15}(?:\.0+)?")
_LETTERS = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ß": "ss", "æ": "ae"}
    | {"Æ": "Ae", "ø": "o", "Ø": "O", "å": "a", "Å": "A", "ł": "l", "Ł": "L"}
)
MAX_LENGTH = 150  # characters of an id; names of files have 255 at most


def safe_ids(names: Iterable[str]) -> dict[str, str]:
    """Make an id of each name; those whose ids would be the same get some digits of their hash.

    A name that is an id stays as it is.
    """
    names = {*names}
    plain = {name: _safe(name) for name in names}
    made_ids = [*plain.values()]
    ids = {}
    for name, made_id in plain.items():
        is_clear = name == made_id or made_ids.count(made_id) == 1
        is_usable = 0 < len(made_id) <= MAX_LENGTH
        ids[name] = made_id if is_clear and is_usable else _with_digest(name, made_id)
    return ids


def note_names(kind: str, ids: Mapping[str, str], faults: list[Fault]) -> None:
    """Note names that are no ids, with an example."""
    changed = sorted((name, made_id) for name, made_id in ids.items() if name != made_id)
    if changed:
        name, made_id = changed[0]
        message = (
            f"{plural(len(changed), f'name of {kind}s', f'names of {kind}s')} made ids, as"
            f" {quote(shorten(name, 40))} {made_id}; the attribute {kind}_name keeps the name"
        )
        file = "the tables"
        code = f"{kind}_id_made"
        faults.append(Fault("warning", code, message, file, None, None, "", len(changed)))


def rename(pieces: Pieces, ids: Mapping[str, str]) -> Pieces:
    """Give the pieces by the ids of their readings."""
    return {ids[name]: piece for name, piece in pieces.items()}


def _safe(name: str) -> str:
    letters = unicodedata.normalize("NFC", name).translate(_LETTERS)
    plain = unicodedata.normalize("NFKD", letters).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9_.-]+", "_", plain).strip("_.-")


def _with_digest(name: str, made_id: str) -> str:
    return f"{made_id[:MAX_LENGTH] or 'id'}-{hashlib.sha256(name.encode()).hexdigest()[:6]}"


def match_numbers(pieces: Mapping[str, dict[str, Any]], faults: list[Fault]) -> None:
    """Take ids that are the same number for the same reading, in place: 7, 7.0 and 07.

    They are spelt as in the table of readings, or in the first table that has them. Two spellings
    in one table are two readings; a third one elsewhere is an error.
    """
    spelt: dict[float, set[str]] = {}
    for by_reading in pieces.values():
        ids_by_number: dict[float, list[str]] = {}
        for reading_id in by_reading:
            if _NUMBER.fullmatch(reading_id):
                ids_by_number.setdefault(float(reading_id), []).append(reading_id)
        for number, ids in ids_by_number.items():
            known = spelt.setdefault(number, {*ids})
            strange = [reading_id for reading_id in ids if reading_id not in known]
            for reading_id in strange:
                file = by_reading[reading_id].file
                if len(known) > 1 or len(ids) > 1:
                    both = ", ".join(sorted({*known, *ids}))
                    message = f"reading ids {both} are the same number: write them alike"
                    faults.append(Fault("error", "reading_id_differs", message, file))
                    break
                (listed,) = known
                message = f"reading {reading_id} is taken for {listed}: they are the same number"
                faults.append(Fault("warning", "reading_id_spelt", message, file, item=listed))
                by_reading[listed] = by_reading.pop(reading_id)


def note_strangers(ids: set[str], pieces: Mapping[str, Pieces], faults: list[Fault]) -> None:
    """Note what belongs to readings that the table of readings does not name."""
    for name, by_reading in pieces.items():
        for reading_id, piece in by_reading.items():
            if reading_id in ids:
                continue
            n = len(piece) if isinstance(piece, Rows) else 1
            message = f"reading {reading_id} is not in the table of readings"
            code = f"{name}_unknown_reading"
            faults.append(
                Fault("loss", code, message, piece.file, None, reading_id, LOSES[name], n)
            )
