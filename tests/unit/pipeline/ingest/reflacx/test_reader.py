import json

import pyarrow.parquet as pq
import pytest

from gazescribe.pipeline.core.errors import ManifestError
from gazescribe.pipeline.ingest.run import ingest_tree
from gazescribe.pipeline.ingest.settings import Options
from tests.running import gazescribe, invoke
from tests.unit.pipeline.ingest.reflacx.ingested import MANIFEST, ONE, SETTINGS


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
