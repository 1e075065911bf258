import json
from dataclasses import replace

import numpy as np
import pytest

from gazescribe.pipeline.demo.egd_readings import (
    GAZE_DEFECTS,
    SPEECH_DEFECTS,
    planted,
    read_all,
    spoken_text,
    transcript_json,
)
from gazescribe.pipeline.demo.population import draw_cases
from tests.planted import planted as settings_with

SETTINGS = settings_with(readings=60, seed=5)


@pytest.fixture(scope="module")
def readings():
    return list(read_all(draw_cases(60, 5, small=True).egd, SETTINGS))


def whole(readings):
    """A reading without a defect."""
    return next(reading for reading in readings if not reading.defects)


def transcript(reading, defects=(), seed=0):
    text = transcript_json(np.random.default_rng(seed), reading.reading, frozenset(defects))
    return json.loads(text)


def phrases(content):
    return [entry["phrase"] for entry in content["time_stamped_text"]]


def test_sentences_open_with_a_capital_and_nothing_else_changes(readings):
    for reading in readings:
        text, report = spoken_text(reading.reading), reading.reading.report
        assert text.lower() == report.text
        starts = {report.char_spans[sentence.first_token][0] for sentence in report.sentences}
        assert {place for place, letter in enumerate(text) if letter.isupper()} == starts


def test_phrases_joined_are_the_text_and_take_their_words_times(readings):
    reading = whole(readings)
    for seed in range(20):
        content = transcript(reading, seed=seed)
        assert " ".join(phrases(content)) == spoken_text(reading.reading)
        assert content["full_text"].strip() == spoken_text(reading.reading)
        entries = content["time_stamped_text"]
        assert entries[0]["begin_time"] == pytest.approx(reading.reading.onset_s[0])
        assert all(entry["begin_time"] <= entry["end_time"] for entry in entries)


def test_each_speech_defect_changes_what_it_names(readings):
    reading = whole(readings)
    text = spoken_text(reading.reading)
    assert transcript(reading, ["no times"])["time_stamped_text"] == []
    assert transcript(reading, ["opens at zero"])["time_stamped_text"][0]["begin_time"] == 0.0
    lost = transcript(reading, ["no final period"])
    assert lost["full_text"].strip() == " ".join(phrases(lost)) == text.removesuffix(".")
    edited = transcript(reading, ["edited full text"])
    assert edited["full_text"].strip() == text.split(" ", 1)[1]
    assert " ".join(phrases(edited)) == text
    assert any(phrase.count(".") > 1 for phrase in phrases(transcript(reading, ["two periods"])))


def test_every_defect_is_there_and_none_twice_of_a_kind(readings):
    names = [name for reading in readings for name in reading.defects]
    assert set(GAZE_DEFECTS) <= set(names)
    assert set(SPEECH_DEFECTS) <= set(names)
    for reading in readings:
        assert len(reading.defects & set(SPEECH_DEFECTS)) <= 1
        assert len(reading.defects - set(SPEECH_DEFECTS)) <= 1


def test_truth_drops_visits_where_the_gaze_is_spoilt(readings):
    for reading in readings:
        row = planted(reading)
        assert row["defects"] == sorted(reading.defects)
        if reading.defects & {*GAZE_DEFECTS, "no times", "opens at zero"}:
            assert row["visits"] == []
        else:
            assert len(row["visits"]) == len(reading.reading.visits)


def test_the_true_text_loses_its_period_with_the_transcript(readings):
    reading = whole(readings)
    assert planted(reading)["text"].endswith(".")
    lost = replace(reading, defects=frozenset({"no final period"}))
    assert planted(lost)["text"] == planted(reading)["text"][:-1]


def test_the_search_before_the_first_word_is_short(readings):
    starts = [reading.reading.onset_s[0] for reading in readings]
    assert np.median(starts) < 6  # EGD's median silence is 3 s; REFLACX's planted one is 8 s
