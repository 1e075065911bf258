import pytest

from gazescribe.pipeline.core.errors import ManifestError
from gazescribe.pipeline.formats.smi import read

EVENTS = """\
[BeGaze]
Converted from:\tC:\\99.idf
Version:\tBeGaze 3.7
Subject:\tP99

Table Header for Fixations:
Event Type\tTrial\tNumber\tStart\tEnd\tDuration\tLocation X\tLocation Y\tDispersion X\tPlane

Table Header for Blinks:
Event Type\tTrial\tNumber\tStart\tEnd\tDuration

Table Header for User Events:
Event Type\tTrial\tNumber\tStart\tDescription

UserEvent\t1\t1\t1000000\t# Message: img_a.png
Fixation L\t1\t1\t1100000\t1300000\t200000\t400.5\t300.25\t5\t-1
Fixation R\t1\t1\t1100000\t1350000\t250000\t404.5\t301.25\t5\t-1
Blink L\t1\t1\t1300000\t1400000\t100000
UserEvent\t2\t2\t2000000\t# Message: img_b.png
UserEvent\t2\t3\t2100000\t# Message: AUDIO_ON
Fixation R\t2\t2\t2200000\t2400000\t200000\t500\t200\t5\t-1
"""
SAMPLES = """\
## [iView]
## Subject:\tP99
## Calibration Area:\t1680\t1050
## Format:\tPOR, MSG
##
Time\tType\tTrial\tL POR X [px]\tL POR Y [px]\tR POR X [px]\
\tR POR Y [px]\tL Event Info\tR Event Info
1000000\tMSG\t1\t# Message: img_a.png
1004000\tSMP\t1\t400.00\t300.00\t410.00\t302.00\tFixation\tFixation
1008000\tSMP\t1\t402.00\t300.00\t0.00\t0.00\tFixation\tBlink
1012000\tSMP\t1\t900.00\t300.00\t0.00\t0.00\tSaccade\tBlink
1016000\tMSG\t1\t# Message: AUDIO_ON
1020000\tSMP\t1\t500.00\t200.00\t0.00\t0.00\tFixation\tBlink
1024000\tSMP\t1\t500.00\t202.00\t0.00\t0.00\tFixation\tBlink
"""
STATISTICS = """\
Stimulus;Participant;Category;Eye L/R;Index;Event Start Trial Time [ms];Event End Trial Time [ms];\
Event Duration [ms];Fixation Position X [px];Fixation Position Y [px]
img_a.png;P99;Fixation;Right;1;100,5;300,5;200,0;400,5;300,2
img_a.png;P99;Saccade;Right;1;300,5;340,5;40,0;-;-
img_a.png;P99;Visual Intake;Right;2;340,5;540,5;200,0;500,0;200,0
img_a.png;P98;Fixation;Left;1;0,0;90,0;90,0;10,0;20,0
"""
RAW = """\
RecordingTime [ms],Trial,Stimulus,Participant,Category Right,Category Left,Index Right,Index Left,\
Point of Regard Right X [px],Point of Regard Right Y [px],Point of Regard Left X [px],\
Point of Regard Left Y [px]
10,T1,img_a.png,P99,Fixation,-,1,-,100,50,-,-
14,T1,img_a.png,P99,Fixation,-,1,-,102,52,-,-
18,T1,img_a.png,P99,Fixation,-,2,-,300,60,-,-
22,T1,img_a.png,P99,Saccade,-,-,-,400,60,-,-
"""


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "a.txt"

    def written(content):
        path.write_text(content)
        return path

    return written


def spans(rows):
    return [(row["eye"], row["start"], row["duration"], row["x"]) for row in rows]


def test_events_of_several_kinds_in_one_text(text, rows_of):
    rows = rows_of(read, text(EVENTS), "fixations")
    assert spans(rows) == [
        ("L", 1100, 200, "400.5"),
        ("R", 1100, 250, "404.5"),
        ("R", 2200, 200, "500"),
    ]
    assert [row["used_eye"] for row in rows] == [False, True, True]
    assert [row["stimulus"] for row in rows] == ["img_a.png", "img_a.png", "img_b.png"]
    assert (rows[2]["trial"], rows[2]["participant"]) == ("2", "P99")
    said = rows_of(read, text(EVENTS), "messages")
    assert (said[-1]["time"], said[-1]["text"]) == (2100, "AUDIO_ON")


def test_samples_between_messages(text, rows_of):
    rows = rows_of(read, text(SAMPLES), "samples")
    assert [(row["time"], row["x"]) for row in rows] == [
        (1004, 405.0),
        (1008, 402.0),  # the right eye is lost
        (1012, 900.0),
        (1020, 500.0),
        (1024, 500.0),
    ]
    assert (rows[0]["stimulus"], rows[0]["screen_width"]) == ("img_a.png", "1680")
    assert [row["text"] for row in rows_of(read, text(SAMPLES), "messages")] == [
        "img_a.png",
        "AUDIO_ON",
    ]


def test_samples_that_say_their_event_are_joined(text, rows_of):
    rows = [row for row in rows_of(read, text(SAMPLES), "fixations") if row["eye"] == "L"]
    assert spans(rows) == [("L", 1004, 8, 401.0), ("L", 1020, 4, 500.0)]
    rows = [row for row in rows_of(read, text(RAW), "fixations") if row["eye"] == "R"]
    assert spans(rows) == [("R", 10, 8, 101.0), ("R", 18, 4, 300.0)]


def test_statistics_of_events_with_decimal_commas(text, rows_of):
    rows = rows_of(read, text(STATISTICS), "fixations")
    assert spans(rows) == [
        ("R", 100.5, 200, "400.5"),
        ("R", 340.5, 200, "500.0"),
        ("L", 0, 90, "10.0"),
    ]
    assert [row["used_eye"] for row in rows] == [True, True, True]  # of each participant


@pytest.mark.parametrize(
    ("content", "table", "message"),
    [
        (EVENTS, "samples", "no samples in it"),
        (STATISTICS, "samples", "no samples in it"),
        (SAMPLES.replace("Fixation", "-"), "fixations", "no fixation in it"),
        ("a,b\n1,2\n", "fixations", "not a text of SMI's"),
    ],
)
def test_texts_without_what_is_asked_for(text, rows_of, content, table, message):
    with pytest.raises(ManifestError, match=message):
        rows_of(read, text(content), table)
