import pytest

from gazescribe.pipeline.core.errors import ManifestError
from gazescribe.pipeline.ingest.reflacx_metadata import read_metadata
from gazescribe.pipeline.ingest.run import ingest_tree, survey_tree
from tests.unit.pipeline.ingest.reflacx.ingested import MANIFEST, ONE, SETTINGS


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


REASONS = ("no_final_period", "no_sentence_ends", "words_new_column")


def test_columns_are_found_by_name(reflacx_tree, ingested):
    reflacx_tree.add("P300R000001")
    header = ["timestamp_end_word", "mood", "timestamp_start_word", "word"]
    reflacx_tree.table("P300R000001", "words", header, [["2.5", "x", "2.0", "clear"]])
    reflacx_tree.put(reflacx_tree.path("P300R000001", "transcription"), "clear")
    found = ingested()
    (word,) = found.rows("words")
    assert (word["text"], word["onset_s"], word["offset_s"]) == ("clear", 2.0, 2.5)
    assert found.reasons() == dict.fromkeys(REASONS, 1)


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
            {"image_size_y": "1e300"},
            "image_size_unreadable",
            ["width_px", "height_px"],
            id="size-beyond-measure",
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


def test_of_a_reading_that_is_listed_twice_only_the_first_is_read(reflacx_tree):
    reflacx_tree.add("P300R000001")
    reflacx_tree.add("P300R000001", 99000002)
    readings, (fault,) = read_metadata(reflacx_tree.finish(), MANIFEST)
    assert [reading.subject_id for reading in readings] == [99000001]
    assert (fault.severity, fault.code, fault.row) == ("error", "reading_twice", 2)
    survey = survey_tree(reflacx_tree.root, MANIFEST, SETTINGS, ONE)
    assert [fault.code for fault in survey.faults] == ["reading_twice"]
