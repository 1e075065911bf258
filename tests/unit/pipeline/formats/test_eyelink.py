import pytest

from gazescribe.pipeline.core.errors import ManifestError
from gazescribe.pipeline.formats.eyelink import read

HEAD = """** CONVERTED FROM 990001.edf using edfapi 4.2.1
** TYPE: EDF_FILE BINARY EVENT SAMPLE TAGGED
MSG	90 DISPLAY_COORDS 0 0 1919 1079
MSG	100 TRIALID S99_1
"""
BINOCULAR = """START	101 	LEFT	RIGHT	SAMPLES	EVENTS
EVENTS	GAZE	LEFT	RIGHT	RATE	 500.00	TRACKING	CR	FILTER	2
SAMPLES	GAZE	LEFT	RIGHT	RATE	 500.00	TRACKING	CR	FILTER	2
SFIX L   102
SFIX R   102
102	  500.0	  400.0	  900.0	  510.0	  402.0	  910.0	.....
104	   .	   .	    0.0	  511.0	  403.0	  910.0	C....
SBLINK R 106
106	   .	   .	    0.0	  600.0	  900.0	   20.0	C.C..
EBLINK R 106	106	2
EFIX R   102	110	10	  511.0	  402.5	    910	  36.10	  35.80
EFIX L   102	102	2	  500.0	  400.0	    900	  36.10	  35.80
MSG	111 !V TRIAL_VAR trial 7
MSG	111 !V IMGLOAD CENTER images/img a.png 960 540
END	112 	SAMPLES	EVENTS	RES	  35.00	  34.00
"""
MONOCULAR = """MSG	200 TRIALID S99_2
START	201 	RIGHT	SAMPLES	EVENTS
EVENTS	GAZE	RIGHT	RATE	2000.00	TRACKING	CR	FILTER	2
SAMPLES	GAZE	RIGHT	VEL	RES	HTARGET	RATE	2000.00	TRACKING	CR	FILTER	2
202	  700.0	  300.0	  900.0	 1.0	 2.0	36	36	... 	4717	2908	611 .............
202	  701.0	  300.0	  900.0	 1.0	 2.0	36	36	... 	4717	2908	611 .............
EFIX R   202	202	1	   .	   .	    900
MSG	203 AUDIO_ON
END	204 	SAMPLES	EVENTS	RES	  35.50	  35.25
"""


@pytest.fixture
def recording(tmp_path):
    path = tmp_path / "S99.asc"
    path.write_text(HEAD + BINOCULAR + MONOCULAR)
    return path


def test_fixations_last_until_behind_their_last_sample(recording, rows_of):
    right, _, lost = rows_of(read, recording, "fixations")
    assert (right["eye"], right["start"], right["duration"]) == ("R", "102", "10")
    assert (right["x"], right["y"]) == ("511.0", "402.5")
    assert lost["x"] == "."


def test_of_two_eyes_the_one_that_fixates_longer_is_used(recording, rows_of):
    assert [row["used_eye"] for row in rows_of(read, recording, "fixations")] == [True, False, True]


def test_a_fixation_with_a_blink_says_so(recording, rows_of):
    assert [row["blink"] for row in rows_of(read, recording, "fixations")] == [True, False, False]


def test_resolution_is_that_of_the_fixation_or_else_of_its_block(recording, rows_of):
    right, _, lost = rows_of(read, recording, "fixations")
    assert (right["px_per_deg_x"], right["px_per_deg_y"]) == ("36.10", "35.80")
    assert (lost["px_per_deg_x"], lost["px_per_deg_y"]) == ("35.50", "35.25")


def test_trials_have_what_is_said_of_them_wherever_it_stands(recording, rows_of):
    first, _, second = rows_of(read, recording, "fixations")
    assert (first["trial"], first["trial_var"], first["image"]) == (
        "S99_1",
        "7",
        "images/img a.png",
    )
    assert (second["trial"], second["trial_var"], second["image"]) == ("S99_2", "", "")
    assert (first["screen_width"], first["screen_height"]) == (1920, 1080)


def test_samples_are_the_mean_of_the_eyes_that_are_seen(recording, rows_of):
    rows = rows_of(read, recording, "samples")
    assert [(row["time"], row["x"], row["y"]) for row in rows] == [
        ("102", 505.0, 401.0),
        ("104", "511.0", "403.0"),
        ("106", "", ""),  # within a blink
        ("202", "700.0", "300.0"),
        (202.5, "701.0", "300.0"),  # 2 kHz
    ]
    assert (rows[0]["x_left"], rows[0]["x_right"], rows[1]["x_left"]) == ("500.0", "510.0", "")


def test_messages_keep_their_times(recording, rows_of):
    row = rows_of(read, recording, "messages")[-1]
    assert (row["time"], row["text"], row["trial"], row["block"]) == ("203", "AUDIO_ON", "S99_2", 2)


def test_without_names_each_block_is_a_trial(tmp_path, rows_of):
    path = tmp_path / "a.asc"
    text = HEAD.replace("TRIALID", "BEGIN") + BINOCULAR + "MSG	150 !V IMGLOAD FILL b.png\n"
    path.write_text(text + MONOCULAR.replace("TRIALID", "BEGIN"))
    rows = rows_of(read, path, "fixations")
    assert [row["trial"] for row in rows] == ["1", "1", "2"]
    assert [row["image"] for row in rows] == ["images/img a.png"] * 2 + ["b.png"]


def test_a_fixation_is_of_the_trial_in_which_it_began(tmp_path, rows_of):
    path = tmp_path / "a.asc"
    path.write_text(HEAD + BINOCULAR.replace("EFIX R", "MSG	109 TRIALID S99_9\nEFIX R"))
    assert [row["trial"] for row in rows_of(read, path, "fixations")] == ["S99_1", "S99_1"]


def test_pixels_count_from_the_corner_of_the_screen(tmp_path, rows_of):
    path = tmp_path / "a.asc"
    path.write_text(HEAD.replace("0 0 1919 1079", "-960 -540 959 539") + MONOCULAR)
    row = rows_of(read, path, "samples")[0]
    assert (row["x"], row["y"], row["screen_width"]) == (1660.0, 840.0, 1920)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("SR_RESEARCH\x00\x01", "binary form"),
        ("MSG	1 hello\n", "no recording in it"),
        (HEAD + BINOCULAR.replace("GAZE", "HREF"), "its events are HREF"),
        (
            HEAD + BINOCULAR + "EFIX R   102	110	10	  511.0\n",
            "line 20 is not as EyeLink writes",
        ),
    ],
)
def test_files_that_cannot_be_read(tmp_path, text, message, rows_of):
    path = tmp_path / "a.asc"
    path.write_text(text)
    with pytest.raises(ManifestError, match=message):
        rows_of(read, path, "fixations")


def test_a_file_from_which_the_lines_above_were_cut(tmp_path, rows_of):
    path = tmp_path / "a.asc"
    path.write_text(
        "EFIX R   102	110	10	  511.0	  402.5	    910\n7	1.0	2.0	900.0	...\n"
    )
    assert [row["used_eye"] for row in rows_of(read, path, "fixations")] == [True]
    assert [row["x"] for row in rows_of(read, path, "samples")] == ["1.0"]
    path.write_text("7	1.0	2.0	900.0	1.0	2.0	...\n")
    with pytest.raises(ManifestError, match="no line SAMPLES says what these 5 numbers are"):
        rows_of(read, path, "samples")
