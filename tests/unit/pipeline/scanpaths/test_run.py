import json

import pyarrow.parquet as pq
import pytest

from gazescribe.pipeline.core.errors import AlignmentError
from gazescribe.pipeline.core.tables import read_table, write_table
from gazescribe.pipeline.scanpaths.run import number_readers, run
from gazescribe.pipeline.scanpaths.settings import Scanpaths
from tests.synthetic import fixation, reading, table, write_tables

PARAMS = Scanpaths(min_share=0.5)


def window(reading_id, number, kind, labels, start_s, end_s):
    return {
        "reading_id": reading_id,
        "window": number,
        "kind": kind,
        "start_s": start_s,
        "end_s": end_s,
        "labels": labels,
        "n_mentions": [1] * len(labels),
        "n_uncertain": [0] * len(labels),
        "n_fixations": 1,
        "gaze_s": end_s - start_s,
        "status": "ok",
    }


def gaussian(reading_id, number, of_fixation, weight_s):
    clip = {f"clip_{side}_px": 0 for side in ("xmin", "ymin")}
    clip |= {"clip_xmax_px": 100, "clip_ymax_px": 80}
    row = {"reading_id": reading_id, "window": number, "fixation": of_fixation}
    place = {"x_px": 1.0, "y_px": 1.0, "sigma_x_px": 2.0, "sigma_y_px": 2.0}
    return {**row, **place, "weight_s": weight_s, **clip}


def write_associated(folder, **tables):
    for name, rows in tables.items():
        write_table(table(rows, name), folder, name)
    return folder


@pytest.fixture
def lab(tmp_path):
    """R1 has two findings, R2 none; R3 lacks gaze, R4 a size, R5 looks past its image."""
    tables = write_tables(
        tmp_path / "tables",
        readings=[
            reading("R1", dicom_id="I1", split="train"),
            reading("R2", dicom_id="I1"),
            reading("R3", has_gaze=False),
            reading("R4", width_px=None),
            reading("R5"),
        ],
        fixations=[
            *(fixation(n, n, n + 1, reading_id="R1", x_px=10.0 * n, y_px=5.0) for n in range(4)),
            fixation(0, 0, 1, reading_id="R2"),
            fixation(0, 0, 1, reading_id="R5", x_px=500.0),
        ],
        ellipses=[
            {
                "reading_id": "R1",
                "ellipse": 0,
                "label": "Pulmonary edema",
                "xmin_px": 0,
                "ymin_px": 0,
                "xmax_px": 15,
                "ymax_px": 20,
                "certainty": 4,
            }
        ],
    )
    associated = write_associated(
        tmp_path / "associated",
        windows=[
            window("R1", 0, "sentence", ["Edema", "Opacity"], 0, 2),
            window("R1", 1, "sentence", ["Edema"], 2, 3),
            window("R1", 2, "reading", [], 0, 4),
        ],
        gaussians=[
            gaussian("R1", 0, 0, 1.0),
            gaussian("R1", 0, 1, 0.3),
            gaussian("R1", 1, 1, 0.3),
            gaussian("R1", 1, 2, 1.0),
        ],
    )
    return tables, associated


def test_table_json_and_counts(lab, tmp_path):
    out = tmp_path / "out"
    summary = run(*lab, out, PARAMS, min_certainty=3, size=(40, 50), workers=1)
    rows = read_table(out, "scanpaths").to_pylist()
    paths = {}
    for row in rows:
        paths.setdefault((row["reading_id"], row["label"]), []).append(row["fixation"])
    assert paths == {
        ("R1", ""): [0, 1, 2, 3],
        ("R1", "Edema"): [0, 1, 2],
        ("R1", "Opacity"): [0],
        ("R2", ""): [0],
    }
    assert [row["x_px"] for row in rows[:4]] == [0.0, 10.0, 20.0, 30.0]  # the image's pixels
    findings = json.loads((out / "findings.json").read_text())
    assert [each["task"] for each in findings] == ["edema", "opacity"]
    assert findings[0]["X"] == [0.0, 5.0, 10.0]
    assert findings[0]["bbox"] == [0.0, 0.0, 7.5, 10.0]
    whole = json.loads((out / "readings.json").read_text())
    assert [(each["reading_id"], each["subject"]) for each in whole] == [("R1", 1), ("R2", 2)]
    assert summary["left_out"] == {
        "fixations": {"mostly outside the windows of the finding": 1, "outside the image": 1},
        "readings": {"no fixation on the image": 1, "no gaze": 1, "no image size": 1},
    }
    assert (summary["n_findings"], summary["n_readings"]) == (2, 2)
    assert summary["findings_by_label"] == {"Edema": 1, "Opacity": 1}


def test_ellipses_that_are_uncertain_give_no_box(lab, tmp_path):
    run(*lab, tmp_path / "out", PARAMS, min_certainty=5, workers=1)
    first, _ = json.loads((tmp_path / "out/findings.json").read_text())
    assert first["bbox"] == [0.0, 0.0, 0.0, 0.0]


def test_windows_of_other_readings_and_gaussians_of_other_fixations(lab, tmp_path):
    tables, associated = lab
    write_associated(associated, gaussians=[gaussian("R1", 0, 9, 1.0)])
    with pytest.raises(AlignmentError, match=r"does not have\..*\n.*R1: 1, the first of them 9"):
        run(tables, associated, tmp_path / "out", PARAMS, min_certainty=3, workers=1)
    write_associated(associated, windows=[window("X", 0, "reading", [], 0, 1)])
    with pytest.raises(AlignmentError, match="1 readings have windows but are not in TABLES"):
        run(tables, associated, tmp_path / "out", PARAMS, min_certainty=3, workers=1)


def test_readers_are_numbered_by_name_where_all_have_one():
    readings = table([reading("R1"), reading("R2"), reading("R3")], "readings")
    rows = [("R1", "Reader", "b"), ("R2", "reader", "a"), ("R3", "reader", "b")]
    named = [dict(zip(("reading_id", "name", "value"), row, strict=True)) for row in rows]
    assert number_readers(readings, table(named, "attributes")) == {"R1": 2, "R2": 1, "R3": 2}
    some = table(named[:2], "attributes")
    assert number_readers(readings, some) == {"R1": 1, "R2": 1, "R3": 1}


def test_any_number_of_workers_gives_the_same_bytes(lab, tmp_path, two_workers, monkeypatch):
    monkeypatch.setattr("gazescribe.pipeline.scanpaths.run.READINGS_A_TASK", 1)
    for workers in (1, 2):
        run(*lab, tmp_path / str(workers), PARAMS, min_certainty=3, workers=workers)
    for name in ("scanpaths.parquet", "findings.json", "readings.json", "scanpaths.json"):
        assert (tmp_path / "1" / name).read_bytes() == (tmp_path / "2" / name).read_bytes()
    assert pq.read_schema(tmp_path / "1/scanpaths.parquet").field("x_px").metadata[b"unit"] == b"px"
