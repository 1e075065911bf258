import csv
import json

import pytest

from gazescribe.pipeline.ingest.verify import is_synthetic, list_files, make_report
from gazescribe.pipeline.sources.faults import Fault, Survey
from gazescribe.pipeline.sources.loading import load_manifest
from tests.running import invoke

REFLACX = load_manifest("reflacx")


def verify(root, *arguments, code):
    result = invoke("verify", "reflacx", root, "--workers", 1, *arguments)
    assert result.exit_code == code, result.output
    return result.output


def report(root, *arguments, code):
    return json.loads(verify(root, "--json", *arguments, code=code))


def test_a_whole_tree_loses_nothing(reflacx_tree):
    reflacx_tree.add("P300R000001")
    root = reflacx_tree.finish()
    text = verify(root, code=0)
    assert "reflacx 1.0.0 (synthetic)" in text
    assert text.endswith("reasons: 0 errors, 0 losses, 0 warnings; nothing is lost\n")
    found = report(root, code=0)
    assert found["synthetic"] is True
    assert found["counts"]["readings"] == {"found": 1, "full_release": 3052}
    assert found["counts"]["readings_with_gaze"] == {"found": 1, "full_release": 3032}
    assert found["faults"] == {}
    assert found["files"]["ingested"]["fixations"] == 1


def test_every_fault_at_once_with_what_it_costs(reflacx_tree):
    reflacx_tree.add("P300R000001", split="none")
    reflacx_tree.add("P300R000002", 99000002)
    reflacx_tree.add("P300R000003", 99000003)
    reflacx_tree.fixations("P300R000002", [("1", "2", "-9", "5"), ("3", "2", "5", "5")])
    (reflacx_tree.root / reflacx_tree.path("P300R000003", "fixations")).unlink()
    (reflacx_tree.root / reflacx_tree.path("P300R000003", "chest")).unlink()
    root = reflacx_tree.finish()
    found = report(root, code=2)
    assert found["n"] == {"error": 1, "loss": 3, "warning": 1}
    assert found["lost"] == {"fixations": 1, "gaze": 1, "region": 1}
    reasons = {code: (one["severity"], one["rows"]) for code, one in found["faults"].items()}
    assert reasons == {
        "chest_missing": ("loss", 1),
        "fixation_off_image": ("warning", 1),
        "fixation_reversed": ("loss", 1),
        "fixations_missing": ("loss", 1),
        "unknown_split": ("error", 1),
    }
    text = verify(root, code=2)
    for part in (
        "main_data/metadata_phase_3.csv, row 1: split 'none' is none of train, validate, test",
        "main_data/P300R000002/fixations.csv, row 2: 1 of 2 rows do not end after they start",
        "fixations_missing: 1 in 1 item, costs gaze",
        "lost: fixations of 1, gaze of 1, region of 1",
    ):
        assert part in text
    assert text.index("errors:") < text.index("losses:") < text.index("warnings:")


def test_a_discarded_reading_is_no_fault(reflacx_tree):
    reflacx_tree.add("P102R000001", eye_tracking_data_discarded="True")
    for name in ("fixations", "words", "transcription"):
        (reflacx_tree.root / reflacx_tree.path("P102R000001", name)).unlink()
    found = report(reflacx_tree.finish(), code=0)
    assert found["counts"]["readings_discarded"]["found"] == 1
    assert found["counts"]["readings_with_gaze"]["found"] == 0


def test_a_warning_alone_is_no_failure(reflacx_tree):
    reflacx_tree.add("P300R000001")
    reflacx_tree.words("P300R000001", ["clear"])
    found = report(reflacx_tree.finish(), code=0)
    assert found["n"] == {"error": 0, "loss": 0, "warning": 1}


def test_what_is_not_ingested_is_listed(reflacx_tree):
    reflacx_tree.add("P300R000001")
    reflacx_tree.put("LICENSE.txt", "")
    reflacx_tree.put("main_data.zip", "")
    reflacx_tree.put("main_data/P300R000009/fixations.csv", "")
    reflacx_tree.put("main_data/P300R000001/index.html", "")
    root = reflacx_tree.finish()
    files = report(root, code=0)["files"]
    assert files["not_ingested"] == {"archives": 1, "licence": 1}
    assert files["unlisted"] == {"fixations": 1}
    assert files["unknown"] == {"files": 1, "first": ["main_data/P300R000001/index.html"]}
    assert files["ingested"]["fixations"] == 1
    text = verify(root, code=0)
    assert "in the tree, known and not ingested: archives 1, licence 1" in text
    assert "of readings or images that no table lists, not ingested: fixations 1" in text
    assert "unknown and not ingested: 1 file\n  main_data/P300R000001/index.html" in text


def test_without_ids_every_file_counts_as_listed(tmp_path):
    path = tmp_path / "main_data/P300R000009/fixations.csv"
    path.parent.mkdir(parents=True)
    path.touch()
    assert list_files(tmp_path, REFLACX, {})["ingested"] == {"fixations": 1}


def test_samples_are_read_when_asked_for(reflacx_tree):
    reflacx_tree.add("P300R000001")
    root = reflacx_tree.finish()
    assert report(root, code=0)["faults"] == {}
    assert report(root, "--samples", code=2)["lost"] == {"samples": 1}


def test_gaze_quality_as_a_table_and_in_the_text(reflacx_tree, tmp_path):
    reflacx_tree.add("P300R000001")
    reflacx_tree.fixations("P300R000001", [("0", "1", "5", "5"), ("3", "4", "-5", "5")])
    path = tmp_path / "quality.csv"
    text = verify(reflacx_tree.finish(), "--quality", path, code=0)
    with path.open(newline="") as handle:
        (row,) = csv.DictReader(handle)
    assert row == {
        "reading_id": "P300R000001",
        "n_fixations": "2",
        "duration_s": "4.0",
        "share_lost": "0.5",
        "share_off_image": "0.5",
        "fixations_per_s": "0.5",
        "longest_gap_s": "2.0",
        "excluded": "",
    }
    assert "gaze quality (5 %, median, 95 % of readings):" in text


@pytest.mark.parametrize(
    ("ids", "synthetic"),
    [
        pytest.param({"subject_id": {"99000001"}}, True, id="synthetic"),
        pytest.param({"subject_id": {"99000001", "00000001"}}, False, id="mixed"),
        pytest.param(
            {"subject_id": {"99000001"}, "dicom_id": {"1" * 8 + "-00000000" * 4}},
            False,
            id="image-of-another-form",
        ),
        pytest.param({"reading_id": {"P102R000000"}}, False, id="nothing-to-tell-by"),
        pytest.param({}, False, id="none"),
    ],
)
def test_synthetic_ids(ids, synthetic):
    assert is_synthetic(ids) == synthetic


def test_a_reading_that_loses_one_thing_twice_counts_once():
    faults = [
        Fault("loss", "one", "a", "a.csv", item="P1", loses="gaze"),
        Fault("loss", "two", "b", "b.csv", item="P1", loses="gaze"),
        Fault("loss", "two", "c", "c.csv", item="P2", loses="gaze", n=7),
    ]
    found = make_report(Survey(faults=faults), {}, REFLACX)
    assert found["lost"] == {"gaze": 2}
    assert found["faults"]["two"]["rows"] == 8
    assert found["faults"]["two"]["items"] == 2
    assert found["faults"]["two"]["examples"] == ["b.csv: b", "c.csv: c"]


def test_no_tree_is_one_message(tmp_path):
    assert "main_data/metadata_phase_3.csv (or .gz) was looked for" in verify(tmp_path, code=2)
