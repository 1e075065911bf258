import json
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gazescribe.pipeline.ingest.chunks import Chunk
from gazescribe.pipeline.ingest.egd.dictation import read_dictation
from gazescribe.pipeline.sources.faults import Findings
from tests.unit.pipeline.ingest.egd.ingested import SETTINGS


@dataclass(frozen=True)
class Dictation:
    text: str | None
    tables: dict[str, Any]


def read(tmp_path, phrases, offset=0.0, full_text=None, raw=None):
    """Read phrases given as (text, begin, end); give the dictation and the codes of faults."""
    entries = [
        {"phrase": text, "begin_time": begin, "end_time": end} for text, begin, end in phrases
    ]
    joined = " ".join(text for text, _, _ in phrases)
    content = {"full_text": joined if full_text is None else full_text}
    path = tmp_path / "transcript.json"
    path.write_text(json.dumps(content | {"time_stamped_text": entries}) if raw is None else raw)
    chunk = Chunk()
    settings = SETTINGS.model_copy(update={"audio_offset_s": offset})
    text = read_dictation(path, settings, Findings("transcript.json", "R1", chunk.faults), chunk)
    tables = {
        name: {column: pieces[0] for column, pieces in columns.items()}
        for name, columns in chunk.tables.items()
    }
    return Dictation(text, tables), {fault.code for fault in chunk.faults}


def timed(dictation):
    columns = ("text", "onset_s", "offset_s", "sentence")
    return list(zip(*(dictation.tables["words"][name] for name in columns), strict=True))


def sentences(dictation):
    columns = dictation.tables["sentences"]
    spans = zip(columns["char_start"], columns["char_end"], strict=True)
    return [dictation.text[start:end] for start, end in spans]


def test_words_keep_their_punctuation_and_sentences_end_with_a_period(tmp_path):
    phrases = [("Small", 0.4, 0.7), ("effusion,", 0.7, 1.2), ("left.", 1.2, 1.5), ("Heart.", 2, 3)]
    dictation, codes = read(tmp_path, phrases, full_text=" Small effusion, left. Heart. ")
    assert codes == set()
    assert dictation.text == "Small effusion, left. Heart."
    assert timed(dictation) == [
        ("Small", 0.4, 0.7, 0),
        ("effusion,", 0.7, 1.2, 0),
        ("left.", 1.2, 1.5, 0),
        ("Heart.", 2, 3, 1),
    ]
    assert sentences(dictation) == ["Small effusion, left.", "Heart."]
    assert dictation.tables["sentences"]["onset_s"] == [0.4, 2]
    assert dictation.tables["sentences"]["offset_s"] == [1.5, 3]


def test_a_phrase_of_several_words_stays_whole(tmp_path):
    dictation, _ = read(tmp_path, [("no pleural effusion.", 1.0, 2.0)])
    assert timed(dictation) == [("no pleural effusion.", 1.0, 2.0, 0)]


def test_a_period_inside_a_phrase_cuts_it_and_its_time_by_characters(tmp_path):
    dictation, _ = read(tmp_path, [("clear. Heart is", 10.0, 11.5), ("big.", 11.5, 12.0)])
    assert [word[0] for word in timed(dictation)] == ["clear.", "Heart is", "big."]
    assert [word[3] for word in timed(dictation)] == [0, 1, 1]
    assert dictation.tables["words"]["onset_s"] == pytest.approx([10.0, 10.7, 11.5])
    assert dictation.tables["words"]["offset_s"] == pytest.approx([10.6, 11.5, 12.0])
    assert dictation.text == "clear. Heart is big."


def test_several_periods_in_a_phrase_cut_it_several_times(tmp_path):
    dictation, codes = read(tmp_path, [("One. Two. Three", 0.0, 1.5), ("four.", 1.5, 2.0)])
    assert sentences(dictation) == ["One.", "Two.", "Three four."]
    assert codes == set()


@pytest.mark.parametrize(
    ("phrases", "expected"),
    [
        pytest.param(["5.5 cm", "nodule."], ["5.5 cm nodule."], id="decimal point"),
        pytest.param(["about 5.", "Normal."], ["about 5.", "Normal."], id="number at the end"),
        pytest.param(["(stable).", "Clear."], ["(stable).", "Clear."], id="bracket before"),
        pytest.param(["(stable.)", "Clear."], ["(stable.)", "Clear."], id="bracket behind"),
        pytest.param(["clear.Heart", "big."], ["clear.", "Heart big."], id="no blank behind"),
        pytest.param(["well...", "clear."], ["well...", "clear."], id="three periods"),
        pytest.param(["clear", ".", "Heart."], ["clear .", "Heart."], id="period alone"),
        pytest.param(["clear.", ".", "Heart."], ["clear. .", "Heart."], id="period twice"),
        pytest.param([" clear.", "  Heart  is big. "], ["clear.", "Heart is big."], id="blanks"),
    ],
)
def test_ends_of_sentences(tmp_path, phrases, expected):
    dictation, _ = read(tmp_path, [(phrase, n, n + 1) for n, phrase in enumerate(phrases)])
    assert sentences(dictation) == expected


def test_a_missing_last_period_closes_the_sentence(tmp_path):
    dictation, codes = read(tmp_path, [("Clear.", 0, 1), ("Heart", 1, 2), ("big", 2, 3)])
    assert sentences(dictation) == ["Clear.", "Heart big"]
    assert codes == {"no_final_period"}


def test_the_offset_is_added_to_the_times_of_words(tmp_path):
    dictation, _ = read(tmp_path, [("Clear.", 0.5, 1.0)], offset=-0.75)
    assert dictation.tables["words"]["onset_s"] == [-0.25]
    assert dictation.tables["sentences"]["offset_s"] == [0.25]


def test_without_times_the_full_text_is_kept(tmp_path):
    dictation, codes = read(tmp_path, [], full_text="  Heart\n is big. ")
    assert dictation.text == "Heart is big."
    assert dictation.tables == {}
    assert codes == {"transcript_without_times"}


def test_without_anything_there_is_no_text(tmp_path):
    dictation, codes = read(tmp_path, [])
    assert dictation.text is None
    assert codes == {"transcript_without_times"}


def test_a_reversed_phrase_is_cut_to_its_begin(tmp_path):
    dictation, codes = read(tmp_path, [("Clear.", 2.0, 1.0)])
    assert timed(dictation) == [("Clear.", 2.0, 2.0, 0)]
    assert codes == {"phrase_reversed"}


def test_a_blank_phrase_is_left_out(tmp_path):
    dictation, codes = read(tmp_path, [("Clear.", 0, 1), ("  ", 1, 2)])
    assert dictation.text == "Clear."
    assert codes == {"phrase_blank"}


def test_another_full_text_is_noted(tmp_path):
    dictation, codes = read(tmp_path, [("Clear.", 0, 1)], full_text="Clear lungs.")
    assert dictation.text == "Clear."
    assert codes == {"full_text_differs"}


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param("", id="empty"),
        pytest.param("[]", id="list"),
        pytest.param('{"full_text": "x"}', id="no phrases"),
        pytest.param('{"full_text": 1, "time_stamped_text": []}', id="text is a number"),
        pytest.param('{"time_stamped_text": [{"phrase": "x", "begin_time": 1}]}', id="no end"),
        pytest.param(
            '{"time_stamped_text": [{"phrase": "x", "begin_time": NaN, "end_time": 1}]}', id="nan"
        ),
        pytest.param(
            '{"time_stamped_text": [{"phrase": "x", "begin_time": 1%s, "end_time": 1}]}'
            % ("0" * 400),
            id="huge",
        ),
        pytest.param('{"time_stamped_text": [{"begin_time": 1, "end_time": 1}]}', id="no phrase"),
        pytest.param("[" * 100_000, id="nested"),
    ],
)
def test_what_is_no_transcript_is_a_fault(tmp_path, raw):
    dictation, codes = read(tmp_path, [], raw=raw)
    assert (dictation.text, dictation.tables) == (None, {})
    assert codes == {"transcript_unreadable"}


def test_a_missing_file_is_a_fault(tmp_path):
    found = Findings("transcript.json", "one", [])
    assert read_dictation(tmp_path / "transcript.json", SETTINGS, found, Chunk()) is None
    assert [fault.code for fault in found.faults] == ["transcript_missing"]


PHRASE = st.text(st.sampled_from("ab. 5,)"), max_size=12)
STEPS = st.lists(st.tuples(PHRASE, st.floats(0, 5), st.floats(0, 5)), min_size=1, max_size=12)


@given(STEPS)
def test_any_phrases_give_ordered_words_that_tile_the_text(tmp_path_factory, steps):
    time, phrases = 0.0, []
    for text, pause, length in steps:
        phrases.append((text, time + pause, time + pause + length))
        time += pause + length
    dictation, _ = read(tmp_path_factory.mktemp("any"), phrases)
    words = timed(dictation) if dictation.tables else []
    spoken = "".join("".join(text.split()) for text, _, _ in phrases)
    assert "".join((dictation.text or "").split()) == spoken
    columns = dictation.tables.get("words", {})
    for text, start, end in zip(
        *(columns.get(name, []) for name in ("text", "char_start", "char_end")), strict=True
    ):
        assert text
        assert dictation.text[start:end] == text
    for (_, begin, end, one), (_, later, _, other) in pairwise(words):
        assert begin <= end <= later + 1e-9
        assert other in (one, one + 1)
