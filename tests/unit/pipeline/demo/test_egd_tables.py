import numpy as np
import pytest

from gazescribe.pipeline.demo.cases import Anatomy, Film, Lesion
from gazescribe.pipeline.demo.drawn import FILM, Drawn
from gazescribe.pipeline.demo.egd_tables import box_rows, in_sheet_order, patient, sheet_row

ANATOMY = Anatomy(
    (0.1, 0.1, 0.45, 0.8),
    (0.55, 0.1, 0.9, 0.8),
    (0.4, 0.5, 0.7, 0.8),
    (0.42, 0.05, 0.58, 0.6),
    0,
    1,
)


def case(number=1, diagnosis="chf", findings=(), certainty=5, subject=99000001):
    lesions = tuple(Lesion(name, "left", 0.5, 0.5, 0.1, 0.1, certainty) for name in findings)
    dicom_id = f"00000000-00000000-00000000-00000000-{number:08d}"
    return Film(
        subject, 99500000 + number, dicom_id, 2544, 3056, "PA", "train", diagnosis, ANATOMY, lesions
    )


def drawn(films):
    rows = np.zeros(len(films), FILM)
    rows["number"] = range(len(films))
    rows["groups"][:, 3] = rows["number"]
    return Drawn(rows, lambda row: films[row["number"]])


def test_a_row_has_59_columns_with_pads_ids_and_class():
    row = sheet_row(case(), 0, 5)
    assert len(row) == 59
    assert row["path"] == f"files/p99/p99000001/s99500001/{row['dicom_id']}.dcm"
    pads = [row[f"image_{side}_pad"] for side in ("top", "bottom", "left", "right")]
    assert pads == [0, 0, 534, 534]
    assert (row["Normal"], row["CHF"], row["pneumonia"], row["normal_reports"]) == (0, 1, 0, 0)


@pytest.mark.parametrize(("certainty", "state"), [(5, 1), (4, 1), (3, -1), (1, -1)])
def test_doubt_about_a_finding_is_uncertain(certainty, state):
    row = sheet_row(case(findings=["nodule"], certainty=certainty), 0, 5)
    assert row["lung_lesion__chx"] == state
    assert row["no_finding__chx"] == ""


def test_findings_fill_their_columns_and_no_others():
    row = sheet_row(case(findings=["pleural thickening", "atelectasis"]), 0, 5)
    columns = ("pleural_effusion_or_thickening", "linear__patchy_atelectasis", "consolidation")
    assert [row[name] for name in columns] == [1, 1, 0]
    assert row["normal_anatomically"] == 0
    healthy = sheet_row(case(diagnosis="normal"), 0, 5)
    assert (healthy["normal_anatomically"], healthy["no_finding__chx"]) == (1, 1)


def test_diagnoses_fill_from_the_first_and_leave_the_rest_empty():
    for number in range(30):
        row = sheet_row(case(number), number, 5)
        titles = [row[f"dx{k}"] for k in range(1, 10)]
        n = sum(title != "" for title in titles)
        assert 1 <= n <= 5
        assert titles[n:] == [""] * (9 - n)
        assert "HEART FAILURE" in titles[0].upper()
        assert all((row[f"dx{k}_icd"] == "") == (row[f"dx{k}"] == "") for k in range(1, 10))


def test_a_patient_is_the_same_on_all_images():
    assert patient(case(1), 5) == patient(case(2), 5)
    assert len({patient(case(subject=99000000 + k), 5) for k in range(40)}) > 4


def test_the_sheet_is_ordered_by_class_then_age():
    diagnoses = ("normal", "pneumonia", "chf") * 4
    cases = [case(k, name, subject=99000000 + k) for k, name in enumerate(diagnoses)]
    ordered = list(in_sheet_order(drawn(cases), 5))
    assert [case.diagnosis for case in ordered] == ["chf"] * 4 + ["pneumonia"] * 4 + ["normal"] * 4
    ages = [patient(case, 5)[0] for case in ordered[:4]]
    assert ages == sorted(ages)


def boxes_of(seed=5):
    rows = list(box_rows(drawn([case(k) for k in range(20)]), seed))
    return rows, {(row[0], row[1]): np.array(row[2:]) for row in rows}


def test_boxes_lie_where_the_anatomy_says():
    _, boxes = boxes_of()
    size = np.array([2544, 2544, 3056, 3056])
    near = 5 * 0.004  # five deviations of an edge
    expected = {
        "left lung": (0.55, 0.9, 0.1, 0.8),
        "cardiac silhouette": (0.4, 0.7, 0.5, 0.8),
        "right lower lung zone": (0.1, 0.45, 0.1 + 0.62 * 0.7, 0.8),
        # 0 to 0.3 from the chest wall, which is at larger x on the patient's left
        "left costophrenic angle": (0.9 - 0.3 * 0.35, 0.9, 0.1 + 0.84 * 0.7, 0.8),
    }
    for name, (x1, x2, y1, y2) in expected.items():
        rows = [box for (_, structure), box in boxes.items() if structure == name]
        assert len(rows) >= 19
        for box in rows:
            np.testing.assert_allclose(box / size, (x1, x2, y1, y2), atol=near, err_msg=name)


def test_a_few_boxes_are_missing():
    rows, _ = boxes_of()
    assert len(rows) == 20 * 17 - 1  # 7 of 1,083 cases: one at least
    assert rows == sorted(rows)
