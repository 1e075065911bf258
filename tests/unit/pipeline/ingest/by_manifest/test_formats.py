"""Recordings in the forms of their makers, from a manifest that names the format to our tables."""

import pytest

ASC = """** CONVERTED FROM 99.edf using edfapi 4.2.1
MSG	90 DISPLAY_COORDS 0 0 399 199
MSG	100 TRIALID A1
START	101 	RIGHT	SAMPLES	EVENTS
EVENTS	GAZE	RIGHT	RATE	 500.00	TRACKING	CR	FILTER	2
EFIX R   500	748	250	  120.0	   20.0	    910
END	800 	SAMPLES	EVENTS	RES	  20.00	  10.00
MSG	900 TRIALID B2
START	901 	RIGHT	SAMPLES	EVENTS
EFIX R   1000	1998	1000	  200.0	  100.0	    910
END	2000 	SAMPLES	EVENTS	RES	    .	    .
"""


def refusal(lab):
    result = lab.run()
    assert result.exit_code == 2
    return " ".join(result.output.split())


@pytest.fixture
def eyelink(lab):
    screen = {"monitor": "m", "width_px": 400, "height_px": 200, "tracker": "t", "sampling_hz": 500}
    lab.manifest["screen"] = screen
    del lab.tables["words"]
    columns = {"reading_id": "trial"}
    lab.tables["fixations"] = {"format": "eyelink", "file": "s.asc", "columns": columns}
    lab.files["s.asc"] = ASC
    return lab


def test_trials_of_a_recording_become_readings(eyelink):
    eyelink.ingest()
    # The image of 100 by 80 is fitted into 250 by 200 pixels in the middle of the screen.
    assert eyelink.column("fixations", "x_px") == pytest.approx([(120.5 - 75) / 2.5 - 0.5])
    assert eyelink.column("fixations", "offset_s") == [0.75]
    assert eyelink.column("fixations", "px_per_deg_x") == [8.0]  # 20 pixels of the screen
    assert eyelink.column("fixations", "px_per_deg_x", "B2") == [30.0]  # the manifest's


def test_a_screen_of_another_size_is_refused(eyelink):
    eyelink.manifest["screen"]["width_px"] = 1920
    message = "positions on a screen of 400 by 200 pixels, and the manifest says 1920 by 200"
    assert message in refusal(eyelink)


def test_a_file_of_another_format_is_named(eyelink):
    eyelink.tables["fixations"]["file"] = "s.json"
    eyelink.files["s.json"] = '{"segments": []}'
    assert "looks like `format: whisper`" in refusal(eyelink)


def test_a_recording_names_the_readings_itself(eyelink):
    del eyelink.files["readings.csv"]
    columns = {"reading_id": "trial", "dicom_id": "image"}
    columns |= {"width_px": 100, "height_px": 80}
    eyelink.tables["readings"] = {"format": "eyelink", "file": "s.asc", "columns": columns}
    eyelink.files["s.asc"] = ASC.replace(
        "END	800", "MSG	799 !V IMGLOAD FILL a.png\nEND	800"
    )
    eyelink.ingest()
    assert eyelink.column("readings", "dicom_id") == ["a.png"]
    assert eyelink.column("readings", "dicom_id", "B2") == ["B2"]


def test_messages_cut_a_recording_and_say_when_the_audio_began(eyelink):
    eyelink.tables["fixations"] = {"format": "eyelink", "file": "{session}.asc"}
    eyelink.tables["messages"] = {"format": "eyelink", "file": "{session}.asc"}
    columns = {"reading_id": "trial", "audio_start": {"message": "AUDIO_ON"}}
    eyelink.tables["trials"] = {"start": "TRIALID {trial}", "columns": columns}
    eyelink.files["s.asc"] = ASC.replace("EFIX R   500", "MSG	300 AUDIO_ON\nEFIX R   500")
    eyelink.ingest()
    assert eyelink.column("fixations", "onset_s") == pytest.approx([0.2])
    assert eyelink.column("fixations", "onset_s", "B2") == pytest.approx([0.1])


def test_gaze_on_two_images_is_no_reading(eyelink):
    named = ASC.replace("START	101", "MSG	100 !V IMGLOAD FILL a.png\nSTART	101")
    eyelink.files["A1.asc"] = named.replace(
        "START	901", "MSG	900 !V IMGLOAD FILL b.png\nSTART	901"
    )
    eyelink.tables["fixations"] = {"format": "eyelink", "file": "{reading_id}.asc"}
    result = eyelink.run("verify")
    assert "there are several values of image (a.png, b.png)" in " ".join(result.output.split())
