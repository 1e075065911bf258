"""Thirty usual mistakes in a manifest: each names its line or file, and what may stand there."""

import pytest

from tests.running import invoke

MANIFEST = """\
name: mylab
screen: {width_px: 1920, height_px: 1080, width_mm: 531, height_mm: 299, distance_mm: 650}
tables:
  readings:
    file: readings.csv
    columns:
      reading_id: trial
      subject_id: patient
      dicom_id: image
      width_px: columns
      height_px: rows
  fixations:
    file: "gaze/{reading_id}.tsv"
    where: {event: fixation}
    columns:
      onset_s: {column: start, unit: ms}
      duration_s: {column: length, unit: ms}
      x_px: {column: x, unit: screen_px}
      y_px: {column: y, unit: screen_px}
  words:
    file: dictation.csv
    columns:
      reading_id: trial
      text: word
      onset_s: from
      offset_s: to
"""
FILES = {
    "readings.csv": "trial,patient,image,columns,rows\nS1,99000001,a,2048,2048\n",
    "dictation.csv": "trial,word,from,to\nS1,Small effusion.,0.1,0.9\n",
    "gaze/S1.tsv": (
        "event\tstart\tlength\tx\ty\nfixation\t200\t450\t700\t800\n"
        "saccade\t650\t40\t760\t790\nfixation\t690\t600\t1180\t820\n"
    ),
}
SPOKEN = "effusion"


@pytest.fixture
def verify(tmp_path):
    for name, text in FILES.items():
        path = tmp_path / "raw" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def run(old="", new=""):
        assert old in MANIFEST
        (tmp_path / "mylab.yaml").write_text(MANIFEST.replace(old, new, 1))
        return invoke("verify", tmp_path / "mylab.yaml", tmp_path / "raw")

    return run


def test_without_a_mistake(verify):
    result = verify()
    assert "nothing is lost" in result.output
    assert result.exit_code == 0


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        pytest.param("  readings:", "\treadings:", "line 4: it begins with a tab", id="tab"),
        pytest.param(
            "file: dictation.csv",
            "file dictation.csv",
            "line 21: file dictation.csv has no colon",
            id="colon",
        ),
        pytest.param(
            '"gaze/{reading_id}.tsv"',
            "{reading_id}.tsv",
            "line 13: {reading_id}.tsv must stand in quotes",
            id="quotes",
        ),
        pytest.param(
            "      text: word",
            "     text: word",
            "line 24: it is indented otherwise",
            id="indented",
        ),
        pytest.param(
            "      text: word\n",
            "      text: word\n      text: word\n",
            "line 25: 'text' stands in line 24, too",
            id="twice",
        ),
        pytest.param(
            "  words:",
            "  word:",
            "line 20: tables.word is unknown; the nearest is words (known: readings, fixations",
            id="table",
        ),
        pytest.param(
            "text: word",
            "word: word",
            "line 24: tables.words.columns.word is unknown (known: reading_id, session, text, ",
            id="our column",
        ),
        pytest.param(
            "screen:",
            "scren:",
            "line 2: scren is unknown; the nearest is screen",
            id="section",
        ),
        pytest.param(
            "unit: ms",
            "unit: msec",
            "line 16: tables.fixations.columns.onset_s.unit: Input should be 's', 'ms'",
            id="unit",
        ),
        pytest.param(
            "unit: screen_px",
            "unit: ms",
            "line 18: tables.fixations.columns.x_px.unit: Input should be 'px', 'share'",
            id="unit of something else",
        ),
        pytest.param(
            "{column: y, unit: screen_px}",
            "{column: y, units: screen_px}",
            "line 19: tables.fixations.columns.y_px.units is unknown; the nearest is unit",
            id="key of a column",
        ),
        pytest.param(
            "{column: y, unit: screen_px}",
            "{column: y, unit: screen_px, up: upwards}",
            "line 19: tables.fixations.columns.y_px.up: Input should be a valid boolean",
            id="yes or no",
        ),
        pytest.param(
            "text: word",
            "text: [word]",
            "line 24: tables.words.columns.text must have keys of its own (column, value",
            id="list",
        ),
        pytest.param(
            "width_px: 1920",
            "width_px: 1920 px",
            "line 2: screen.width_px: Input should be a valid integer",
            id="unit behind a number",
        ),
        pytest.param(
            "width_px: 1920", "width_px: 0", "line 2: screen.width_px must be above 0", id="zero"
        ),
        pytest.param(
            "width_mm: 531, height_mm: 299, distance_mm: 650",
            "height_mm: 299",
            "the size of a degree is not known: give resolution.px_per_deg",
            id="degree",
        ),
        pytest.param(
            MANIFEST.splitlines(keepends=True)[1],
            "",
            "line 17: tables.fixations.columns.x_px is in screen_px, so the section screen",
            id="screen",
        ),
        pytest.param("name: mylab", "name: My Lab", "line 1: name 'My Lab' must be", id="name"),
        pytest.param("name: mylab", "name: egd", "none of reflacx, egd", id="name taken"),
        pytest.param(
            "      reading_id: trial\n      text",
            "      text",
            "line 22: tables.words.columns.reading_id is missing, and file has no {reading_id}",
            id="no id",
        ),
        pytest.param(
            "      reading_id: trial\n      text",
            "      reading_id: word\n      text",
            "line 23: tables.words.columns.reading_id is the column word, which is the text",
            id="text as id",
        ),
        pytest.param(
            "      offset_s: to\n",
            "",
            "line 22: tables.words.columns needs offset_s or duration_s",
            id="no end",
        ),
        pytest.param(
            "      offset_s: to\n",
            "      offset_s: to\n      duration_s: to\n",
            "line 22: tables.words.columns needs offset_s or duration_s, and not both",
            id="two ends",
        ),
        pytest.param(
            "    file: dictation.csv",
            "    file: dictation.csv\n    format: wisper",
            "line 20: tables.words: format 'wisper' is unknown; the nearest is whisper",
            id="format",
        ),
        pytest.param(
            "text: word",
            "text: words",
            "dictation.csv: there is no column words; the nearest is word (there are: trial,"
            " word, from, to): tables.words.columns.text asks for words",
            id="their column",
        ),
        pytest.param(
            "patient", "Patient", "no column Patient; the nearest is patient", id="letters"
        ),
        pytest.param(
            "event: fixation",
            "kind: fixation",
            "(there are: event, start, length, x, y): tables.fixations.where asks for kind",
            id="where, column",
        ),
        pytest.param(
            "event: fixation",
            "event: Fixation",
            "no row is what `where` asks for (event is 'fixation', 'saccade' there)",
            id="where, value",
        ),
        pytest.param(
            "gaze/{reading_id}.tsv",
            "/data/{reading_id}.tsv",
            "line 13: tables.fixations.file '/data/{reading_id}.tsv' must lie below the root",
            id="whole path",
        ),
        pytest.param(
            "gaze/{reading_id}.tsv",
            "raw/gaze/{reading_id}.tsv",
            "which tables.fixations asks for; there is gaze/S1.tsv",
            id="the root in the path",
        ),
        pytest.param(
            "gaze/{reading_id}.tsv",
            "gaze/{reading_id}.csv",
            "which tables.fixations asks for; there is gaze/S1.tsv",
            id="suffix",
        ),
        pytest.param(
            "gaze/{reading_id}.tsv",
            "Gaze/{reading_id}.tsv",
            "which tables.fixations asks for; there is gaze/S1.tsv",
            id="letters of a path",
        ),
        pytest.param(
            "    file: dictation.csv",
            '    file: dictation.csv\n    separator: ";"',
            'set `separator: ","`',
            id="separator",
        ),
        pytest.param(
            "onset_s: {column: start, unit: ms}\n      duration_s: {column: length, unit: ms}",
            "onset_s: start\n      duration_s: length",
            "so set `unit: ms` for duration_s",
            id="milliseconds as seconds",
        ),
    ],
)
def test_a_mistake_is_told_in_one_line(verify, old, new, message):
    result = verify(old, new)
    assert message in result.output
    assert result.exit_code == 2
    assert SPOKEN not in result.output
    assert "nothing of reading" not in result.output  # what follows from a fault is none
