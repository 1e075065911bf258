import pytest

from gazescribe.pipeline.core.errors import ManifestError

WORDS = [("Small", 1.3, 1.5), ("nodule.", 1.5, 2.0)]
REST = [
    {"startTime": "1.300s", "endTime": "1.500s", "word": "Small"},
    {"startTime": "1.500s", "endTime": "2s", "word": "nodule."},
]
NODE = [
    {"startTime": {"seconds": "1", "nanos": 300000000}, "endTime": {"seconds": 1, "nanos": 5e8}},
    {"startTime": {"seconds": "1", "nanos": 500000000}, "endTime": {"seconds": "2"}},
]
NODE = [{**times, "word": word} for times, (word, *_) in zip(NODE, WORDS, strict=True)]
SECOND_VERSION = [
    {"startOffset": "1.300s", "endOffset": "1.500s", "word": "Small"},
    {"startOffset": "1.500s", "endOffset": "2s", "word": "nodule."},
]
SNAKES = [{f"{k[:-4]}_time" if "T" in k else k: v for k, v in word.items()} for word in REST]


def result(words, **more):
    other = {"transcript": "smell", "words": [{**words[0], "word": "smell"}]}
    return {"alternatives": [{"transcript": "Small nodule.", "words": words}, other], **more}


@pytest.mark.parametrize(
    "content",
    [
        pytest.param({"results": [result(REST)]}, id="rest"),
        pytest.param({"results": [result(NODE)]}, id="node"),
        pytest.param({"results": [result(SNAKES)]}, id="python"),
        pytest.param([result(REST)], id="results alone"),
        pytest.param({"name": "1", "done": True, "response": {"results": [result(REST)]}}, id="op"),
        pytest.param({"results": [result(SECOND_VERSION)], "metadata": {}}, id="version 2"),
        pytest.param(
            {"results": {"gs://b/a.wav": {"transcript": {"results": [result(SECOND_VERSION)]}}}},
            id="batch",
        ),
        pytest.param(
            [{"results": [result(NODE[:1], isFinal=False)]}, {"results": [result(REST)]}],
            id="streamed, with an interim result",
        ),
    ],
)
def test_the_likeliest_alternative_of_each_result(rows, content):
    assert [row[:3] for row in rows("google", content)] == WORDS


def test_a_start_of_zero_is_left_out(rows):
    words = [{"endTime": "0.400s", "word": "No"}, {"startTime": {}, "endTime": "1s", "word": "x"}]
    assert [row[1:3] for row in rows("google", {"results": [result(words)]})] == [(0, 0.4), (0, 1)]


def test_results_without_words_are_phrases_from_the_end_of_the_one_before(rows):
    phrases = [("Small nodule.", "2s"), ("No effusion.", "4.500s")]
    results = [
        {"alternatives": [{"transcript": text}], "resultEndTime": end} for text, end in phrases
    ]
    words = [row[:3] for row in rows("google", {"results": results})]
    assert words == [("Small nodule.", 0.0, 2.0), ("No effusion.", 2.0, 4.5)]


def test_words_that_are_said_again_with_their_speakers_count_once(rows):
    tagged = [{**word, "speakerTag": 1} for word in REST]
    content = {"results": [result(REST[:1]), result(REST[1:]), result(tagged)]}
    assert rows("google", content) == [(*word, "1", "") for word in WORDS]


def test_channels(rows):
    content = {"results": [result(REST, channelTag=1), result(REST, channelTag=2)]}
    assert [row[4] for row in rows("google", content)] == ["1", "2", "1", "2"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"results": {"gs://b/a.wav": {}, "gs://b/c.wav": {}}}, r"2 audio files \(a.wav, c.wav\)"),
        ({"name": "7", "metadata": {}}, "was not done"),
        ({"answer": 1}, r"not what Google Speech-to-Text writes \(it has answer\)"),
        ({"results": [{"alternatives": [{"words": [{"endTime": "soon"}]}]}]}, "not what Google"),
    ],
)
def test_json_of_something_else(rows, content, message):
    with pytest.raises(ManifestError, match=message):
        rows("google", content)
