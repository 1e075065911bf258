from pathlib import Path

import pytest

from gazescribe.pipeline.core.errors import ManifestError
from gazescribe.pipeline.formats.tobii import read

FILES = Path(__file__).parent / "files"
PRO_LAB, STUDIO, STUDIO_2 = (
    (FILES / f"tobii_{name}.tsv").read_text() for name in ("pro_lab", "studio_3", "studio_2")
)


@pytest.fixture
def export(tmp_path):
    path = tmp_path / "a.tsv"

    def written(text, encoding="utf-8-sig"):
        path.write_bytes(text.replace("\n", "\r\n").encode(encoding))
        return path

    return written


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_rows_of_a_fixation_become_one(export, rows_of, encoding):
    rows = rows_of(read, export(PRO_LAB, encoding), "fixations")
    found = [(row["recording"], row["start"], row["duration"], row["x"]) for row in rows]
    # The first began before the image came up: each part lasts as long as it was there.
    assert found == [
        ("Rec1", 100.0, 8.0, "701.5"),
        ("Rec1", 108.0, 16.5, "701.5"),
        ("Rec1", 132.0, 8.0, "900"),
        ("Rec2", 50.0, 8.0, "800"),  # the same number, of somebody else
    ]
    assert [row["stimulus"] for row in rows] == ["", "img_a", "img_a", "img_a"]
    assert (rows[1]["x_media"], rows[1]["x_share"]) == (241.5, 0.2415)
    assert (rows[1]["screen_width"], rows[1]["Presented Stimulus name"]) == ("1920", "img_a")


def test_samples_are_those_of_the_tracker(export, rows_of):
    rows = rows_of(read, export(PRO_LAB), "samples")
    assert [row["time"] for row in rows] == [100, 108, 116, 124, 132, 50]
    assert [row["valid"] for row in rows] == ["1", "1", "1", "0", "1", "1"]
    assert (rows[3]["x"], rows[4]["x"]) == ("", "900")


def test_events(export, rows_of):
    rows = rows_of(read, export(PRO_LAB), "messages")
    assert [(row["time"], row["text"]) for row in rows] == [
        (0, "RecordingStart"),
        (112, "KeyboardEvent Space"),
    ]


def test_columns_without_units_are_microseconds_where_milliseconds_cannot_be(export, rows_of):
    text = "Recording timestamp\tSensor\tEye movement type\tGaze event duration\t"
    text += "Eye movement type index\tFixation point X\tFixation point Y\n"
    text += "".join(
        f"{8333 * n}\tEye Tracker\tFixation\t25\t{n // 3}\t400\t300\n" for n in range(6)
    )
    rows = rows_of(read, export(text), "fixations")
    assert [row["start"] for row in rows] == pytest.approx([0, 24.999])
    assert [row["duration"] for row in rows] == pytest.approx([25, 25])


def test_studio_says_where_on_the_image(export, rows_of):
    first, second = rows_of(read, export(STUDIO), "fixations")
    assert (first["start"], first["duration"]) == (10, 16)
    assert (first["x_media"], first["x"], first["x_share"]) == ("200", 660.0, 0.2)
    assert (first["screen_width"], first["media_width"]) == ("1920", "1000")
    assert (second["stimulus"], second["x_media"], second["x"]) == ("", "", 700.0)
    valid = [row["valid"] for row in rows_of(read, export(STUDIO), "samples")]
    assert valid == ["1", "0", "0"]  # codes from 0, sure, to 4


def test_studio_2_with_lines_above_the_table_and_decimal_commas(export, rows_of):
    before, shown = rows_of(read, export(STUDIO_2, "cp1252"), "fixations")
    assert (before["stimulus"], before["start"], before["duration"]) == ("", 1, 20)
    assert (shown["stimulus"], shown["start"], shown["duration"]) == ("img.jpg", 21, 39)
    assert (shown["x_media"], shown["x"]) == ("456", 496.0)
    rows = rows_of(read, export(STUDIO_2, "cp1252"), "samples")
    assert [(row["x"], row["valid"]) for row in rows][1:] == [
        ("421", "1"),
        ("421", "1"),
        ("-1", "0"),
    ]


def test_both_eyes_where_their_mean_is_not_exported(export, rows_of):
    text = "Recording timestamp [ms]\tSensor\tGaze point left X [DACS px]\t"
    text += "Gaze point left Y [DACS px]\tGaze point right X [DACS px]\t"
    text += "Gaze point right Y [DACS px]\tValidity left\tValidity right\n"
    text += "0\tEye Tracker\t100,5\t50\t200\t60\tValid\tValid\n"
    text += "8\tEye Tracker\t100\t50\t0\t0\tValid\tInvalid\n"
    rows = rows_of(read, export(text), "samples")
    assert [(row["x"], row["y"]) for row in rows] == [(150.25, 55.0), (100.0, 50.0)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a\tb\n1\t2\n", "this is not an export of Tobii's"),
        ("Recording timestamp\tSensor\n1\tGyroscope\n", "Tobii Glasses"),
        ("Recording timestamp\tValidity left\n1\tValid\n", "no fixations"),
        ("Recording timestamp\tEye movement type\n1\tFixation\t7\n", "row 2 has 3 cells"),
    ],
)
def test_files_that_cannot_be_read(export, rows_of, text, message):
    if "Gyro" in text:
        text = text.replace("Sensor", "Sensor\tEye movement type").replace(
            "scope", "scope\tFixation"
        )
    with pytest.raises(ManifestError, match=message):
        rows_of(read, export(text), "fixations")
