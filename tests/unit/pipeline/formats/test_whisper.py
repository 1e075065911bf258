import pytest

from gazescribe.pipeline.core.errors import ManifestError

# As openai-whisper writes them: a blank before each word, and none where one goes on.
SPACED = [
    {"word": " A", "start": 0.5, "end": 0.6},
    {"word": " 2", "start": 0.6, "end": 0.8},
    {"word": ".5", "start": 0.8, "end": 1.0},
    {"word": " cm", "start": 1.0, "end": 1.2},
    {"word": " nodule.", "start": 1.2, "end": 1.9},
]
WORDS = [("A", 0.5, 0.6), ("2.5", 0.6, 1.0), ("cm", 1.0, 1.2), ("nodule.", 1.2, 1.9)]


def segment(words, **more):
    return {"start": 0.5, "end": 1.9, "text": " A 2.5 cm nodule.", "words": words, **more}


@pytest.mark.parametrize(
    "content",
    [
        pytest.param({"text": "…", "segments": [segment(SPACED)]}, id="whisper"),
        pytest.param([segment(SPACED)], id="a list of segments"),
        pytest.param(SPACED, id="a list of words"),
        pytest.param(
            [segment([[word["start"], word["end"], word["word"], 0.9] for word in SPACED])],
            id="tuples of faster-whisper",
        ),
        pytest.param(
            {"segments": [segment([{"word": w, "start": s, "end": e} for w, s, e in WORDS])]},
            id="whisperx",
        ),
        pytest.param(
            {"segments": [segment([{"text": w, "start": s, "end": e} for w, s, e in WORDS])]},
            id="whisper-timestamped",
        ),
        pytest.param(
            {"word_segments": [{"word": w, "start": s, "end": e} for w, s, e in WORDS]},
            id="whisperx, words alone",
        ),
        pytest.param(
            {"text": "…", "chunks": [{"text": f" {w}", "timestamp": [s, e]} for w, s, e in WORDS]},
            id="transformers",
        ),
        pytest.param(
            {
                "text": "A 2.5 cm nodule.",
                "words": [{"word": w.strip("."), "start": s, "end": e} for w, s, e in WORDS],
                "segments": [{"start": 0.5, "end": 1.9, "text": "A 2.5 cm nodule."}],
            },
            id="openai's api, which leaves the marks out",
        ),
    ],
)
def test_all_of_the_family_give_the_same_words(rows, content):
    assert [row[:3] for row in rows("whisper", content)] == WORDS


def token(text, start_ms, end_ms):
    return {"text": text, "offsets": {"from": start_ms, "to": end_ms}}


CPP = [token("[_BEG_]", 0, 0), token(" No", 500, 700), token(" eff", 700, 900)]
CPP += [token("usion", 900, 1100), token(".", 1100, 1200), token("[_TT_60]", 1200, 1200)]


@pytest.mark.parametrize(
    "parts",
    [
        pytest.param([{**token(" No effusion.", 0, 1300), "tokens": CPP}], id="tokens"),
        pytest.param(CPP[1:-1], id="a token a part"),
    ],
)
def test_tokens_of_whisper_cpp_become_words(rows, parts):
    words = rows("whisper", {"model": {}, "transcription": parts})
    assert [row[:3] for row in words] == [("No", 0.5, 0.7), ("effusion.", 0.7, 1.2)]


def test_phrases_where_no_word_has_a_time(rows):
    parts = [token(" No effusion.", 500, 1300), token(" [BLANK_AUDIO]", 1300, 2000)]
    assert rows("whisper", {"transcription": parts})[0][:3] == ("No effusion.", 0.5, 1.3)
    assert len(rows("whisper", {"transcription": parts})) == 1
    phrase = {"start": 0.5, "end": 1.3, "text": " No effusion."}
    assert rows("whisper", {"segments": [phrase]})[0][:3] == ("No effusion.", 0.5, 1.3)
    # WhisperX leaves a segment that it cannot align as it is
    mixed = {"segments": [segment(SPACED[:1]), {**phrase, "words": []}]}
    assert [row[0] for row in rows("whisper", mixed)] == ["A", "No effusion."]


def test_words_without_a_time_are_kept_and_have_the_speaker_around_them(rows):
    words = [{"word": "A", "start": 0.5, "end": 0.6, "speaker": "S0"}, {"word": "2"}]
    content = {"segments": [segment(words, speaker="S0")]}
    assert rows("whisper", content)[1] == ("2", None, None, "S0", "")


def test_scores_that_are_no_json_numbers(rows):
    text = '{"segments": [{"words": [{"word": "A", "start": 0.5, "end": 0.6, "score": NaN}]}]}'
    assert rows("whisper", text) == [("A", 0.5, 0.6, "", "")]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"answer": 1}, r"this is not what Whisper writes \(it has answer\)"),
        ({"segments": [{"words": [{"start": 1}]}]}, "this is not what Whisper writes"),
        ({"segments": ["effusion"]}, "this is not what Whisper writes"),
        ({"segments": [{"text": "a", "start": "effusion"}]}, "this is not what Whisper writes"),
        ("{", "this is not JSON"),
        ("", "it is empty"),
    ],
)
def test_json_of_something_else(rows, content, message):
    with pytest.raises(ManifestError, match=message) as raised:
        rows("whisper", content)
    assert "effusion" not in str(raised.value)
