"""Recordings with a word where a number should be, or cut off: an error that names the file."""

import re
from pathlib import Path

import pytest

from gazescribe.pipeline.core.errors import ManifestError
from gazescribe.pipeline.formats.opening import open_recording

PAGES = sorted((Path(__file__).parents[4] / "docs" / "recorders").glob("*.md"))
PAGE = "\n".join(page.read_text() for page in PAGES)
FILES = re.findall(r"^`(\w+)/raw/([^`\n]+)`\n\n```\w+\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
STEPS = 12
(SIDECAR,) = (text for _, path, text in FILES if path.endswith(".json"))
READERS = {"sdk": "tobii_sdk", "studio": "tobii"}
OF_A_READER = [
    pytest.param(READERS.get(name, name), path, text, id=name)
    for name, path, text in FILES
    if name not in {"pupil", "neon", "dictated", "report", "imotions", "gorilla"}
    and not path.endswith(".json")
]


def read_all(reader, path):
    rows = 0
    for table in ("fixations", "samples", "messages", "readings"):
        try:
            _, pieces = open_recording(reader, path, table)
            rows += sum(piece.n_rows for piece in pieces)
        except ManifestError as error:
            if path.name not in str(error):
                raise
    return rows


@pytest.mark.parametrize(("reader", "name", "text"), OF_A_READER)
def test_a_word_for_each_number_in_turn(tmp_path, reader, name, text):
    path = tmp_path / Path(name).name
    (tmp_path / "task-read_physio.json").write_text(SIDECAR)
    path.write_text(text)
    assert read_all(reader, path)
    numbers = list(re.finditer(r"\d+(?:\.\d+)?", text))
    for number in numbers[:: max(1, len(numbers) // STEPS)]:
        path.write_text(text[: number.start()] + "x" + text[number.end() :])
        read_all(reader, path)


@pytest.mark.parametrize(("reader", "name", "text"), OF_A_READER)
def test_a_file_that_is_cut_off(tmp_path, reader, name, text):
    path = tmp_path / Path(name).name
    for end in range(0, len(text), max(1, len(text) // STEPS)):
        path.write_text(text[:end])
        read_all(reader, path)
