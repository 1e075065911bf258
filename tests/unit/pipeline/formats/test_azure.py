import json

import pytest

from gazescribe.pipeline.core.errors import ManifestError

DISPLAY = "Small, old nodule."
WORDS = [("Small,", 0.76, 1.0), ("old", 1.0, 1.3), ("nodule.", 1.3, 1.9)]
LEXICAL = [
    {"Word": "small", "Offset": 7600000, "Duration": 2400000},
    {"Word": "old", "Offset": 10000000, "Duration": 3000000},
    {"Word": "nodule", "Offset": 13000000, "Duration": 6000000},
]
TICKS = [
    {
        "word": word["Word"],
        "offset": "PT0S",
        "offsetInTicks": float(word["Offset"]),
        "durationInTicks": float(word["Duration"]),
    }
    for word in LEXICAL
]
ISO = [
    {"word": word["Word"], "offset": offset, "duration": f"PT{word['Duration'] / 1e7}S"}
    for word, offset in zip(LEXICAL, ("PT0.76S", "PT1S", "PT1.3S"), strict=True)
]
SHOWN = [{**times, "displayText": text} for times, text in zip(ISO, DISPLAY.split(), strict=True)]
MS = [
    {"text": text, "offsetMilliseconds": start, "durationMilliseconds": length}
    for text, start, length in [("Small,", 760, 240), ("old", 1000, 300), ("nodule.", 1300, 600)]
]
DETAILED = {
    "RecognitionStatus": "Success",
    "Offset": 7600000,
    "Duration": 11400000,
    "NBest": [{"Confidence": 0.9, "Display": DISPLAY, "Words": LEXICAL}, {"Display": "Smell."}],
}


def batch(words):
    best = {"confidence": 0.9, "lexical": "small old nodule", "display": DISPLAY, **words}
    phrase = {"recognitionStatus": "Success", "channel": 0, "offset": "PT0.76S", "nBest": [best]}
    return {"combinedRecognizedPhrases": [{"display": DISPLAY}], "recognizedPhrases": [phrase]}


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(DETAILED, id="detailed"),
        pytest.param([DETAILED, {"RecognitionStatus": "InitialSilenceTimeout"}], id="a list"),
        pytest.param(json.dumps(DETAILED) + "\n" + '{"RecognitionStatus": 1}', id="behind another"),
        pytest.param(batch({"words": TICKS}), id="batch, in ticks"),
        pytest.param(batch({"words": ISO}), id="batch, in ISO 8601"),
        pytest.param(batch({"words": TICKS, "displayWords": SHOWN}), id="batch, display"),
        pytest.param({"phrases": [{"text": DISPLAY, "words": MS}]}, id="fast transcription"),
        pytest.param({"AudioFileResults": [{"SegmentResults": [DETAILED]}]}, id="version 2"),
    ],
)
def test_words_have_the_marks_of_their_sentence(rows, content):
    words = rows("azure", content)
    assert [row[:3] for row in words] == WORDS


def test_numerals_share_the_time_of_the_words_they_stand_for(rows):
    words = [
        {"Word": "two", "Offset": 0, "Duration": 2000000},
        {"Word": "point", "Offset": 2000000, "Duration": 2000000},
        {"Word": "five", "Offset": 4000000, "Duration": 2000000},
        {"Word": "old", "Offset": 6000000, "Duration": 3000000},
        {"Word": "nodule", "Offset": 10000000, "Duration": 3000000},
        {"Word": "there", "Offset": 13000000, "Duration": 3000000},
    ]
    best = {"Display": "2.5 old nodule there.", "Words": words}
    result = rows("azure", {"RecognitionStatus": "Success", "NBest": [best]})
    assert [row[0] for row in result[:2]] == ["2.5", "old"]
    assert [time for row in result[:2] for time in row[1:3]] == pytest.approx([0, 0.6, 0.6, 0.9])
    assert result[-1][0] == "there."


def test_simple_answers_are_phrases(rows):
    content = {"RecognitionStatus": "Success", "DisplayText": DISPLAY, "Offset": 5, "Duration": 1e7}
    ((text, start, end, *_),) = rows("azure", content)
    assert (text, start, end) == (DISPLAY, 5e-7, pytest.approx(1.0000005))


def test_speakers_and_channels(rows):
    content = batch({"words": TICKS})
    content["recognizedPhrases"][0] |= {"speaker": 2, "channel": 1}
    assert rows("azure", content)[0][3:] == ("2", "1")
    assert rows("azure", {**DETAILED, "SpeakerId": "Guest-1"})[0][3] == "Guest-1"


def test_json_of_something_else(rows):
    with pytest.raises(ManifestError, match=r"not what Azure Speech writes \(it has answer\)"):
        rows("azure", {"answer": 1})
    with pytest.raises(ManifestError, match="not what Azure Speech writes"):
        rows("azure", {"recognizedPhrases": [{"nBest": [{"words": [{"offset": "x"}]}]}]})
