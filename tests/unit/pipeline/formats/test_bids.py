import gzip
import json

import pytest

from gazescribe.pipeline.core.errors import ManifestError
from gazescribe.pipeline.formats.bids import read, sidecar

NAME = "sub-99_ses-1_task-read_recording-eye1"
PHYSIO = {
    "Columns": ["timestamp", "x_coordinate", "y_coordinate", "pupil_size"],
    "PhysioType": "eyetrack",
    "SamplingFrequency": 500,
    "StartTime": 2,
    "timestamp": {"Units": "ms"},
    "x_coordinate": {"Units": "pixel"},
    "y_coordinate": {"Units": "pixel"},
}
EVENTS = {"Columns": ["onset", "duration", "trial_type", "blink", "message"]}
SCREEN = {"StimulusPresentation": {"ScreenResolution": [1920, 1080], "ScreenSize": [0.48, 0.27]}}
SAMPLES = "1000\t500\t400\t9\n1002\t502\t402\t9\n1004\tn/a\tn/a\t0\n1006\t900\t400\t9\n"
SPANS = "1000\t3\tfixation\t0\tn/a\n1003\t2\tsaccade\t1\tn/a\n1004\tn/a\tn/a\tn/a\tAUDIO_ON\n"


class Dataset:
    def __init__(self, folder):
        self.folder = folder
        self.data = folder / "sub-99" / "ses-1" / "beh"
        self.data.mkdir(parents=True)
        self.physio = dict(PHYSIO)
        self.samples, self.events = SAMPLES, SPANS

    def write(self, ending=".tsv.gz"):
        """Write all; most is said at the top, and what is more special below."""
        tops = {"physio": self.physio, "physioevents": EVENTS, "events": SCREEN}
        for suffix, facts in tops.items():
            (self.folder / f"task-read_{suffix}.json").write_text(json.dumps(facts))
        pack = gzip.compress if ending.endswith("gz") else bytes
        for suffix, text in (("physio", self.samples), ("physioevents", self.events)):
            (self.data / f"{NAME}_{suffix}{ending}").write_bytes(pack(text.encode()))
        return self.data / f"{NAME}_physio{ending}"


@pytest.fixture
def dataset(tmp_path):
    return Dataset(tmp_path)


def events_of(path):
    return path.with_name(path.name.replace("_physio.", "_physioevents."))


def test_samples_by_what_a_file_above_says(dataset, rows_of):
    rows = rows_of(read, dataset.write(), "samples")
    assert [(row["time"], row["x"], row["y"]) for row in rows] == [
        (1000, 500, 400),
        (1002, 502, 402),
        (1004, "", ""),
        (1006, 900, 400),
    ]
    assert (rows[0]["screen_width"], rows[0]["pupil_size"]) == (1920, "9")


def test_a_fixation_is_where_its_samples_are(dataset, rows_of):
    (row,) = rows_of(read, events_of(dataset.write()), "fixations")
    assert (row["start"], row["duration"], row["x"], row["y"]) == (1000, 3, 501, 401)
    (said,) = rows_of(read, events_of(dataset.write()), "messages")
    assert (said["time"], said["text"]) == (1004, "AUDIO_ON")


def test_events_without_samples_have_no_place(dataset, rows_of):
    dataset.samples = ""
    (row,) = rows_of(read, events_of(dataset.write()), "fixations")
    assert (row["start"], row["x"]) == (1000, "")


def test_durations_may_have_a_unit_of_their_own(dataset, rows_of):
    dataset.events = "1000\t0.003\tfixation\t0\tn/a\n"
    path = events_of(dataset.write())
    sidecar_path = path.with_name(path.name.replace(".tsv.gz", ".json"))
    sidecar_path.write_text('{"duration": {"Units": "s"}}')
    (row,) = rows_of(read, path, "fixations")
    assert (row["start"], row["duration"], row["x"]) == (1000, 3, 501)


def test_without_timestamps_the_frequency_counts(dataset, rows_of):
    dataset.physio["Columns"] = ["x_coordinate", "y_coordinate"]
    dataset.samples = "500\t400\n502\t402\n"
    rows = rows_of(read, dataset.write(), "samples")
    assert [row["time"] for row in rows] == [2000, 2002]


def test_names_in_the_first_row(dataset, rows_of):
    dataset.physio.pop("Columns")
    dataset.samples = "timestamp\teye1_x_coordinate\teye1_y_coordinate\teye2_x_coordinate\t"
    dataset.samples += "eye2_y_coordinate\n5\t100\t50\t110\t60\n7\tn/a\tn/a\t110\t60\n"
    rows = rows_of(read, dataset.write(".tsv"), "samples")
    assert [(row["x"], row["y"]) for row in rows] == [(105, 55), (110, 60)]


def test_units_of_positions_and_times(dataset, rows_of):
    dataset.physio |= {"timestamp": {"Units": "s"}, "SampleCoordinateUnits": "mm"}
    dataset.physio |= {"x_coordinate": {}, "y_coordinate": {}}
    dataset.samples = "1.5\t240\t135\t9\n"
    (row,) = rows_of(read, dataset.write(), "samples")
    assert (row["time"], row["x"], row["y"]) == (1500, pytest.approx(960), pytest.approx(540))
    dataset.physio["SampleCoordinateUnits"] = "degrees"
    (row,) = rows_of(read, dataset.write(), "samples")
    assert row["x_deg"] == 240
    assert "x" not in row
    dataset.physio["SampleCoordinateSystem"] = "custom"
    (row,) = rows_of(read, dataset.write(), "samples")
    assert row["x_custom"] == 240


def test_the_nearest_sidecar_wins_and_others_tasks_do_not_count(dataset):
    path = dataset.write()
    (dataset.data / f"{NAME}_physio.json").write_text('{"SamplingFrequency": 1000}')
    (dataset.folder / "task-other_physio.json").write_text('{"StartTime": 77}')
    (dataset.folder / "sub-99" / "sub-99_physio.json").write_text('{"StartTime": 3}')
    facts = sidecar(path)
    assert (facts["SamplingFrequency"], facts["StartTime"]) == (1000, 3)


@pytest.mark.parametrize(
    ("changes", "samples", "message"),
    [
        ({"Columns": []}, SAMPLES, "no JSON file says its Columns"),
        ({"Columns": ["timestamp", "a", "b", "c"]}, SAMPLES, "no column x_coordinate"),
        ({"SampleCoordinateSystem": "gaze-in-world"}, SAMPLES, "gaze-in-world, not on the screen"),
        ({}, "1\t2\t3\n", "row 1 has 3 cells, and 4 columns"),
    ],
)
def test_recordings_that_cannot_be_read(dataset, rows_of, changes, samples, message):
    dataset.physio |= changes
    dataset.samples = samples
    path = dataset.write()
    with pytest.raises(ManifestError, match=message):
        rows_of(read, path, "samples")


def test_the_other_file_is_named(dataset, rows_of):
    path = dataset.write()
    with pytest.raises(ManifestError, match=r"ends with _physio\."):
        rows_of(read, events_of(path), "samples")
    with pytest.raises(ManifestError, match=r"ends with _physioevents\."):
        rows_of(read, path, "fixations")
