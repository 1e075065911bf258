import pytest

from gazescribe.pipeline.core.errors import ManifestError
from gazescribe.pipeline.core.schemas import TABLES
from gazescribe.pipeline.core.tables import read_table, write_table
from gazescribe.pipeline.ingest.run import survey_tree
from gazescribe.pipeline.ingest.settings import IngestOptions
from tests.running import gazescribe, invoke
from tests.synthetic import reading
from tests.unit.pipeline.ingest.mimic.mimic_tree import LABELS, MANIFEST, SETTINGS


@pytest.mark.parametrize(
    "suffix", [pytest.param(".csv", id="csv"), pytest.param(".csv.gz", id="gz")]
)
def test_an_image_and_its_study_become_rows(tree, ingested, suffix):
    one = tree.add(1, split="test", Edema="1.0", Fracture="0.0", Pneumonia="-1.0")
    rows, summary = ingested(suffix)
    assert rows("images") == [
        {
            "dicom_id": one,
            "study_id": 99000001,
            "subject_id": 99000001,
            "view": "PA",
            "width_px": 2544,
            "height_px": 3056,
            "split": "test",
            "path": f"files/p99/p99000001/s99000001/{one}",
        }
    ]
    (study,) = rows("studies")
    assert study["study_id"] == 99000001
    assert (study["Edema"], study["Fracture"], study["Pneumonia"]) == (
        "positive",
        "negative",
        "uncertain",
    )
    assert study["No Finding"] == "not_mentioned"
    assert summary["faults"] == {}
    assert summary["counts"]["images_test"] == 1


def test_the_labels_are_the_columns_of_the_table():
    assert TABLES["studies"].columns == ["study_id", "subject_id", *LABELS]


def test_images_are_filtered_and_counted_by_the_first_reason(tree, ingested):
    tree.add(1, "AP")
    tree.add(2, "LATERAL", study=1, subject=1)
    tree.add(3, "")
    tree.add(4, "PA", study=4)
    tree.add(5, "AP", study=4, subject=4)
    tree.add(6, "PA", none=True)
    tree.add(7, "AP LLD")
    tree.add(8, "PA")
    tree.rows["split"].pop()
    rows, summary = ingested()
    assert [row["study_id"] for row in rows("images")] == [99000001]
    assert summary["left_out"] == {
        "view_blank": 1,
        "view_not_frontal": 2,
        "several_frontals_in_study": 2,
        "study_without_labels": 1,
        "image_without_split": 1,
    }
    assert len(rows("studies")) == summary["counts"]["studies_labelled"] == 5
    assert summary["counts"]["studies"] == 6


def test_validation_subjects_are_moved_out_of_train_only(tree, ingested, tmp_path):
    for number, split in enumerate(("train", "validate", "test", "train"), 1):
        tree.add(number, split=split)
    listed = tmp_path / "val.txt"
    listed.write_text("99000001\n99000003\n")
    rows, summary = ingested(options=IngestOptions(val_subjects=listed))
    splits = {row["subject_id"]: row["split"] for row in rows("images")}
    assert splits == {
        99000001: "validate",
        99000002: "validate",
        99000003: "test",
        99000004: "train",
    }
    assert summary["splits"] == {"train": 1, "validate": 2, "test": 1}
    assert "val.txt" in summary["split_source"]


def test_the_command_draws_among_the_subjects_of_reflacx(tree, tmp_path):
    for subject in (11, 15, 23):  # all are drawn, one of them is REFLACX's
        tree.add(subject)
    root = tree.finish()
    columns = {name: [value] for name, value in reading("R1", subject_id=99000015).items()}
    write_table(columns, tmp_path / "reflacx", "readings")
    known = ("--reflacx", tmp_path / "reflacx")
    line = gazescribe("ingest", "mimic-cxr-jpg", root, tmp_path / "tables", *known)
    assert "split: seeded draw (seed 0, 10 % of REFLACX's 1 subjects)" in line
    images = read_table(tmp_path / "tables", "images", ["subject_id", "split"]).to_pylist()
    moved = [image["subject_id"] for image in images if image["split"] == "validate"]
    assert moved == [99000015]
    line = gazescribe("ingest", "mimic-cxr-jpg", root, tmp_path / "tables")
    assert "10 % of subjects), as REFLACX's were not given (--reflacx)" in line
    result = invoke("ingest", "reflacx", root, tmp_path / "other", *known)
    assert result.exit_code == 2
    assert "--reflacx is an option of egd and mimic-cxr-jpg, not of reflacx" in result.output


def test_a_subject_in_two_splits_stops_the_ingest(tree, ingested):
    tree.add(1, subject=1, split="train")
    tree.add(2, "LATERAL", subject=1, split="test")
    with pytest.raises(ManifestError, match="subject 99000001: train, test"):
        ingested()
    codes = [
        fault.code for fault in survey_tree(tree.root, MANIFEST, SETTINGS, IngestOptions()).faults
    ]
    assert codes == ["subject_in_two_splits"]


def test_the_commands_find_the_root_and_read_the_tree(tree, tmp_path):
    tree.add(1)
    tree.add(2, "LATERAL", study=1, subject=1)
    root = tree.finish(".csv.gz")
    (root / "mimic-cxr-2.1.0-test-set-labeled.csv").write_text("x\n")
    said = gazescribe("ingest", "mimic-cxr-jpg", tmp_path, tmp_path / "tables")
    assert said.startswith("mimic-cxr-jpg: 1 study, 2 images, 1 subject; left out: view_not")
    said = gazescribe("verify", "mimic-cxr-jpg", tmp_path)
    assert "mimic-cxr-jpg 2.0.0 (synthetic)" in said
    assert "test_set_labeled 1" in said
    assert "radiographs_absent: 2 in 1 item" in said
    assert "radiographs there: 0 of 2" in said
    assert "1 warning; nothing is lost" in said


def test_bad_input_exits_with_2_and_no_traceback(tree, tmp_path):
    tree.add(1)
    tree.rows["split"][0]["split"] = "dev"
    tree.finish()
    result = invoke("ingest", "mimic-cxr-jpg", tree.root, tmp_path / "tables")
    assert result.exit_code == 2
    assert "this tree cannot be ingested" in result.output
    assert not (tmp_path / "tables").exists()
