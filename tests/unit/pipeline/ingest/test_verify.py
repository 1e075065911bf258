import csv
import hashlib
import json
import os
import shutil

import pytest

from gazescribe.pipeline.core.resources import shipped
from gazescribe.pipeline.ingest.verify import (
    fewer_than_released,
    is_synthetic,
    list_files,
    make_report,
)
from gazescribe.pipeline.sources.faults import Fault, Survey
from gazescribe.pipeline.sources.loading import load_manifest
from tests.running import invoke
from tests.unit.pipeline.ingest.mimic.mimic_tree import MimicTree

REFLACX = load_manifest("reflacx")
PARAMS = shipped("params.yaml")


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
    assert found["n"] == {"error": 0, "loss": 0, "warning": 2}


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
    assert list_files([path.relative_to(tmp_path).as_posix()], REFLACX, {})["ingested"] == {
        "fixations": 1
    }


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


def test_an_error_is_no_way_to_lose_nothing(reflacx_tree):
    reflacx_tree.add("P300R000001", split="none")
    text = verify(reflacx_tree.finish(), code=2)
    assert text.endswith("; nothing can be ingested (for unknown_split 1)\n")


def test_what_is_lost_is_said_with_the_reasons(reflacx_tree):
    reflacx_tree.add("P300R000001")
    (reflacx_tree.root / reflacx_tree.path("P300R000001", "chest")).unlink()
    text = verify(reflacx_tree.finish(), code=2)
    assert text.endswith("; lost: region of 1 (for chest_missing 1)\n")


def test_readings_in_no_table_are_left_out(reflacx_tree):
    for name in ("P300R000001", "P300R000002"):
        reflacx_tree.add(name)
    del reflacx_tree.rows[3][1]
    root = reflacx_tree.finish()
    assert verify(root, code=0).endswith("; left out: 1 in no table\n")
    found = report(root, code=0)
    assert found["left_out"] == {"in_no_table": 1}
    assert found["files"]["unlisted_ids"] == {"reading_id": 1}


def test_readings_excluded_by_their_quality_are_left_out(reflacx_tree, tmp_path):
    reflacx_tree.add("P300R000001")
    params = tmp_path / "params.yaml"
    text = PARAMS.read_text(encoding="utf-8")
    strict = text.replace("min_fixations_per_s: null", "min_fixations_per_s: 100")
    assert strict != text
    params.write_text(strict, encoding="utf-8")
    text = verify(reflacx_tree.finish(), "--params", params, code=0)
    assert text.endswith("; left out: gaze of 1 by `ingest.quality`\n")


def test_less_than_the_full_release_is_said_of_real_data():
    survey = Survey(counts={"readings": 3000, "subjects": 2199}, ids={"subject_id": {"10000000"}})
    (fault,) = fewer_than_released(survey, REFLACX)
    assert str(fault) == "the tree: readings: 3,000 of 3,052 of the full release"
    assert (fault.severity, fault.n) == ("warning", 52)
    survey.faults.append(fault)
    assert make_report(survey, {}, REFLACX)["left_out"] == {"fewer_readings_than_released": 52}
    survey.ids = {"subject_id": {"99000000"}}
    assert list(fewer_than_released(survey, REFLACX)) == []


def test_what_is_no_file_and_names_in_other_letters(reflacx_tree):
    reflacx_tree.add("P300R000001")
    root = reflacx_tree.finish()
    path = root / reflacx_tree.path("P300R000001", "chest")
    path.rename(path.with_name("Chest_Bounding_Box.csv"))
    os.mkfifo(root / "pipe")
    (root / "circle").symlink_to(root)
    faults = report(root, code=2)["faults"]
    assert faults["not_a_file"]["examples"] == [
        "circle: this is a link back, and is not read",
        "pipe: this is a pipe or device, and is not read",
    ]
    (example,) = faults["name_in_other_letters"]["examples"]
    assert "it is not named main_data/{reading_id}/chest_bounding_box.csv" in example
    (example,) = faults["chest_missing"]["examples"]
    assert "there is no such file, but Chest_Bounding_Box.csv: the case of letters" in example


def test_names_of_files_in_any_encoding(reflacx_tree):
    reflacx_tree.add("P300R000001")
    root = reflacx_tree.finish()
    (root / os.fsdecode(b"\xe9.csv")).touch()
    assert "\\udce9.csv" in verify(root, code=0)


def test_a_subject_in_two_splits(reflacx_tree):
    for phase, split in ((2, "train"), (3, "validate")):
        reflacx_tree.add(f"P{phase}00R000001".replace("P200", "P201"), split=split)
    found = report(reflacx_tree.finish(), code=2)
    assert found["faults"]["subject_in_two_splits"]["examples"] == [
        "main_data/metadata_phase_*.csv: subject 99000001: train, validate"
    ]


def test_mimic_beside_is_compared(reflacx_tree, tmp_path):
    reflacx_tree.add("P300R000001")
    root = reflacx_tree.finish()
    assert report(root, code=0)["mimic_metadata"] is None
    mimic = MimicTree(tmp_path / "mimic")
    mimic.add(1)
    folder = mimic.finish()
    for arguments in ([root], [tmp_path], [root, "--mimic-metadata", folder]):
        found = report(*arguments, code=2)
        assert found["mimic_metadata"] == str(folder)
        assert found["lost"] == {"image": 1}
    assert f"compared with MIMIC-CXR-JPG in {folder}\n" in verify(root, code=2)


@pytest.fixture
def summed_tree(reflacx_tree, tmp_path, monkeypatch):
    """Give a tree with a list of its checksums; the user's cache is in `tmp_path`."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    reflacx_tree.add("P300R000001")
    root = reflacx_tree.finish()
    lines = [
        f"{hashlib.sha256(path.read_bytes()).hexdigest()} {path.relative_to(root)}\n"
        for path in sorted(root.rglob("*"))
        if path.is_file()
    ]
    (root / "SHA256SUMS.txt").write_text("".join(lines))
    return root


def test_checksums_are_compared_when_asked_for(summed_tree, tmp_path):
    before = sorted(summed_tree.rglob("*"))
    assert "checksums" not in report(summed_tree, code=0)
    text = verify(summed_tree, "--checksums", code=0)
    assert "checksums: 8 of 8 listed files compared (8 read now), 0 differ" in text
    assert text.endswith("; nothing is lost\n")
    assert report(summed_tree, "--checksums", code=0)["checksums"]["n_read"] == 0
    assert sorted(summed_tree.rglob("*")) == before
    state = tmp_path / "mine"
    assert report(summed_tree, "--checksums", "--state", state, code=0)["checksums"]["n_read"] == 8
    assert state.is_file()


def test_a_file_that_differs_is_lost_and_one_that_lacks_left_out(summed_tree):
    path = summed_tree / "main_data/P300R000001/transcription.txt"
    path.write_text("Another text.")
    (summed_tree / "main_data/P300R000001/chest_bounding_box.csv").unlink()
    text = verify(summed_tree, "--checksums", code=2)
    assert "    main_data/P300R000001/transcription.txt\n" in text
    assert "published content of 1" in text
    assert "checksum_differs 1" in text
    assert text.endswith("left out: 1 listed in SHA256SUMS.txt absent\n")


def test_without_a_list_nothing_is_said_to_be_whole(reflacx_tree):
    reflacx_tree.add("P300R000001")
    text = verify(reflacx_tree.finish(), "--checksums", code=0)
    assert "checksums_missing" in text
    assert text.endswith("; no checksum was compared\n")


def test_a_state_needs_checksums(reflacx_tree, tmp_path):
    reflacx_tree.add("P300R000001")
    text = verify(reflacx_tree.finish(), "--state", tmp_path / "state", code=2)
    assert "--state belongs to --checksums" in text


def test_an_archive_as_root(reflacx_tree, tmp_path):
    reflacx_tree.add("P300R000001")
    archive = shutil.make_archive(str(tmp_path / "reflacx-1.0.0"), "zip", reflacx_tree.finish())
    assert "is an archive. Unpack it" in verify(archive, code=2)
