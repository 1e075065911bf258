import json

import pytest

from gazescribe.pipeline.core.errors import GazeError
from gazescribe.pipeline.dictation.reviews.files import read_reviews
from tests.reviews import about, moved, of_reading, review, said, write_review

TEXT = "edema is stable . no effusion ."
EDEMA = said(TEXT, "edema")


def faults_of(tmp_path, content):
    path = tmp_path / "review.json"
    path.write_text(json.dumps(content))
    with pytest.raises(GazeError) as caught:
        read_reviews([path])
    assert "edema is stable" not in str(caught.value)
    return caught.value.faults


def test_files_and_folders_are_read_once_each(tmp_path):
    first = write_review(tmp_path / "b/one.json", of_reading(TEXT, [about(EDEMA, EDEMA)]))
    write_review(tmp_path / "a.json", of_reading(TEXT), reviewer="B")
    (tmp_path / "README.md").write_text("no review")
    files = read_reviews([first, tmp_path])
    assert [file.reviewer for file in files] == ["B", "A. Reader"]
    assert read_reviews([]) == []


def test_a_review_may_have_its_text_and_comments(tmp_path):
    reading = of_reading(TEXT, text=TEXT, sentences=[[0, 17], [18, 31]], comment="dark film")
    (file,) = read_reviews([write_review(tmp_path / "a.json", reading)])
    assert file.readings[0].text == TEXT


def test_all_faults_of_a_file_are_said_at_once(tmp_path):
    backwards = {**EDEMA, "char_start": 9, "char_end": 5}
    reading = of_reading(
        TEXT,
        [about(EDEMA, {**EDEMA, "polarity": "maybe"}), about(backwards, None), about(None, None)],
        [moved(TEXT, "no effusion .", 3, 2)],
        reviewed_at="yesterday",
    )
    content = review(reading) | {"review": 2, "reviewr": "A"}
    del content["program"]
    faults = faults_of(tmp_path, content)
    expected = (
        ("review", "should be 1, found 2"),
        ("program", "is missing"),
        ("reviewr", "the nearest is reviewer"),
        ("readings.0.reviewed_at", "found 'yesterday'"),
        ("readings.0.mentions.0.right.polarity", "found 'maybe'"),
        ("readings.0.mentions.1.found", "span 9 to 5 has no character"),
        ("readings.0.mentions.2", "found and right are both null"),
        ("readings.0.windows.0.right", "ends at 2.0 s, before its start"),
    )
    assert len(faults) == len(expected)
    for place, what in expected:
        assert any(fault.startswith(place) and what in fault for fault in faults), place


@pytest.mark.parametrize(
    ("reading", "fault"),
    [
        pytest.param(
            of_reading(TEXT, [about(EDEMA, EDEMA), about(EDEMA, None)]),
            "found names pulmonary edema from 0 to 5 twice",
            id="a mention twice",
        ),
        pytest.param(
            of_reading(TEXT, [about(None, EDEMA), about(None, {**EDEMA, "polarity": "negative"})]),
            "right names pulmonary edema from 0 to 5 twice",
            id="one place made two ways",
        ),
        pytest.param(
            of_reading(TEXT, [about(EDEMA, None), about({**EDEMA, "label": "nodule"}, EDEMA)]),
            "pulmonary edema from 0 to 5 is right, and no mention",
            id="a mention and none",
        ),
        pytest.param(
            of_reading(TEXT, windows=[moved(TEXT, "no effusion .", 1, 2)] * 2),
            "windows names sentence from 18 to 31 twice",
            id="a window twice",
        ),
        pytest.param(of_reading(TEXT, text="another"), "text is not the one", id="another text"),
        pytest.param(of_reading(TEXT, text=[TEXT]), "text: this is no text", id="no text"),
    ],
)
def test_what_contradicts_itself_is_refused(tmp_path, reading, fault):
    (found,) = faults_of(tmp_path, review(reading))
    assert fault in found


def test_a_reading_stands_in_a_file_once(tmp_path):
    (fault,) = faults_of(tmp_path, review(of_reading(TEXT), of_reading(TEXT)))
    assert "reading R1 stands there twice" in fault


def test_what_is_no_review_says_so(tmp_path):
    (tmp_path / "associate.json").write_text('{"n_readings": 3}')
    with pytest.raises(GazeError, match=r"associate\.json: this does not say what it must"):
        read_reviews([tmp_path])
