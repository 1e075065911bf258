import pytest

from gazescribe.pipeline.core.errors import ManifestError
from gazescribe.pipeline.formats.gazepoint import read

GAZE = """\
MEDIA_ID,MEDIA_NAME,CNT,TIME(2031/01/02 03:04:05.678),TIMETICK(f=10000000),FPOGX,FPOGY,FPOGS,FPOGD,\
FPOGID,FPOGV,BPOGX,BPOGY,BPOGV,LPOGX,LPOGY,LPOGV,RPOGX,RPOGY,RPOGV,USER,
0,img_a.png,1,0.10,1,0.40,0.30,0.05,0.05,1,1,0.41,0.31,1,0.4,0.3,1,0.42,0.32,1,,
0,img_a.png,2,0.12,1,0.41,0.30,0.05,0.07,1,1,0.42,0.31,1,0.4,0.3,1,0.44,0.32,1,START,
0,img_a.png,3,0.14,1,0.41,0.30,0.05,0.07,1,0,0.90,0.90,0,0.0,0.0,0,0.50,0.50,1,START,
0,img_a.png,4,0.20,1,0.60,0.50,0.16,0.04,2,1,0.60,0.50,1,0.6,0.5,1,0.60,0.50,1,,
1,img_b.png,5,0.24,1,0.62,0.50,0.16,0.08,2,1,0.62,0.50,1,0.6,0.5,1,0.64,0.50,1,,
"""
BARE = """\
TIME,TIMETICK,FPOGX,FPOGY,FPOGD,FPOGV,
0.05,1,0.4,0.3,0.05,1,
0.07,1,0.5,0.3,0.07,1,
0.20,1,0.6,0.5,0.08,1,
"""


@pytest.fixture
def export(tmp_path):
    path = tmp_path / "User 99_all_gaze.csv"

    def written(content):
        path.write_text(content)
        return path

    return written


def spans(rows):
    return [(row["media"], row["start"], pytest.approx(row["duration"]), row["x"]) for row in rows]


def test_the_last_valid_row_of_a_fixation_counts(export, rows_of):
    rows = rows_of(read, export(GAZE), "fixations")
    assert spans(rows) == [
        ("img_a.png", 0.05, 0.07, "0.41"),
        ("img_a.png", 0.16, 0.04, "0.60"),
        ("img_b.png", 0.20, 0.04, "0.62"),  # the rest of it, before the second image
    ]
    assert rows[2]["MEDIA_ID"] == "1"


def test_without_a_beginning_and_a_number_the_duration_tells(export, rows_of):
    rows = rows_of(read, export(BARE), "fixations")
    assert [(row["start"], row["x"]) for row in rows] == [
        (pytest.approx(0), "0.5"),
        (pytest.approx(0.12), "0.6"),
    ]


def test_samples_are_the_best_point_or_the_mean_of_both_eyes(export, rows_of):
    rows = rows_of(read, export(GAZE), "samples")
    assert [(row["time"], row["x"], row["valid"]) for row in rows] == [
        (0.10, "0.41", "1"),
        (0.12, "0.42", "1"),
        (0.14, 0.5, "1"),  # the right eye alone
        (0.20, "0.60", "1"),
        (0.24, "0.62", "1"),
    ]


def test_markers_that_were_sent(export, rows_of):
    assert [(row["time"], row["text"]) for row in rows_of(read, export(GAZE), "messages")] == [
        (0.12, "START")
    ]


@pytest.mark.parametrize(
    ("content", "table", "message"),
    [
        (BARE, "samples", "no column BPOGX, BPOGY"),
        (BARE.replace("FPOGD", "X"), "fixations", "no column FPOGD"),
        ("a,b\n", "fixations", "not an export of Gazepoint's"),
    ],
)
def test_exports_without_what_is_asked_for(export, rows_of, content, table, message):
    with pytest.raises(ManifestError, match=message):
        rows_of(read, export(content), table)
