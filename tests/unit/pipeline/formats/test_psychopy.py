import h5py
import numpy as np
import pytest

from gazescribe.pipeline.core.errors import ManifestError
from gazescribe.pipeline.formats.psychopy import read

SAMPLES = [  # session_id, time, left x and y, right x and y, status
    (1, 10.0, -100.0, 50.0, -90.0, 60.0, 0),
    (1, 10.01, -100.0, 50.0, 0.0, 0.0, 2),
    (2, 20.0, 0.0, 0.0, -90.0, 60.0, 20),
    (2, 20.01, 0.0, 0.0, 0.0, 0.0, 22),
]
NAMES = (
    "session_id",
    "time",
    "left_gaze_x",
    "left_gaze_y",
    "right_gaze_x",
    "right_gaze_y",
    "status",
)
FIXATIONS = [(1, 10.5, 22, 0.25, -95.0, 55.0)]


def table(rows, names, kinds):
    return np.array(rows, dtype=list(zip(names, kinds, strict=True)))


@pytest.fixture
def recording(tmp_path):
    path = tmp_path / "99.hdf5"
    with h5py.File(path, "w") as file:
        events = file.create_group("data_collection/events")
        events["eyetracker/BinocularEyeSampleEvent"] = table(
            SAMPLES, NAMES, ["u2", "f8", "f4", "f4", "f4", "f4", "u1"]
        )
        names = ("session_id", "time", "eye", "duration", "average_gaze_x", "average_gaze_y")
        events["eyetracker/FixationEndEvent"] = table(
            FIXATIONS, names, ["u2", "f8", "u1", "f4", "f4", "f4"]
        )
        events["eyetracker/MonocularEyeSampleEvent"] = table([], ("time",), ["f8"])
        said = [(1, 9.5, b"AUDIO_ON")]
        names = ("session_id", "time", "text")
        events["experiment/MessageEvent"] = table(said, names, ["u2", "f8", "S128"])
        sessions = table([(1, b"P99"), (2, b"P98")], ("session_id", "code"), ["u4", "S24"])
        file["data_collection/session_meta_data"] = sessions
    return path


def test_samples_are_the_mean_of_the_eyes_that_are_seen(recording, rows_of):
    rows = rows_of(read, recording, "samples")
    assert [(row["session"], row["time"], row["x"], row["y"], row["valid"]) for row in rows] == [
        ("P99", "10.0", -95.0, 55.0, "1"),
        ("P99", "10.01", -100.0, 50.0, "1"),
        ("P98", "20.0", -90.0, 60.0, "1"),
        ("P98", "20.01", "", "", "0"),
    ]


def test_fixations_and_messages(recording, rows_of):
    (row,) = rows_of(read, recording, "fixations")
    assert (row["eye"], row["start"], row["duration"], row["x"]) == ("R", 10.25, 0.25, "-95.0")
    (said,) = rows_of(read, recording, "messages")
    assert (said["session"], said["time"], said["text"]) == ("P99", "9.5", "AUDIO_ON")


def test_one_eye_as_csv(tmp_path, rows_of):
    path = tmp_path / "a.csv"
    path.write_text(
        "session_id,time,gaze_x,gaze_y,gaze_z,status\n1,5.0,-10,20,0,0\n1,5.1,0,0,0,2\n"
    )
    rows = rows_of(read, path, "samples")
    assert [(row["x"], row["valid"]) for row in rows] == [(-10.0, "1"), ("", "0")]


def test_a_recording_without_what_is_asked_for(recording, rows_of):
    with h5py.File(recording, "a") as file:
        del file["data_collection/events/eyetracker/FixationEndEvent"]
    with pytest.raises(ManifestError, match="no fixations in it; it holds samples, messages"):
        rows_of(read, recording, "fixations")


def test_what_is_no_hdf5(tmp_path, rows_of):
    path = tmp_path / "a.hdf5"
    path.write_text("time\n")
    with pytest.raises(ManifestError, match="not an HDF5 file"):
        rows_of(read, path, "samples")
