import gzip
import json

import pyarrow.parquet as pq
import pytest

from gazescribe.pipeline.commands.params import load_params
from gazescribe.pipeline.core.errors import ManifestError
from gazescribe.pipeline.core.tables import read_table
from gazescribe.pipeline.ingest.chunks import CHUNK_READINGS
from gazescribe.pipeline.ingest.run import ingest_tree
from gazescribe.pipeline.ingest.settings import Options
from gazescribe.pipeline.sources.loading import load_manifest
from tests.running import gazescribe, invoke

MANIFEST = load_manifest("reflacx")
SETTINGS = load_params().ingest
ONE = Options(workers=1)


class Ingested:
    """Tables as lists of rows, and the counts of `ingest.json`."""

    def __init__(self, out):
        self.out = out
        self.counts = json.loads((out / "ingest.json").read_text())

    def rows(self, table, **where):
        rows = read_table(self.out, table).to_pylist()
        return [row for row in rows if all(row[key] == value for key, value in where.items())]

    def reasons(self):
        return {code: reason["rows"] for code, reason in self.counts["faults"].items()}

    def attributes(self, reading_id):
        rows = self.rows("attributes", reading_id=reading_id)
        return {row["name"]: row["value"] for row in rows}


@pytest.fixture
def ingested(reflacx_tree, tmp_path):
    """Ingest what the test has put in its tree."""

    def run(settings=SETTINGS, options=ONE):
        root = reflacx_tree.finish()
        ingest_tree(root, tmp_path / "tables", MANIFEST, settings, options)
        return Ingested(tmp_path / "tables")

    return run


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


def test_both_label_schemas(reflacx_tree, ingested):
    reflacx_tree.add("P102R000001", 99000002, **{"Quality issue": "True", "Other": "a|b, c"})
    reflacx_tree.add("P201R000001", 99000003)
    found = ingested()
    assert len(found.rows("certainties", reading_id="P102R000001")) == 15
    assert len(found.rows("certainties", reading_id="P201R000001")) == 14
    attributes = found.attributes("P102R000001")
    assert (attributes["Quality issue"], attributes["Other"]) == ("true", "a|b, c")
    assert "Quality issue" not in found.attributes("P201R000001")
    assert "Other" not in found.attributes("P201R000001")


def test_five_readings_of_one_image(reflacx_tree, ingested):
    for number in range(5):
        reflacx_tree.add(f"P102R00000{number}")
    found = ingested()
    assert found.counts["counts"]["readings"] == 5
    assert found.counts["counts"]["images"] == 1
    assert len({row["split"] for row in found.rows("readings")}) == 1


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


def test_without_words_and_text_the_text_is_null(reflacx_tree, ingested):
    reflacx_tree.add("P300R000001")
    for name in ("words", "transcription"):
        (reflacx_tree.root / reflacx_tree.path("P300R000001", name)).unlink()
    found = ingested()
    assert found.rows("readings")[0]["text"] is None
    assert found.counts["faults"]["words_missing"]["loses"] == "text"


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


def test_numbers_and_truths_in_other_spellings(reflacx_tree, ingested):
    reflacx_tree.add(
        "P300R000001",
        Atelectasis="3.0",
        image_size_x="100.0",
        subject_id="99000001.0",
        **{"Support devices": "1", "eye_tracking_data_discarded": "0"},
    )
    row = ["1.0", "2.0", "30", "4e1", "3.0", *["false"] * 16]
    row[5 + 2] = "TRUE"
    header = ["xmin", "ymin", "xmax", "ymax", "certainty"]
    names = sorted(set(reflacx_tree.rows[3][0]) - set(METADATA))
    reflacx_tree.table("P300R000001", "ellipses", header + names, [row])
    found = ingested()
    assert found.rows("ellipses")[0]["label"] == "Atelectasis"
    assert found.rows("ellipses")[0]["ymax_px"] == 40.0
    assert found.rows("readings")[0]["width_px"] == 100
    assert found.attributes("P300R000001")["Support devices"] == "true"
    assert found.reasons() == {}


METADATA = (
    "id",
    "split",
    "eye_tracking_data_discarded",
    "image",
    "dicom_id",
    "subject_id",
    "image_size_x",
    "image_size_y",
)


def test_columns_are_found_by_name(reflacx_tree, ingested):
    reflacx_tree.add("P300R000001")
    header = ["timestamp_end_word", "mood", "timestamp_start_word", "word"]
    reflacx_tree.table("P300R000001", "words", header, [["2.5", "x", "2.0", "clear"]])
    reflacx_tree.put(reflacx_tree.path("P300R000001", "transcription"), "clear")
    found = ingested()
    (word,) = found.rows("words")
    assert (word["text"], word["onset_s"], word["offset_s"]) == ("clear", 2.0, 2.5)
    assert found.reasons() == {"no_final_period": 1, "words_new_column": 1}


def test_words_that_look_like_missing_values_stay(reflacx_tree, ingested):
    reflacx_tree.add("P300R000001")
    reflacx_tree.words("P300R000001", ["nan", "null", ",", "na", "/", "none", "."])
    found = ingested()
    assert found.rows("readings")[0]["text"] == "nan null, na / none."
    assert '","' in (reflacx_tree.root / reflacx_tree.path("P300R000001", "words")).read_text()
    assert found.reasons() == {}


def test_words_of_no_length_and_no_final_period(reflacx_tree, ingested):
    reflacx_tree.add("P300R000001")
    reflacx_tree.words("P300R000001", ["clear", ".", "no", "change"], step_s=0.0)
    found = ingested()
    last = found.rows("sentences")[-1]
    assert (last["char_start"], last["char_end"], last["offset_s"]) == (7, 16, 2.0)
    assert found.reasons() == {"no_final_period": 1, "word_no_length": 4}


def test_the_rebuilt_text_wins_and_is_counted(reflacx_tree, ingested):
    reflacx_tree.add("P300R000001")
    reflacx_tree.put(reflacx_tree.path("P300R000001", "transcription"), "something else.\n")
    found = ingested()
    assert found.rows("readings")[0]["text"].startswith("small effusion,")
    assert found.reasons() == {"text_differs": 1}


def test_a_decimal_ends_no_sentence(reflacx_tree, ingested):
    reflacx_tree.add("P300R000001")
    reflacx_tree.words("P300R000001", ["1", ".5", "cm", "."])
    found = ingested()
    assert len(found.rows("sentences")) == 1
    assert found.reasons() == {"period_inside_word": 1, "text_differs": 1}


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        pytest.param([["clear", "3.0", "2.0"]], "word_reversed", id="reversed"),
        pytest.param([["clear", "", "2.0"]], "word_unreadable", id="blank"),
        pytest.param([["clear", "inf", "2.0"]], "word_unreadable", id="infinite"),
        pytest.param([["clear", "soon", "2.0"]], "word_unreadable", id="text"),
        pytest.param([], "words_none", id="none"),
        pytest.param([["clear", "2.0"]], "words_ragged", id="ragged"),
    ],
)
def test_unusable_words_leave_the_written_text(reflacx_tree, ingested, rows, reason):
    reflacx_tree.add("P300R000001")
    header = ["word", "timestamp_start_word", "timestamp_end_word"]
    reflacx_tree.table("P300R000001", "words", header, rows)
    found = ingested()
    assert found.rows("readings")[0]["text"] == "small effusion, stable. heart is normal."
    assert (found.rows("words"), found.rows("sentences")) == ([], [])
    assert found.reasons() == {reason: 1}
    assert found.counts["faults"][reason]["loses"] == "words"


def test_unusual_words_are_kept(reflacx_tree, ingested):
    reflacx_tree.add("P300R000001")
    header = ["word", "timestamp_start_word", "timestamp_end_word"]
    rows = [["a", "-1.0", "1.0"], ["", "1", "2"], ["b", "-2.0", "0.9"], [".", "250", "251"]]
    reflacx_tree.table("P300R000001", "words", header, rows)
    reflacx_tree.put(reflacx_tree.path("P300R000001", "transcription"), "a b.")
    found = ingested()
    assert [word["onset_s"] for word in found.rows("words")] == [-1.0, -2.0, 250.0]
    assert found.reasons() == {"word_empty": 1, "word_order": 1, "word_outside_audio": 3}


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        pytest.param(("1.0", "1.0", "5", "5"), "fixation_reversed", id="no-length"),
        pytest.param(("1.0", "0.9", "5", "5"), "fixation_reversed", id="reversed"),
        pytest.param(("1.0", "1.2", "", "5"), "fixation_unreadable", id="blank"),
        pytest.param(("1.0", "1.2", "nan", "5"), "fixation_unreadable", id="nan"),
        pytest.param(("one", "1.2", "5", "5"), "fixation_unreadable", id="text"),
    ],
)
def test_a_bad_fixation_is_left_out_and_counted(reflacx_tree, ingested, row, reason):
    reflacx_tree.add("P300R000001")
    reflacx_tree.fixations("P300R000001", [("0.5", "0.7", "1", "1"), row, ("2", "3", "4", "5")])
    found = ingested()
    assert [one["onset_s"] for one in found.rows("fixations")] == [0.5, 2.0]
    assert [one["fixation"] for one in found.rows("fixations")] == [0, 1]
    assert found.reasons() == {reason: 1}
    assert found.counts["faults"][reason]["loses"] == "fixations"


def test_without_a_usable_fixation_there_is_no_gaze(reflacx_tree, ingested):
    reflacx_tree.add("P300R000001")
    reflacx_tree.fixations("P300R000001", [("1.0", "0.9", "5", "5")])
    found = ingested()
    assert found.rows("readings")[0]["has_gaze"] is False
    assert found.counts["without_gaze"] == {"no fixation": 1}
    assert found.reasons() == {"fixation_reversed": 1, "fixations_none": 1}


def test_unusual_fixations_are_kept(reflacx_tree, ingested):
    reflacx_tree.add("P300R000001")
    rows = [("1", "2.5", "-700", "5"), ("-0.2", "0.3", "5", "5"), ("2", "3", "5", "500")]
    reflacx_tree.fixations("P300R000001", rows)
    found = ingested()
    fixations = found.rows("fixations")
    assert [one["onset_s"] for one in fixations] == [-0.2, 1.0, 2.0]
    assert [one["x_px"] for one in fixations] == [5.0, -700.0, 5.0]
    assert found.reasons() == {
        "fixation_off_image": 2,
        "fixation_order": 1,
        "fixation_outside_audio": 1,
        "fixation_overlap": 1,
    }


def test_blank_or_unreadable_parts_of_fixations_are_null(reflacx_tree, ingested):
    reflacx_tree.add("P300R000001")
    blank = {"pupil_area_normalized": "", "xmin_shown_from_image": "left"}
    reflacx_tree.fixations("P300R000001", [("1", "2", "5", "5")], **blank)
    found = ingested()
    (fixation,) = found.rows("fixations")
    assert (fixation["pupil_area_norm"], fixation["shown_xmin_px"]) == (None, None)
    assert found.reasons() == {"fixation_part_unreadable": 1}


@pytest.mark.parametrize("resolution", ["0", "-3"])
def test_no_resolution_no_fixation(reflacx_tree, ingested, resolution):
    reflacx_tree.add("P300R000001")
    change = {"angular_resolution_y_pixels_per_degree": resolution}
    reflacx_tree.fixations("P300R000001", [("1", "2", "5", "5")], **change)
    assert ingested().reasons() == {"fixation_no_resolution": 1, "fixations_none": 1}


def test_ellipses_one_row_a_label_and_header_only_tables(reflacx_tree, ingested):
    reflacx_tree.add("P300R000001", **{"Consolidation": "5", "Pulmonary edema": "2"})
    reflacx_tree.add("P300R000002", 99000002)
    both = (["-5", "2", "30", "400", "2"], ["Consolidation", "Pulmonary edema"])
    reflacx_tree.ellipses("P300R000001", [both, (["9", "9", "9", "20", "5"], ["Consolidation"])])
    found = ingested()
    assert [(one["ellipse"], one["label"], one["certainty"]) for one in found.rows("ellipses")] == [
        (0, "Consolidation", 2),
        (0, "Pulmonary edema", 2),
        (1, "Consolidation", 5),
    ]
    assert found.rows("ellipses")[0]["xmin_px"] == -5.0
    assert found.reasons() == {"ellipse_no_area": 1, "ellipse_off_image": 1}


@pytest.mark.parametrize(
    ("numbers", "labels", "reason"),
    [
        pytest.param(["1", "2", "3", "4", "6"], ["Consolidation"], "ellipse_certainty", id="6"),
        pytest.param(["1", "2", "3", "4", "0"], ["Consolidation"], "ellipse_certainty", id="0"),
        pytest.param(["1", "2", "3", "4", "2.5"], ["Consolidation"], "ellipse_certainty", id="2.5"),
        pytest.param(["1", "2", "3", "x", "3"], ["Consolidation"], "ellipse_unreadable", id="x"),
        pytest.param(["1", "2", "3", "4", "3"], [], "ellipse_no_label", id="no-label"),
    ],
)
def test_a_bad_ellipse_is_left_out_and_counted(reflacx_tree, ingested, numbers, labels, reason):
    reflacx_tree.add("P300R000001", Atelectasis="4")
    good = (["1", "2", "30", "40", "4"], ["Atelectasis"])
    reflacx_tree.ellipses("P300R000001", [(numbers, labels), good])
    found = ingested()
    assert [(one["ellipse"], one["label"]) for one in found.rows("ellipses")] == [
        (1, "Atelectasis")
    ]
    assert found.reasons() == {reason: 1}


def test_turned_corners_are_swapped(reflacx_tree, ingested):
    reflacx_tree.add("P300R000001", Consolidation="3")
    reflacx_tree.ellipses("P300R000001", [(["30", "2", "10", "4", "3"], ["Consolidation"])])
    found = ingested()
    (ellipse,) = found.rows("ellipses")
    assert (ellipse["xmin_px"], ellipse["xmax_px"]) == (10.0, 30.0)
    assert found.reasons() == {"ellipse_reversed": 1}


def test_ellipse_table_of_another_phase_is_not_used(reflacx_tree, ingested):
    reflacx_tree.add("P300R000001")
    path = reflacx_tree.root / reflacx_tree.path("P300R000001", "ellipses")
    path.write_text(path.read_text().replace("Enlarged hilum", "Emphysema"))
    found = ingested()
    assert found.reasons() == {"ellipses_no_column": 1}
    assert len(found.rows("certainties")) == 14


@pytest.mark.parametrize(
    ("cell", "certainty", "reason"),
    [
        pytest.param("-1", [None], "certainty_unknown", id="chosen-not-stated"),
        pytest.param("6", [], "certainty_unreadable", id="too-large"),
        pytest.param("", [], "certainty_unreadable", id="blank"),
        pytest.param("4", [4], "certainty_not_drawn", id="no-ellipse"),
    ],
)
def test_unusual_certainties(reflacx_tree, ingested, cell, certainty, reason):
    reflacx_tree.add("P102R000001", Mass=cell)
    found = ingested()
    assert [row["certainty"] for row in found.rows("certainties", label="Mass")] == certainty
    assert len(found.rows("certainties")) == 14 + len(certainty)
    assert found.reasons() == {reason: 1}


@pytest.mark.parametrize(
    ("cell", "drawn", "value"),
    [
        pytest.param("False", ["Support devices"], "true", id="drawn-though-false"),
        pytest.param("True", [], "true", id="pressed"),
        pytest.param("False", [], "false", id="neither"),
    ],
)
def test_flags_are_pressed_or_drawn(reflacx_tree, ingested, cell, drawn, value):
    reflacx_tree.add("P102R000001", **{"Support devices": cell})
    reflacx_tree.ellipses("P102R000001", [(["1", "2", "3", "4", "5"], drawn)] if drawn else [])
    found = ingested()
    assert found.attributes("P102R000001")["Support devices"] == value
    assert found.reasons() == {}


def test_an_unreadable_flag_is_left_out(reflacx_tree, ingested):
    reflacx_tree.add("P102R000001", **{"Support devices": "maybe"})
    found = ingested()
    assert "Support devices" not in found.attributes("P102R000001")
    assert found.reasons() == {"flag_unreadable": 1}


@pytest.mark.parametrize(
    ("rows", "reasons"),
    [
        pytest.param([], {"chest_not_one": 1}, id="none"),
        pytest.param([["1", "2", "3", "4"]] * 2, {"chest_not_one": 1}, id="two"),
        pytest.param([["1", "2", "", "4"]], {"chest_unreadable": 1}, id="blank"),
    ],
)
def test_chest_boxes_that_cannot_be_used(reflacx_tree, ingested, rows, reasons):
    reflacx_tree.add("P300R000001")
    reflacx_tree.table("P300R000001", "chest", ["xmin", "ymin", "xmax", "ymax"], rows)
    found = ingested()
    assert found.rows("regions") == []
    assert found.reasons() == reasons


def test_a_chest_box_over_the_edge_stays(reflacx_tree, ingested):
    reflacx_tree.add("P300R000001")
    box = [["-4", "2", "104", "9"]]
    reflacx_tree.table("P300R000001", "chest", ["xmin", "ymin", "xmax", "ymax"], box)
    found = ingested()
    assert found.rows("regions")[0]["xmax_px"] == 104.0
    assert found.reasons() == {"chest_off_image": 1}


@pytest.mark.parametrize(
    ("changes", "reason", "nulls"),
    [
        pytest.param(
            {"image": "somewhere.dcm"},
            "image_path_unreadable",
            ["study_id", "image_path"],
            id="image-path",
        ),
        pytest.param(
            {"image_size_x": "0"}, "image_size_unreadable", ["width_px", "height_px"], id="size"
        ),
        pytest.param(
            {"subject_id": "99000009"}, "image_path_differs", [], id="path-of-another-subject"
        ),
    ],
)
def test_unusual_metadata_rows_stay(reflacx_tree, ingested, changes, reason, nulls):
    reflacx_tree.add("P300R000001", **changes)
    found = ingested()
    (reading,) = found.rows("readings")
    kept = {name for name, value in reading.items() if value is None} - {"egd_split", "diagnosis"}
    assert kept == set(nulls)
    assert found.reasons() == {reason: 1}


def test_all_errors_of_the_metadata_are_listed_and_nothing_is_written(reflacx_tree, tmp_path):
    reflacx_tree.add("P300R000001", split="validation")
    reflacx_tree.add("P300R000002")
    reflacx_tree.add("P300R000002")
    reflacx_tree.add("P300R003")
    reflacx_tree.add("P300R000004", eye_tracking_data_discarded="maybe")
    reflacx_tree.add("P300R000005", subject_id="p99")
    reflacx_tree.add("P300R000006", dicom_id="../etc")
    root = reflacx_tree.finish()
    (root / "main_data/metadata_phase_1.csv").unlink()
    path = root / "main_data/metadata_phase_2.csv"
    path.write_text(path.read_text().replace("Atelectasis", "atelectasis"))
    with pytest.raises(ManifestError) as error:
        ingest_tree(root, tmp_path / "tables", MANIFEST, SETTINGS, ONE)
    faults = "\n".join(error.value.faults)
    assert len(error.value.faults) == 8
    for part in (
        "metadata_phase_1.csv: there is no such file",
        "metadata_phase_2.csv: there is no column Atelectasis; the nearest is atelectasis",
        "row 1: split 'validation' is none of train, validate, test",
        "row 3: reading P300R000002 stands in main_data/metadata_phase_3.csv, row 2 too",
        "row 4: id 'P300R003' is not of the form",
        "row 5: eye_tracking_data_discarded 'maybe' is not True or False",
        "row 6: subject_id 'p99' is not of the form",
        "row 7: dicom_id '../etc' is not of the form",
    ):
        assert part in faults
    assert not (tmp_path / "tables").exists()


def test_metadata_without_a_row_is_an_error(reflacx_tree, tmp_path):
    with pytest.raises(ManifestError, match="no reading is listed"):
        ingest_tree(reflacx_tree.finish(), tmp_path / "tables", MANIFEST, SETTINGS, ONE)


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
    found = ingested(options=Options(subjects, tuning, workers=1))
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


def test_a_quality_threshold_leaves_the_gaze_out(reflacx_tree, ingested):
    reflacx_tree.add("P300R000001")
    reflacx_tree.fixations("P300R000001", [("0", "1", "5", "5"), ("9", "9.5", "5", "5")])
    reflacx_tree.add("P300R000002", 99000002)
    quality = SETTINGS.quality.model_copy(update={"max_gap_s": 5.0})
    found = ingested(settings=SETTINGS.model_copy(update={"quality": quality}))
    assert [row["has_gaze"] for row in found.rows("readings")] == [False, True]
    assert {row["reading_id"] for row in found.rows("fixations")} == {"P300R000002"}
    assert found.rows("words", reading_id="P300R000001")
    assert found.counts["without_gaze"] == {"quality: longest_gap_s": 1}


GAZE = "timestamp_sample,x_position,y_position,window_width"


def test_samples_when_asked_for(reflacx_tree, ingested):
    reflacx_tree.add("P300R000001")
    lines = ["0.5,10,20,1.0", "0.501,,,1.0", "0.502,5,,1.0", "0.6,-3,20,1.0", ",1,1,1"]
    reflacx_tree.put(reflacx_tree.path("P300R000001", "gaze"), "\r\n".join([GAZE, *lines]))
    reflacx_tree.add("P300R000002", 99000002)
    found = ingested(options=Options(samples=True, workers=1))
    rows = [tuple(row.values())[2:] for row in found.rows("samples", reading_id="P300R000001")]
    assert rows == [
        (0.5, 10.0, 20.0, True, True),
        (0.501, None, None, False, False),
        (0.502, 5.0, None, False, False),
        (0.6, -3.0, 20.0, True, False),
    ]
    assert found.reasons() == {
        "gaze_missing": 1,
        "sample_half_blank": 1,
        "sample_no_time": 1,
        "sample_step": 1,
    }


def test_gzipped_samples_are_one_row_group_a_reading(reflacx_tree, ingested):
    for number in (1, 2):
        reflacx_tree.add(f"P300R00000{number}", 99000000 + number)
        path = reflacx_tree.root / f"gaze_data/P300R00000{number}/gaze.csv.gz"
        path.parent.mkdir(parents=True)
        path.write_bytes(gzip.compress(f"{GAZE}\n0.5,1,2,1\n0.501,3,4,1\n".encode()))
    found = ingested(options=Options(samples=True, workers=1))
    assert pq.ParquetFile(found.out / "samples.parquet").num_row_groups == 2
    assert [row["x_px"] for row in found.rows("samples")] == [1.0, 3.0, 1.0, 3.0]
    assert found.reasons() == {}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param(f"{GAZE}\n", "gaze_none", id="header-only"),
        pytest.param("timestamp_sample,x_position\n1,2\n", "gaze_unreadable", id="no-column"),
        pytest.param(f"{GAZE}\n1,left,2,3\n", "gaze_unreadable", id="text"),
        pytest.param("", "gaze_unreadable", id="empty"),
    ],
)
def test_unusable_samples_are_counted(reflacx_tree, ingested, text, reason):
    reflacx_tree.add("P300R000001")
    reflacx_tree.put(reflacx_tree.path("P300R000001", "gaze"), text)
    found = ingested(options=Options(samples=True, workers=1))
    assert found.rows("samples") == []
    assert found.reasons() == {reason: 1}


def test_a_run_without_samples_takes_old_ones_away(reflacx_tree, ingested):
    reflacx_tree.add("P300R000001")
    assert (ingested(options=Options(samples=True, workers=1)).out / "samples.parquet").exists()
    assert not (ingested().out / "samples.parquet").exists()


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


def test_bytes_do_not_depend_on_workers_or_on_a_second_run(reflacx_tree, tmp_path):
    for number in range(2 * CHUNK_READINGS + 1):
        reflacx_tree.add(f"P300R{number:06d}", 99000000 + number)
    root = reflacx_tree.finish()
    options = [ONE, Options(workers=2), ONE]
    for number, option in enumerate(options):
        ingest_tree(root, tmp_path / str(number), MANIFEST, SETTINGS, option)
    names = sorted(path.name for path in (tmp_path / "0").iterdir())
    assert len(names) == 9
    for name in names:
        whole = {(tmp_path / str(number) / name).read_bytes() for number in range(len(options))}
        assert len(whole) == 1, name
    assert pq.ParquetFile(tmp_path / "0" / "fixations.parquet").num_row_groups == 3


def test_the_command_finds_the_root_and_says_one_line(reflacx_tree, tmp_path):
    reflacx_tree.add("P300R000001", eye_tracking_data_discarded="True")
    reflacx_tree.finish()
    out = gazescribe("ingest", "reflacx", tmp_path, tmp_path / "tables", "--workers", 1)
    assert out.count("\n") == 1
    assert "reflacx: 1 reading, 0 with gaze, 1 image, 1 subject; left out: discarded 1" in out
    assert "split: seeded draw (seed 0, 10 % of subjects)" in out
    text = gazescribe("ingest", "reflacx", tmp_path, tmp_path / "tables", "--json")
    assert json.loads(text) == json.loads((tmp_path / "tables" / "ingest.json").read_text())


def test_the_command_says_what_it_looked_for(tmp_path):
    result = invoke("ingest", "reflacx", tmp_path, tmp_path / "tables")
    assert result.exit_code == 2
    assert "main_data/metadata_phase_3.csv (or .gz) was looked for" in result.output


def test_the_output_cannot_be_a_file(reflacx_tree, tmp_path):
    (tmp_path / "tables").touch()
    result = invoke("ingest", "reflacx", tmp_path, tmp_path / "tables")
    assert result.exit_code == 2
    assert "is a file" in result.output
