import pytest

from gazescribe.pipeline.core.errors import ManifestError


def word(text, start, end, **more):
    alternatives = [{"confidence": "1.0", "content": text}, {"confidence": "0.1", "content": "?"}]
    times = {"start_time": start, "end_time": end}
    return {"type": "pronunciation", **times, "alternatives": alternatives, **more}


def mark(text):
    return {"type": "punctuation", "alternatives": [{"confidence": "0.0", "content": text}]}


ITEMS = [word("Small", "1.0", "1.3"), mark(","), word("old", "1.3", "1.64"), mark("."), mark('"')]


def test_punctuation_joins_the_word_before(rows):
    words = rows("aws", {"jobName": "j", "results": {"transcripts": [], "items": ITEMS}})
    assert words == [("Small,", 1.0, 1.3, "", ""), ('old."', 1.3, 1.64, "", "")]


def test_speakers_of_words_or_of_segments(rows):
    labelled = [word("Small", "1.0", "1.3", speaker_label="spk_1")]
    assert rows("aws", {"results": {"items": labelled}})[0][3] == "spk_1"
    items = [{"start_time": "1.0", "end_time": "1.3", "speaker_label": "spk_0"}]
    segments = [{"speaker_label": "spk_0", "items": items}]
    content = {"results": {"items": ITEMS[:1], "speaker_labels": {"segments": segments}}}
    assert rows("aws", content)[0][3] == "spk_0"


def test_channels_are_read_one_by_one_so_that_marks_join_their_own_word(rows):
    channels = [
        {"channel_label": "ch_0", "items": ITEMS[:2]},
        {"channel_label": "ch_1", "items": ITEMS[2:]},
    ]
    content = {"results": {"items": ITEMS, "channel_labels": {"channels": channels}}}
    assert [row[::4] for row in rows("aws", content)] == [("Small,", "ch_0"), ('old."', "ch_1")]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"TranscriptionJob": {}}, "describes a job of AWS Transcribe"),
        ({"results": {"transcripts": []}}, r"not what AWS Transcribe writes \(it has results\)"),
        ({"results": {"items": [{"type": "pronunciation"}]}}, "not what AWS Transcribe writes"),
    ],
)
def test_json_of_something_else(rows, content, message):
    with pytest.raises(ManifestError, match=message):
        rows("aws", content)
