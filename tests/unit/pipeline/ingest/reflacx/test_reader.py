import gzip
import json

import pyarrow.parquet as pq
import pytest

from gazescribe.pipeline.core.errors import ManifestError
from gazescribe.pipeline.ingest.run import ingest_tree
from gazescribe.pipeline.ingest.settings import IngestOptions
from tests.running import gazescribe, invoke
from tests.unit.pipeline.ingest.reflacx.ingested import MANIFEST, ONE, SETTINGS, Ingested


def test_five_readings_of_one_image(reflacx_tree, ingested):
    for number in range(5):
        reflacx_tree.add(f"P102R00000{number}")
    found = ingested()
    assert found.counts["counts"]["readings"] == 5
    assert found.counts["counts"]["images"] == 1
    assert len({row["split"] for row in found.rows("readings")}) == 1


def test_a_subject_in_two_splits_is_an_error(reflacx_tree, tmp_path):
    reflacx_tree.add("P300R000001", 99000001, split="test")
    reflacx_tree.add("P300R000002", 99000001, split="train")
    with pytest.raises(ManifestError, match="subject 99000001: train, test"):
        ingest_tree(reflacx_tree.finish(), tmp_path / "tables", MANIFEST, SETTINGS, ONE)


def test_published_lists_decide_and_are_named(reflacx_tree, ingested, tmp_path):
    reflacx_tree.add("P102R000001", 99000001)
    reflacx_tree.add("P102R000002", 99000002, split="test")
    reflacx_tree.add("P102R000003", 99000003, split="validate")
    reflacx_tree.add("P102R000004", 99000004)
    subjects, tuning = tmp_path / "val.txt", tmp_path / "ids.txt"
    subjects.write_text("99000001\n99000002\n")
    tuning.write_text("P102R000004\n")
    found = ingested(options=IngestOptions(subjects, tuning, workers=1))
    splits = [row["split"] for row in found.rows("readings")]
    assert splits == ["validate", "test", "validate", "train"]
    assert found.attributes("P102R000003")["mimic_split"] == "validate"
    assert found.attributes("P102R000004")["labeler_tuning"] == "true"
    assert found.counts["splits"] == {"train": 1, "validate": 2, "test": 1}
    assert found.counts["tuning_readings"] == 1
    assert found.reasons() == {"listed_but_test": 1, "validate_not_listed": 1}
    extra = pq.read_schema(found.out / "readings.parquet").metadata
    assert extra[b"split_source"].decode() == found.counts["split_source"]
    assert found.counts["split_source"].startswith("published list val.txt (2 subjects, sha256 ")


def test_the_command_finds_the_root_and_says_one_line(reflacx_tree, tmp_path):
    reflacx_tree.add("P300R000001", eye_tracking_data_discarded="True")
    reflacx_tree.finish()
    out = gazescribe("ingest", "reflacx", tmp_path, tmp_path / "tables", "--workers", 1)
    assert out.count("\n") == 1
    assert "reflacx: 1 reading, 0 with gaze, 1 image, 1 subject; left out: discarded 1" in out
    assert "split: seeded draw (seed 0, 10 % of subjects)" in out
    text = gazescribe("ingest", "reflacx", tmp_path, tmp_path / "tables", "--json")
    summary = json.loads(text)
    assert summary.pop("understood") == {}  # of no gaze and no words; it stays out of the file
    assert summary == json.loads((tmp_path / "tables" / "ingest.json").read_text())


def test_the_command_says_what_it_looked_for(tmp_path):
    result = invoke("ingest", "reflacx", tmp_path, tmp_path / "tables")
    assert result.exit_code == 2
    assert "main_data/metadata_phase_3.csv (or .gz) was looked for" in result.output


def test_the_output_cannot_be_a_file(reflacx_tree, tmp_path):
    (tmp_path / "tables").touch()
    result = invoke("ingest", "reflacx", tmp_path, tmp_path / "tables")
    assert result.exit_code == 2
    assert "is a file" in result.output


def test_a_whole_reading_becomes_rows_of_every_table(reflacx_tree, ingested):
    reflacx_tree.add("P300R000001", Consolidation="4")
    reflacx_tree.ellipses("P300R000001", [(["1", "2", "30", "40", "4"], ["Consolidation"])])
    found = ingested()
    dicom_id = "00000000-0000000a-0000000b-0000000c-99000001"
    assert found.rows("readings") == [
        {
            "reading_id": "P300R000001",
            "dataset": "reflacx",
            "phase": 3,
            "dicom_id": dicom_id,
            "study_id": 99000001,
            "subject_id": 99000001,
            "split": "train",
            "egd_split": None,
            "width_px": 100,
            "height_px": 120,
            "image_path": f"files/p99/p99000001/s99000001/{dicom_id}",
            "has_gaze": True,
            "text": "small effusion, stable. heart is normal.",
            "diagnosis": None,
        }
    ]
    first, second = found.rows("fixations")
    assert (first["onset_s"], first["offset_s"], first["x_px"], first["y_px"]) == (
        0.5,
        0.75,
        10,
        20,
    )
    assert (first["px_per_deg_x"], first["px_per_deg_y"]) == (94, 93)
    assert (first["shown_xmin_px"], first["shown_ymax_px"]) == (0, 120)
    assert second["fixation"] == 1
    assert [word["text"] for word in found.rows("words")][:3] == ["small", "effusion", ","]
    assert [
        (one["onset_s"], one["offset_s"], one["char_start"], one["char_end"])
        for one in found.rows("sentences")
    ] == [(2.0, 4.5, 0, 23), (4.5, 6.5, 24, 40)]
    assert len(found.rows("certainties")) == 14
    assert found.rows("certainties", label="Consolidation")[0]["certainty"] == 4
    assert found.rows("ellipses") == [
        {
            "reading_id": "P300R000001",
            "ellipse": 0,
            "label": "Consolidation",
            "xmin_px": 1.0,
            "ymin_px": 2.0,
            "xmax_px": 30.0,
            "ymax_px": 40.0,
            "certainty": 4,
        }
    ]
    assert [(r["region"], r["xmin_px"], r["ymax_px"]) for r in found.rows("regions")] == [
        ("chest", 5.0, 99.0)
    ]
    assert found.attributes("P300R000001") == {
        "Support devices": "false",
        "labeler_tuning": "false",
        "mimic_split": "train",
    }
    assert found.reasons() == {}


@pytest.mark.parametrize("with_files", [False, True], ids=["without-files", "with-files"])
def test_the_flag_of_a_discarded_reading_decides(reflacx_tree, ingested, with_files):
    reflacx_tree.add("P102R000001", eye_tracking_data_discarded="true", Mass="3")
    reflacx_tree.ellipses("P102R000001", [(["1", "2", "30", "40", "3"], ["Mass"])])
    if not with_files:
        for name in ("fixations", "words", "transcription"):
            (reflacx_tree.root / reflacx_tree.path("P102R000001", name)).unlink()
    found = ingested()
    (reading,) = found.rows("readings")
    assert (reading["has_gaze"], reading["text"]) == (False, None)
    assert [len(found.rows(name)) for name in ("fixations", "words", "sentences")] == [0, 0, 0]
    assert [len(found.rows(name)) for name in ("ellipses", "regions")] == [1, 1]
    assert found.rows("certainties", label="Mass")[0]["certainty"] == 3
    assert found.counts["without_gaze"] == {"discarded": 1}
    assert found.reasons() == ({"discarded_with_files": 3} if with_files else {})


@pytest.mark.parametrize(
    ("lost", "reason", "has_gaze", "text"),
    [
        pytest.param("fixations", "fixations_missing", False, True, id="fixations"),
        pytest.param("words", "words_missing", True, True, id="words"),
        pytest.param("transcription", "transcription_unreadable", True, True, id="text"),
        pytest.param("ellipses", "ellipses_missing", True, True, id="ellipses"),
        pytest.param("chest", "chest_missing", True, True, id="chest"),
    ],
)
def test_a_missing_file_costs_what_it_held(reflacx_tree, ingested, lost, reason, has_gaze, text):
    reflacx_tree.add("P300R000001")
    reflacx_tree.add("P300R000002", 99000002)
    (reflacx_tree.root / reflacx_tree.path("P300R000001", lost)).unlink()
    found = ingested()
    (reading,) = found.rows("readings", reading_id="P300R000001")
    assert (reading["has_gaze"], reading["text"] is not None) == (has_gaze, text)
    assert bool(found.rows("words", reading_id="P300R000001")) == (lost != "words")
    assert found.rows("fixations", reading_id="P300R000002")
    assert found.reasons() == {reason: 1}


def test_line_ends_gzip_and_bom_change_nothing(reflacx_tree, ingested):
    reflacx_tree.add("P300R000001", Consolidation="4")
    whole = ingested().rows("fixations")
    reflacx_tree.newline = "\n"
    reflacx_tree.rows[3].clear()
    reflacx_tree.add("P300R000001", Consolidation="4")
    root = reflacx_tree.finish()
    for path in sorted(root.rglob("*.csv")):
        path.with_name(f"{path.name}.gz").write_bytes(
            gzip.compress(b"\xef\xbb\xbf" + path.read_bytes())
        )
        path.unlink()
    ingest_tree(root, root / "again", MANIFEST, SETTINGS, ONE)
    assert whole == Ingested(root / "again").rows("fixations")
    assert not Ingested(root / "again").counts["faults"].keys() - {"certainty_not_drawn"}


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(b"\xff\xfe\x00", id="not-utf-8"),
        pytest.param(b"", id="empty"),
        pytest.param(b"a,b\n1\n", id="other-columns"),
    ],
)
def test_broken_files_cost_their_reading_only(reflacx_tree, ingested, text):
    reflacx_tree.add("P300R000001")
    reflacx_tree.add("P300R000002", 99000002)
    for name in ("fixations", "words", "ellipses", "chest", "transcription"):
        (reflacx_tree.root / reflacx_tree.path("P300R000001", name)).write_bytes(text)
    found = ingested()
    assert [row["has_gaze"] for row in found.rows("readings")] == [False, True]
    assert found.counts["without_gaze"] == {"no usable file": 1}
    assert len(found.reasons()) >= 4


def test_a_broken_gzip_is_a_fault_and_no_crash(reflacx_tree, ingested):
    reflacx_tree.add("P300R000001")
    path = reflacx_tree.root / reflacx_tree.path("P300R000001", "fixations")
    packed = gzip.compress(path.read_bytes())
    path.with_name("fixations.csv.gz").write_bytes(packed[: len(packed) // 2])
    path.unlink()
    assert ingested().reasons() == {"fixations_unreadable": 1}
