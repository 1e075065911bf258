"""Transcripts as other people's libraries write and read them."""

from operator import itemgetter

import pympi
import pytest
import webvtt
from praatio import textgrid
from praatio.data_classes.interval_tier import IntervalTier
from pysubs2 import SSAEvent, SSAFile

from gazescribe.pipeline.formats.opening import open_recording

PHRASES = [
    (0.52, 2.1, "Small left effusion."),
    (2.1, 2.9, 'so "called"'),
    (63.004, 64.0, "№ 1: 2,5 cm."),
]


def read(reader, path):
    _, pieces = open_recording(reader, path, "words")
    return [row for piece in pieces for row in zip(*piece.columns.values(), strict=True)]


@pytest.mark.parametrize("form", ["short_textgrid", "long_textgrid"])
def test_textgrids_of_praatio(tmp_path, form):
    path = tmp_path / "a.TextGrid"
    grid = textgrid.Textgrid()
    for name in ("dictation", "other"):
        grid.addTier(IntervalTier(name, PHRASES, 0, 70))
    grid.save(str(path), format=form, includeBlankSpaces=True)
    theirs = textgrid.openTextgrid(str(path), includeEmptyIntervals=False)
    expected = [
        (entry.label, entry.start, entry.end, name)
        for name in theirs.tierNames
        for entry in theirs.getTier(name).entries
    ]
    assert len(expected) == 6
    assert read("textgrid", path) == sorted(expected, key=itemgetter(1))


def test_subtitles_of_pysubs2(tmp_path):
    path = tmp_path / "a.srt"
    file = SSAFile()
    for start_s, end_s, text in PHRASES:
        file.append(SSAEvent(round(start_s * 1e3), round(end_s * 1e3), text))
    file.save(str(path))
    events = [
        (event.plaintext, event.start / 1e3, event.end / 1e3) for event in SSAFile.load(str(path))
    ]
    assert [row[:3] for row in read("subtitles", path)] == events
    assert [(start_s, end_s, text) for text, start_s, end_s in events] == PHRASES


def test_webvtt_of_webvtt_py(tmp_path):
    path = tmp_path / "a.vtt"
    file = webvtt.WebVTT()
    for start_s, end_s, text in PHRASES:
        times = (f"00:{time_s // 60:02.0f}:{time_s % 60:06.3f}" for time_s in (start_s, end_s))
        file.captions.append(webvtt.Caption(*times, text))
    file.save(str(path))
    captions = [(one.text, one.start, one.end) for one in webvtt.read(str(path))]
    ours = read("subtitles", path)
    assert [row[0] for row in ours] == [text for text, *_ in captions]
    assert [row[1:3] for row in ours] == [tuple(map(seconds, times)) for _, *times in captions]
    assert len(ours) == 3


def seconds(clock):
    hours, minutes, rest = clock.split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(rest)


def test_aligned_annotations_of_pympi(tmp_path):
    path = tmp_path / "a.eaf"
    file = pympi.Eaf(author="nobody")
    for tier in ("dictation", "other"):
        file.add_tier(tier)
        for start_s, end_s, text in PHRASES:
            file.add_annotation(tier, round(start_s * 1e3), round(end_s * 1e3), text)
    file.to_file(str(path))
    theirs = pympi.Eaf(str(path)).get_annotation_data_for_tier("dictation")
    expected = {(text, start / 1e3, end / 1e3) for start, end, text in theirs}
    ours = [row for row in read("elan", path) if row[3] == "dictation"]
    assert {row[:3] for row in ours} == expected
    assert len(ours) == 3
