"""Manifests of public data sets, each on invented files in the layout that it describes."""

import csv
import io
import json
import re

import pytest

from gazescribe.pipeline.core.resources import shipped
from gazescribe.pipeline.core.tables import read_table
from gazescribe.pipeline.sources.loading import known_manifests
from tests.running import gazescribe, invoke

PUBLIC = shipped("data_manifests") / "public"
DOCS = shipped("docs") / "public-sets.md"
ANSWERS = {"how many degrees": "25", "how wide": "512", "how high": "512"}


def table(*rows):
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0])
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def scanpaths(*each):
    return json.dumps(each, indent=1)


def gazesearch():
    found = {
        "subject": 1,
        "condition": "present",
        "bbox": [0, 0, 0, 0],
        "length": 6,
        "fixOnTarget": True,
        "correct": 1,
        "split": "test",
    }
    one = {"name": "990001.jpg", "task": "lung lesion", "X": [18, 12], "Y": [182, 144]}
    two = {"name": "990001.jpg", "task": "edema", "X": [100], "Y": [90], "T": [0.5]}
    name = "finding_visual_search_coco_format_train_test_filtered.json"
    return {name: scanpaths({**one, "T": [0.75, 0.25], **found}, {**two, **found})}


def siim():
    return {
        "cxr_gaze_data.json": scanpaths(
            {"image_id": "9.9.1", "gaze_x": [0.5, 0.25], "gaze_y": [0.5, 0.75], "time": [3, 6]}
        )
    }


def gazevalm():
    def row(reader, x):
        return {"participant_id": reader, "x": x, "y": 540, "duration_ms": 250}

    files = {
        f"{task}/{image}/scanpaths.csv": table(row("R01", 100), row("R02", 200), row("R01", 300))
        for task in ("Task1", "Task2")
        for image in ("real_99001", "fake_99001")
    }
    return {**files, "Task1/expert_results.csv": "File Name,R01\nreal_99001,0\n"}


def eyeassist():
    def row(image, x, number):
        return {
            "RECORDING_SESSION_LABEL": "s99",
            "Source_File": image,
            "CURRENT_FIX_INDEX": number,
            "CURRENT_FIX_X": x,
            "CURRENT_FIX_Y": 700,
            "CURRENT_FIX_DURATION": 200,
        }

    sizes = {"width": 2000, "height": 2800}
    cases = [{"reader": "expert1", "Source_File": f"99{n}.jpg", **sizes} for n in (1, 2)]
    gaze = table(row("991.jpg", 900, 1), row("991.jpg", 950, 2), row("992.jpg", 900, 1))
    return {"cases.csv": table(*cases), "expert1_fixations.csv": gaze}


def ct_scangaze():
    one = {"name": "ct99", "subject": "1", "task": "read", "split": "train", "report": "Nothing."}
    lists = {"X": [100, 110, 300], "Y": [50, 60, 400], "Z": [7, 7, 8], "T": [0.5, 0.25, 1.0]}
    return {"data_simplified.json": scanpaths({**one, **lists, "length": 3})}


def mimic_eye():
    place = "patient_99000001/REFLACX/main_data/P300R990001"
    fixation = {
        "timestamp_start_fixation": 0.5,
        "timestamp_end_fixation": 0.9,
        "x_position": 1000,
        "y_position": 900,
        "pupil_area_normalized": 1.0,
        "angular_resolution_x_pixels_per_degree": 100,
        "angular_resolution_y_pixels_per_degree": 100,
        **{f"{side}_shown_from_image": 0 for side in ("xmin", "ymin")},
        **{f"{side}_shown_from_image": 2000 for side in ("xmax", "ymax")},
    }
    words = [
        {"word": word, "timestamp_start_word": at, "timestamp_end_word": at + 0.5}
        for at, word in enumerate(("small", "effusion", "."))
    ]
    reading = {
        "": 0,
        "id": "P300R990001",
        "split": "train",
        "eye_tracking_data_discarded": False,
        "image": "files/p99/p99000001/s99000001/99-1.dcm",
        "dicom_id": "99-1",
        "subject_id": 99000001,
        "image_size_x": 2000,
        "image_size_y": 2000,
        "Atelectasis": 0,
    }
    return {
        "spreadsheets/REFLACX/metadata.csv": table(reading),
        f"{place}/fixations.csv": table(fixation),
        f"{place}/timestamps_transcription.csv": table(*words),
    }


SETS = {
    "gazesearch": (gazesearch, {"990001.jpg_lung_lesion": [(18, 182, 0.75), (12, 144, 0.25)]}),
    "siim-gaze": (siim, {"9.9.1": [(511.5, 511.5, 3), (255.5, 767.5, 6)]}),
    "gazevalm": (gazevalm, {"fake_99001_Task2_R01": [(100, 540, 0.25), (300, 540, 0.25)]}),
    "eyeassist-neo": (eyeassist, {"expert1_991.jpg": [(900, 700, 0.2), (950, 700, 0.2)]}),
    "ct-scangaze": (ct_scangaze, {"ct99_1_7": [(100, 50, 0.5), (110, 60, 0.25)]}),
    "mimic-eye": (mimic_eye, {"P300R990001": [(1000, 900, 0.4)]}),
}
"""By manifest: files in its layout, and of one reading what must come out (x px, y px, s)."""


def test_each_manifest_has_files_and_a_line_in_the_page():
    assert {path.stem for path in PUBLIC.glob("*.yaml")} == {*SETS}
    assert {*SETS} <= {*known_manifests()}
    page = DOCS.read_text()
    assert not [name for name in SETS if f"| `{name}` |" not in page]


@pytest.mark.parametrize("name", SETS)
def test_files_in_that_layout(tmp_path, name):
    make, expected = SETS[name]
    for path, content in make().items():
        (tmp_path / "raw" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "raw" / path).write_text(content)
    text = (PUBLIC / f"{name}.yaml").read_text()
    if "!ask" in text:
        refused = invoke("verify", PUBLIC / f"{name}.yaml", tmp_path / "raw")
        assert "questions are open" in refused.output
    for question, answer in ANSWERS.items():
        text = re.sub(rf'!ask "{question}[^"]*"', answer, text)
    (tmp_path / f"{name}.yaml").write_text(text)
    one = (tmp_path / f"{name}.yaml", tmp_path / "raw", "--workers", 1)
    verified = invoke("verify", *one)
    assert verified.exit_code == 0, verified.output
    gazescribe("ingest", *one[:2], tmp_path / "out", *one[2:])
    rows = read_table(tmp_path / "out", "fixations").to_pylist()
    for reading_id, places in expected.items():
        of_reading = [row for row in rows if row["reading_id"] == reading_id]
        found = [(row["x_px"], row["y_px"], row["offset_s"] - row["onset_s"]) for row in of_reading]
        assert found == [pytest.approx(place) for place in places]
        ends = [row["offset_s"] for row in of_reading[:-1]]
        assert [row["onset_s"] for row in of_reading[1:]] == ends
    readings = read_table(tmp_path / "out", "readings").to_pylist()
    assert all(row["width_px"] and row["has_gaze"] for row in readings)
