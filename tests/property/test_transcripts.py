"""Damaged transcripts are read or refused in words, and no refusal shows what was dictated."""

import re

from hypothesis import given
from hypothesis import strategies as st

from gazescribe.pipeline.core.errors import GazeError
from gazescribe.pipeline.formats.opening import open_recording
from gazescribe.pipeline.sources.presets import read_format
from tests.unit.pipeline.formats.test_transcripts_page import EXAMPLES

READ = {
    name: content.encode()
    for table, _, content in EXAMPLES
    if read_format(name := re.search(r"format: ([\w-]+)", table)[1]).reader
}


@given(
    name=st.sampled_from(sorted(READ)),
    place=st.floats(0, 1),
    length=st.integers(0, 60),
    other=st.one_of(
        st.sampled_from(
            [b"", b"null", b"[]", b'"x"', b"{}", b"-1", b"\xff\xfe", b"1e999", b"\x00"]
        ),
        st.binary(max_size=8),
    ),
)
def test_damage_is_told_in_words(tmp_path_factory, name, place, length, other):
    content = READ[name]
    start = round(place * len(content))
    path = tmp_path_factory.getbasetemp() / "damaged"
    path.write_bytes(content[:start] + other + content[start + length :])
    refusal = ""
    try:
        _, pieces = open_recording(read_format(name).reader, path, "words")
        words = [word for piece in pieces for word in piece.columns["word"]]
    except GazeError as error:
        words, refusal = [], str(error)
    assert not re.search("small|left|effusion|pneumothorax", refusal, re.IGNORECASE)
    assert all(isinstance(word, str) and word.strip() for word in words)
