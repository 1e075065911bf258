"""Tiny tables for tests, with numbers that can be checked by hand.

Word k of a text is said from second k to k + 0.5; each `.` is a word and ends a sentence.
"""

import re
from pathlib import Path
from typing import Any

import pyarrow as pa

from gazescribe.pipeline.core.schemas import TABLES
from gazescribe.pipeline.core.tables import conform, rows_of, write_table

Row = dict[str, Any]
KEYS = {"readings": "reading_id", "mentions": "report_id"}


def reading(reading_id: str = "R1", text: str | None = None, **columns: object) -> Row:
    return {
        "reading_id": reading_id,
        "dataset": "reflacx",
        "dicom_id": f"image of {reading_id}",
        "subject_id": 99000001,
        "width_px": 100,
        "height_px": 80,
        "has_gaze": True,
        "text": text,
        **columns,
    }


def words(text: str, reading_id: str = "R1") -> list[Row]:
    found, sentence = [], 0
    for number, match in enumerate(re.finditer(r"[^\s.]+|\.", text)):
        found.append(
            {
                "reading_id": reading_id,
                "word": number,
                "text": match[0],
                "onset_s": number,
                "offset_s": number + 0.5,
                "char_start": match.start(),
                "char_end": match.end(),
                "sentence": sentence,
            }
        )
        sentence += match[0] == "."
    return found


def sentences(spoken: list[Row]) -> list[Row]:
    found = []
    for number in sorted({word["sentence"] for word in spoken}):
        own = [word for word in spoken if word["sentence"] == number]
        found.append(
            {
                "reading_id": own[0]["reading_id"],
                "sentence": number,
                "onset_s": own[0]["onset_s"],
                "offset_s": own[-1]["offset_s"],
                "char_start": own[0]["char_start"],
                "char_end": own[-1]["char_end"],
            }
        )
    return found


def mention(text: str, said: str, label: str = "edema", **columns: object) -> Row:
    """A mention of the first place in `text` that says `said`."""
    start = text.index(said)
    return {
        "report_id": "R1",
        "char_start": start,
        "char_end": start + len(said),
        "label": label,
        "concept": said,
        "text": said,
        "sentence": 0,
        "polarity": "positive",
        **columns,
    }


def fixation(number: int, onset_s: float, offset_s: float, **columns: object) -> Row:
    return {
        "reading_id": "R1",
        "fixation": number,
        "onset_s": onset_s,
        "offset_s": offset_s,
        "x_px": 50.0,
        "y_px": 40.0,
        "px_per_deg_x": 10.0,
        "px_per_deg_y": 12.0,
        **columns,
    }


def table(rows: list[Row], name: str) -> pa.Table:
    return conform(pa.Table.from_pylist(rows, schema=TABLES[name].schema), name)


def columns_of(rows: list[Row], name: str) -> dict[str, Any]:
    """Columns of one reading as the stages get them."""
    return rows_of(table(rows, name), KEYS.get(name, "reading_id"), ["R1"])["R1"]


def write_tables(folder: Path, **tables: list[Row]) -> Path:
    """Write these tables, and words and sentences of the readings' texts where they are absent."""
    spoken = [
        word for row in tables["readings"] for word in words(row["text"] or "", row["reading_id"])
    ]
    by_reading = {row["reading_id"]: [] for row in tables["readings"]}
    for word in spoken:
        by_reading[word["reading_id"]].append(word)
    made = {
        "words": spoken,
        "sentences": [row for own in by_reading.values() for row in sentences(own)],
        "fixations": [],
    }
    for name, rows in (made | tables).items():
        write_table(table(rows, name), folder, name)
    return folder
