import pytest

from gazescribe.pipeline.core.errors import ManifestError

SRT = """1
00:00:00,500 --> 00:00:02,100
Small <i>left</i>
{\\an8}effusion.

2
00:00:03,000 --> 00:01:04,025 X1:1 X2:2

blank above &amp; below

3
00:01:05,000 --> 00:01:06,000
12
"""
WEBVTT = """WEBVTT - made by hand

STYLE
::cue { color: red }

NOTE not said

first
00:00.500 --> 00:02.100 align:start
<v Reader One>Small left
effusion.</v>

NOTE
not said either

1:00:03.000 --> 1:00:04.000
No.
"""


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_srt_gives_phrases(rows, newline, encoding):
    words = rows("subtitles", SRT.replace("\n", newline).encode(encoding))
    assert words == [
        ("Small left effusion.", 0.5, 2.1, "", ""),
        ("blank above & below", 3.0, 64.025, "", ""),
        ("12", 65.0, 66.0, "", ""),
    ]


def test_srt_without_numbers_or_hours(rows):
    assert rows(
        "subtitles", "00:01.5 --> 00:02\nNo.\n\n00:03,5 --> 00:04\n2\n\n00:05 --> 0:06\nx"
    ) == [
        ("No.", 1.5, 2.0, "", ""),
        ("2", 3.5, 4.0, "", ""),
        ("x", 5.0, 6.0, "", ""),
    ]


def test_webvtt_gives_phrases_and_who_speaks(rows):
    assert rows("subtitles", WEBVTT) == [
        ("Small left effusion.", 0.5, 2.1, "Reader One", ""),
        ("No.", 3603.0, 3604.0, "", ""),
    ]


def test_speakers_of_whisperx(rows):
    words = rows("subtitles", "1\n00:00:01,000 --> 00:00:02,000\n[SPEAKER_01]: No mass.\n")
    assert words == [("No mass.", 1.0, 2.0, "SPEAKER_01", "")]


def test_times_of_words(rows):
    text = "WEBVTT\n\n00:01.000 --> 00:03.000\n"
    text += "<00:01.000> Small <00:01.400><c.x>left</c> <00:02.000>x.\n"
    assert rows("subtitles", text) == [
        ("Small", 1.0, 1.4, "", ""),
        ("left", 1.4, 2.0, "", ""),
        ("x.", 2.0, 3.0, "", ""),
    ]


def test_lines_that_youtube_shows_twice_are_said_once(rows):
    text = """WEBVTT
Kind: captions

00:00:01.000 --> 00:00:02.000 align:start position:0%
~
small<00:00:01.400><c> left</c>

00:00:02.000 --> 00:00:02.010 align:start position:0%
small left
~

00:00:02.010 --> 00:00:04.000 align:start position:0%
small left
nodule<00:00:02.700><c> no</c><00:00:03.000><c> no</c>

00:00:04.000 --> 00:00:05.000
no
"""
    assert [row[:3] for row in rows("subtitles", text.replace("~", " "))] == [
        ("small", 1.0, 1.4),
        ("left", 1.4, 2.0),
        ("nodule", 2.01, 2.7),
        ("no", 2.7, 3.0),
        ("no", 3.0, 4.0),
        ("no", 4.0, 5.0),
    ]


def test_words_that_whisper_highlights(rows):
    lines = ["<u>Small</u> nodule.", "Small nodule.", "Small <u>nodule.</u>", "<u>No.</u>"]
    cues = [f"{n}\n00:00:0{n},000 --> 00:00:0{n},500\n{line}\n" for n, line in enumerate(lines)]
    assert [row[:3] for row in rows("subtitles", "\n".join(cues))] == [
        ("Small", 0.0, 0.5),
        ("nodule.", 2.0, 2.5),
        ("No.", 3.0, 3.5),
    ]
    emphasis = "1\n00:00:01,000 --> 00:00:02,000\nA <u>small</u> mass.\n\n"
    assert rows("subtitles", emphasis + emphasis.replace("small", "large"))[0][0] == "A small mass."


def test_a_file_without_cues(rows):
    with pytest.raises(ManifestError, match="no cue in it") as raised:
        rows("subtitles", "WEBVTT\n\neffusion\n")
    assert "effusion" not in str(raised.value)


def test_otter_names_who_speaks_where_a_turn_begins(rows):
    said = ["Speaker 1: No nodule.", "Impression: clear.", "Unknown Speaker: Thanks."]
    cues = [f"{n}\n00:00:0{n},000 --> 00:00:0{n},900\n{text}\n" for n, text in enumerate(said, 1)]
    assert [(row[0], row[3]) for row in rows("subtitles", "\n".join(cues))] == [
        ("No nodule.", "Speaker 1"),
        ("Impression: clear.", "Speaker 1"),
        ("Thanks.", "Unknown Speaker"),
    ]


def test_lines_that_roll_up_without_times_of_words_are_said_once(rows):
    """As yt-dlp makes SRT of YouTube's automatic captions; what is said twice stays."""
    shown = [
        ("0,160", "2,869", "No nodule."),
        ("2,869", "2,879", "No nodule."),
        ("2,879", "5,000", "No nodule.\nClear."),
        ("5,000", "5,010", "Clear."),
        ("5,010", "7,000", "Clear.\nNo effusion."),
    ]
    cues = [f"{n}\n00:00:0{a} --> 00:00:0{b}\n{text}\n" for n, (a, b, text) in enumerate(shown, 1)]
    assert [row[:3] for row in rows("subtitles", "\n".join(cues))] == [
        ("No nodule.", 0.16, pytest.approx(2.869)),
        ("Clear.", 2.879, 5.0),
        ("No effusion.", 5.01, 7.0),
    ]
    assert len(rows("subtitles", "\n".join(cues[:2]))) == 2
