import pytest

from gazescribe.pipeline.core.errors import ManifestError
from gazescribe.pipeline.ingest.run import ingest_tree, survey_tree
from gazescribe.pipeline.ingest.settings import IngestOptions
from tests.running import gazescribe, invoke
from tests.unit.pipeline.ingest.egd.egd_tree import MANIFEST, dicom_id, published
from tests.unit.pipeline.ingest.egd.ingested import NO_OPTION, ONE, SETTINGS, TWO, mimic


def test_a_whole_reading_becomes_rows_of_every_table(tree, ingested):
    tree.add(1, diagnosis="CHF", consolidation=1, normal_reports="0", edema__chx="-1.0")
    found = ingested()
    (reading,) = found.rows("readings")
    assert reading.pop("egd_split") == "train"
    assert reading == {
        "reading_id": ONE,
        "dataset": "egd",
        "phase": None,
        "dicom_id": ONE,
        "study_id": 99000001,
        "subject_id": 99000001,
        "split": None,
        "width_px": 2544,
        "height_px": 3056,
        "image_path": f"files/p99/p99000001/s99000001/{ONE}",
        "has_gaze": True,
        "text": "Small effusion. Normal",
        "diagnosis": "chf",
    }
    first = found.rows("fixations")[0]
    assert (first["onset_s"], first["offset_s"]) == pytest.approx((0.1, 0.4))
    assert (first["x_px"], first["y_px"]) == published(0.4, 0.4, 2544, 3056)
    assert (first["px_per_deg_x"], first["px_per_deg_y"]) == pytest.approx((119.1, 112.9), abs=0.1)
    assert first["shown_xmin_px"] is None
    assert found.column("words", "text") == ["Small effusion.", "Normal"]
    assert found.column("sentences", "onset_s") == [0.4, 1.5]
    assert found.rows("regions")[0] == {
        "reading_id": ONE,
        "region": "left lung",
        "xmin_px": 10,
        "ymin_px": 30,
        "xmax_px": 20,
        "ymax_px": 40,
    }
    attributes = found.attributes(ONE)
    assert attributes["consolidation"] == "true"
    assert attributes["normal_reports"] == "false"
    assert attributes["edema__chx"] == "uncertain"
    assert attributes["fracture__chx"] == "not_mentioned"
    assert attributes["anchor_age"] == "20 - 30"
    assert "Fever" not in str(attributes)
    assert found.counts["counts"] | {"boxes": 2, "fixation_rows": 2} == found.counts["counts"]
    assert found.reasons() == {"no_final_period": 1}


def test_a_transcript_without_times_leaves_the_reading_its_text(tree, ingested):
    tree.add(1)
    tree.transcript(ONE, [], full_text=" No effusion. ")
    found = ingested()
    assert found.column("readings", "text") == ["No effusion."]
    assert found.rows("words") == []
    assert found.reasons()["transcript_without_times"] == 1


def test_the_audio_offset_moves_words_and_not_gaze(tree, ingested):
    tree.add(1)
    found = ingested(SETTINGS.model_copy(update={"audio_offset_s": 0.5}))
    assert found.column("words", "onset_s") == pytest.approx([0.9, 2.0])
    assert found.column("fixations", "onset_s") == pytest.approx([0.1, 0.5])


def test_splits_follow_mimic_and_egd_has_its_own(tree, ingested, tmp_path):
    for number in (1, 2, 3, 4):
        tree.add(number)
    listed = tmp_path / "val.txt"
    listed.write_text("99000001\n99000003\n")
    published_splits = {ONE: "train", TWO: "train", dicom_id(3): "test"}
    folder = mimic(tmp_path / "mimic", published_splits)
    found = ingested(options=IngestOptions(val_subjects=listed, mimic_metadata=folder))
    assert found.column("readings", "split") == ["validate", "train", "test", None]
    assert {*found.column("readings", "egd_split")} <= {"train", "validate", "test"}
    assert found.attributes(ONE)["mimic_split"] == "train"
    assert "mimic_split" not in found.attributes(dicom_id(4))
    assert "published list val.txt (2 subjects" in found.counts["split_source"]
    assert "seed 0" in found.counts["egd_split_source"]


def test_splits_are_found_beside_a_metadata_table(tree, ingested, tmp_path):
    tree.add(1)
    folder = mimic(tmp_path / "mimic", {ONE: "test"})
    found = ingested(options=IngestOptions(mimic_metadata=folder / "mimic-cxr-2.0.0-metadata.csv"))
    assert found.column("readings", "split") == ["test"]


def test_metadata_without_a_split_beside_it_gives_sizes_only(tree, ingested, tmp_path):
    tree.add(1, mask=False)
    folder = mimic(tmp_path / "mimic", {ONE: "test"}, {ONE: (2544, 3056)})
    (folder / "mimic-cxr-2.0.0-split.csv.gz").unlink()
    found = ingested(options=IngestOptions(mimic_metadata=folder))
    assert found.column("readings", "split") == [None]
    assert found.column("readings", "width_px") == [2544]
    assert found.reasons()["mimic_split_missing"] == 1
    assert found.counts["split_source"].startswith("none")


def test_a_folder_without_mimic_tables_is_a_warning(tree, ingested, tmp_path):
    tree.add(1)
    (tmp_path / "empty").mkdir()
    found = ingested(options=IngestOptions(mimic_metadata=tmp_path / "empty"))
    assert found.reasons()["mimic_tables_missing"] == 1
    assert found.counts["faults"]["mimic_tables_missing"]["severity"] == "warning"


def test_a_file_that_is_no_metadata_stops_the_ingest(tree, ingested, tmp_path):
    tree.add(1)
    (tmp_path / "notes.csv").write_text("a,b\n1,2\n")
    with pytest.raises(ManifestError, match=r"notes.csv: there is no column dicom_id,.*: a, b\)"):
        ingested(options=IngestOptions(mimic_metadata=tmp_path / "notes.csv"))


def test_a_subject_in_two_splits_stops_the_ingest(tree, ingested, tmp_path):
    tree.add(1, patient_id=99000007)
    tree.add(2, patient_id=99000007)
    folder = mimic(tmp_path / "mimic", {ONE: "train", TWO: "test"})
    with pytest.raises(ManifestError, match="subject 99000007: train, test"):
        ingested(options=IngestOptions(mimic_metadata=folder))
    survey = survey_tree(tree.root, MANIFEST, SETTINGS, IngestOptions(mimic_metadata=folder))
    assert [fault.code for fault in survey.faults if fault.severity == "error"] == ["bad_split"]


def test_a_rebuild_gives_the_same_bytes(tree, tmp_path):
    for number in (3, 1, 2):
        tree.add(number)
    root = tree.finish()
    for out in ("a", "b"):
        ingest_tree(root, tmp_path / out, MANIFEST, SETTINGS, NO_OPTION)
    names = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert len(names) == 9
    for name in names:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_the_commands_find_the_root_and_read_the_tree(tree, tmp_path):
    tree.add(1)
    tree.file(ONE, "index.html", b"")
    tree.file(ONE, "mediastanum.png", b"")
    tree.finish()
    said = gazescribe("ingest", "egd", tmp_path, tmp_path / "tables")
    assert said.startswith("egd: 1 reading, 1 with gaze, 1 subject; nothing left out")
    said = gazescribe("verify", "egd", tmp_path)
    assert "egd 1.0.0 (synthetic)" in said
    assert "understood (median of readings):\n  degrees    119 pixels each across" in said
    assert "known and not ingested: mediastinum 1" in said
    assert f"audio_segmentation_transcripts/{ONE}/index.html" in said
    assert "nothing is lost" in said


def test_verify_says_what_is_lost(tree, tmp_path):
    tree.add(1)
    tree.finish()
    (tree.folder(ONE) / "transcript.json").write_text("{}")
    result = invoke("verify", "egd", tree.root)
    assert result.exit_code == 2
    assert "transcript_unreadable: 1 in 1 item, costs text" in result.output


def test_the_demo_is_read_without_loss_but_for_its_edge_cases(tmp_path):
    gazescribe("demo", tmp_path, "--readings", 30, "--images", "none")
    options = IngestOptions(mimic_metadata=tmp_path / "mimic-cxr-jpg")
    summary = ingest_tree(tmp_path / "egd", tmp_path / "tables", MANIFEST, SETTINGS, options)
    assert summary["counts"]["readings"] > 0
    assert summary["size_sources"] == {"MIMIC metadata": summary["counts"]["readings"]}
    assert summary["splits"]["test"] + summary["splits"]["train"] > 0
    assert "fixations_position_differs" not in summary["faults"]
    assert "pads_differ" not in summary["faults"]
    lost = {code for code, one in summary["faults"].items() if one["severity"] == "loss"}
    planted = {
        "fixations_id_too_long",
        "eye_gaze_id_too_long",
        "eye_gaze_missing",
        "transcript_without_times",
    }
    assert lost <= planted


def test_the_summary_says_what_is_lost_and_not_how_many_files(tree, tmp_path):
    tree.add(1)
    for step in range(3):
        tree.sample("7" * 45, step / 60, 0.4, 0.4)
    tree.finish()
    (tree.folder(ONE) / "transcript.json").unlink()
    said = gazescribe("ingest", "egd", tmp_path, tmp_path / "tables")
    assert "; lost: text of 1; 3 rows of samples (`gazescribe verify` names them); split" in said


def test_a_partial_tree_is_read_without_what_is_absent(tree, ingested):
    tree.add(1)
    root = tree.finish()
    for name in ("fixations.csv", "eye_gaze.csv", "bounding_boxes.csv"):
        (root / name).unlink()
    (tree.folder(ONE) / "transcript.json").unlink()
    found = ingested(finish=False)
    (reading,) = found.rows("readings")
    assert reading["has_gaze"] is False
    assert reading["text"] is None
    assert found.reasons() == {
        "fixations_missing": 1,
        "eye_gaze_missing": 1,
        "boxes_missing": 1,
        "transcript_missing": 1,
    }
    assert found.counts["without_gaze"] == {"no usable file": 1}
    assert found.counts["counts"]["transcripts"] == 0
    assert found.rows("samples") == []


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        pytest.param((dicom_id(9), "spine", 1, 2, 3, 4), "box_unknown", id="unknown image"),
        pytest.param((ONE, "spine", 1, "x", 3, 4), "box_unreadable", id="no number"),
        pytest.param((ONE, "trachea", 1, 2, 3, 4), "box_twice", id="twice"),
    ],
)
def test_boxes_that_cannot_be_used_are_left_out(tree, ingested, row, reason):
    tree.add(1)
    tree.boxes.append(row)
    found = ingested()
    assert len(found.rows("regions")) == 2
    assert found.reasons()[reason] == 1


def test_a_reversed_box_is_turned(tree, ingested):
    tree.add(1)
    tree.boxes.append((ONE, "spine", 9, 5, 3, 4))
    found = ingested()
    (box,) = found.rows("regions", region="spine")
    assert (box["xmin_px"], box["xmax_px"]) == (5, 9)
    assert found.reasons()["box_reversed"] == 1


def test_size_comes_from_the_mask_then_from_mimic_then_from_the_gaze(tree, ingested, tmp_path):
    tree.add(1, size=(2544, 3056))
    for number in (2, 3, 4):
        one = tree.add(number, size=(2539, 3050), mask=False)
        for step in range(40):
            tree.fixation(one, 1 + step, 0.5, 0.31 + step / 110, 0.1 + step / 50)
    tree.file(dicom_id(4), "left_lung.png", b"no picture")
    folder = mimic(tmp_path / "mimic", {TWO: "train"}, {TWO: (2539, 3050)})
    found = ingested(options=IngestOptions(mimic_metadata=folder))
    sizes = [(row["width_px"], row["height_px"]) for row in found.rows("readings")]
    assert sizes == [(2544, 3056), (2539, 3050), (2540, 3050), (2540, 3050)]
    assert found.counts["size_sources"] == {
        "MIMIC metadata": 1,
        "fitted to fixations": 2,
        "left_lung.png": 1,
    }
    assert found.reasons()["mask_unreadable"] == 1
    assert found.reasons()["image_size_fitted"] == 2


def test_a_reading_of_unknown_size_loses_its_gaze_and_is_counted(tree, ingested):
    tree.add(1, mask=False)
    tree.gaze["fixations"].clear()
    tree.fixation(ONE, 0.1, 0.2, 0.1, 0.1)
    found = ingested()
    (reading,) = found.rows("readings")
    assert (reading["width_px"], reading["has_gaze"]) == (None, False)
    assert found.rows("fixations") == found.rows("samples") == []
    reasons = found.reasons()
    assert reasons["image_size_unknown"] == reasons["fixations_of_unknown_size"] == 1
    assert reasons["eye_gaze_of_unknown_size"] == 3
    assert found.counts["without_gaze"] == {"no fixation": 1}


def test_pads_of_another_size_are_noted(tree, ingested):
    tree.add(1, image_left_pad=500, image_right_pad=568)
    assert ingested().reasons()["pads_differ"] == 1


def test_without_a_plan_all_else_is_read(tree, tmp_path):
    tree.add(1, patient_id=99000007)
    tree.add(2, patient_id=99000007)
    (tree.folder(ONE) / "transcript.json").unlink()
    folder = mimic(tmp_path / "mimic", {ONE: "train", TWO: "test"})
    options = IngestOptions(mimic_metadata=folder)
    survey = survey_tree(tree.finish(), MANIFEST, SETTINGS, options)
    assert {"bad_split", "transcript_missing"} <= {fault.code for fault in survey.faults}
    assert survey.counts["transcripts"] == 1
