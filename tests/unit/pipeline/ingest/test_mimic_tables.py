import json

import pytest

from gazescribe.pipeline.core.errors import ManifestError
from gazescribe.pipeline.core.tables import read_table
from gazescribe.pipeline.ingest.run import ingest_tree
from gazescribe.pipeline.ingest.settings import IngestOptions
from tests.unit.pipeline.ingest.mimic.mimic_tree import MANIFEST, SETTINGS, MimicTree


@pytest.fixture
def tree(tmp_path):
    return MimicTree(tmp_path / "physionet.org" / "files" / "mimic-cxr-jpg" / "2.0.0")


@pytest.fixture
def ingested(tree, tmp_path):
    """Ingest what the test has put in its tree; give a reader of tables and the summary."""

    def run(suffix=".csv", options=None):
        out = tmp_path / "tables"
        ingest_tree(tree.finish(suffix), out, MANIFEST, SETTINGS, options or IngestOptions())
        summary = json.loads((out / "ingest.json").read_text())
        return lambda name: read_table(out, name).to_pylist(), summary

    return run


@pytest.mark.parametrize("size", ["", "0", "2.5", "1e300", "9" * 30])
def test_an_unknown_size_is_null_and_counted(tree, ingested, size):
    tree.add(1)
    tree.rows["metadata"][0]["Rows"] = size
    rows, summary = ingested()
    assert (rows("images")[0]["width_px"], rows("images")[0]["height_px"]) == (None, None)
    assert summary["faults"]["image_size_unreadable"]["rows"] == 1


@pytest.mark.parametrize(
    ("table", "change", "expected"),
    [
        pytest.param("metadata", {"dicom_id": "../x"}, "have a dicom_id that is not", id="id"),
        pytest.param("metadata", {"subject_id": 7}, "have a subject_id that is not", id="subject"),
        pytest.param("metadata", {"study_id": ""}, "have a study_id that is not", id="blank"),
        pytest.param("metadata", {"Rows": "tall"}, "cannot be read.*tall", id="number"),
        pytest.param("split", {"split": "dev"}, "have a split that is none of train", id="split"),
        pytest.param("split", {"split": ""}, "have a split that is none of train", id="no split"),
        pytest.param("chexpert", {"Edema": 2}, "have a label that is not 1, 0, -1", id="label"),
    ],
)
def test_tables_that_cannot_be_meant_stop_the_ingest(tree, ingested, table, change, expected):
    tree.add(1)
    tree.rows[table][0] |= change
    with pytest.raises(ManifestError, match=expected):
        ingested()


@pytest.mark.parametrize(
    ("table", "key"),
    [
        pytest.param("metadata", "dicom_id", id="image"),
        pytest.param("split", "dicom_id", id="split"),
        pytest.param("chexpert", "study_id", id="study"),
    ],
)
def test_a_key_that_occurs_twice_stops_the_ingest(tree, ingested, table, key):
    tree.add(1)
    tree.rows[table].append(tree.rows[table][0])
    with pytest.raises(ManifestError, match=f"row 2: 1 of 2 rows repeat a {key}"):
        ingested()


def test_all_faults_come_at_once(tree, tmp_path):
    tree.add(1)
    tree.rows["split"][0]["split"] = "dev"
    root = tree.finish()
    (root / "mimic-cxr-2.0.0-chexpert.csv").unlink()
    with pytest.raises(ManifestError) as caught:
        ingest_tree(root, tmp_path / "tables", MANIFEST, SETTINGS, IngestOptions())
    assert len(caught.value.faults) == 2
    assert "chexpert.csv: there is no such file" in str(caught.value)


@pytest.mark.parametrize(
    ("table", "code", "loses"),
    [
        pytest.param("metadata", {"split_not_elsewhere", "chexpert_not_elsewhere"}, 1, id="cut"),
        pytest.param("split", {"metadata_not_elsewhere"}, 1, id="no-split"),
        pytest.param("chexpert", set(), 0, id="no-labels-is-no-fault"),
    ],
)
def test_rows_that_another_table_lacks_are_lost(tree, ingested, table, code, loses):
    tree.add(1)
    tree.add(2)
    del tree.rows[table][1]
    _, summary = ingested()
    assert {name: fault["rows"] for name, fault in summary["faults"].items()} == dict.fromkeys(
        code, 1
    )
    assert summary["lost_rows"].get("image", 0) == loses


def test_an_image_of_two_subjects_stops_the_ingest(tree, ingested):
    tree.add(1)
    tree.rows["split"][0]["subject_id"] = 99000007
    with pytest.raises(ManifestError, match="1 of 1 rows have another subject than in the meta"):
        ingested()


def test_a_table_without_a_last_line_end_is_noted(tree, tmp_path):
    tree.add(1)
    path = tree.finish() / "mimic-cxr-2.0.0-chexpert.csv"
    path.write_text(path.read_text().rstrip("\n"))
    summary = ingest_tree(tree.root, tmp_path / "tables", MANIFEST, SETTINGS, IngestOptions())
    assert summary["faults"]["table_cut"]["rows"] == 1
