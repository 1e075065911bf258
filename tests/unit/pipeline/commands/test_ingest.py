"""The line about a tree that was read; reading it is tested in `ingest/`."""

import json

import pytest
import yaml

from gazescribe.pipeline.commands.ingest import summary_line
from tests.conftest import ROOT
from tests.running import gazescribe, invoke

SUMMARY = {
    "dataset": "mine",
    "counts": {"readings": 2},
    "faults": {},
    "lost": {},
    "lost_rows": {},
    "split_source": "a seeded draw",
}


def test_the_line_says_what_is_left_out():
    assert summary_line(SUMMARY) == "mine: 2 readings; nothing left out; split: a seeded draw"
    counts = {"without_gaze": {"discarded": 1_200, "absent": 0}, "left_out": {"no id": 3}}
    line = summary_line(SUMMARY | counts)
    assert line == "mine: 2 readings; left out: discarded 1,200, no id 3; split: a seeded draw"


def test_the_line_says_what_is_lost():
    line = summary_line(SUMMARY | {"lost": {"words": 1}, "lost_rows": {"samples": 4}})
    lost = "lost: words of 1; 4 rows of samples (`gazescribe verify` names them)"
    assert line == f"mine: 2 readings; {lost}; split: a seeded draw"


def test_the_line_says_how_sentences_without_periods_were_made():
    faults = {"no_sentence_ends": {"items": 1, "rows": 1}}
    line = summary_line(SUMMARY | {"faults": faults})
    made = "dictations without written periods: 1 left as one sentence each"
    assert line == f"mine: 2 readings; nothing left out; {made}; split: a seeded draw"


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    gazescribe("demo", folder, "--readings", 11, "--images", "none", "--workers", 1)
    return folder


def test_data_sets_that_egd_needs_are_found_beside_it(demo, tmp_path):
    one = ("--workers", 1)
    gazescribe("ingest", "reflacx", demo, tmp_path / "reflacx", *one)
    named = ("--mimic-metadata", demo, "--reflacx", tmp_path / "reflacx")
    gazescribe("ingest", "egd", demo, tmp_path / "named", *named, *one)
    gazescribe("ingest", "egd", demo, tmp_path / "found", "--beside", demo, *one)
    files = {path.name: path.read_bytes() for path in (tmp_path / "named").iterdir()}
    assert files == {path.name: path.read_bytes() for path in (tmp_path / "found").iterdir()}
    assert "of REFLACX's" in json.loads(files["ingest.json"])["split_source"]


def test_what_is_not_beside_is_said_in_the_source_of_the_splits(demo, tmp_path):
    (tmp_path / "mimic").symlink_to(demo / "mimic-cxr-jpg")
    line = gazescribe(
        *("ingest", "egd", demo, tmp_path / "out", "--beside", tmp_path, "--workers", 1)
    )
    assert "as REFLACX's were not given (--reflacx)" in line


def test_others_need_nothing_beside_them(demo, tmp_path):
    one = ("--workers", 1)
    gazescribe("ingest", "reflacx", demo, tmp_path / "alone", *one)
    gazescribe("ingest", "reflacx", demo, tmp_path / "beside", "--beside", demo, *one)
    alone, beside = (tmp_path / name / "ingest.json" for name in ("alone", "beside"))
    assert alone.read_bytes() == beside.read_bytes()


@pytest.mark.parametrize(
    ("name", "wrong", "right", "message"),
    [
        pytest.param(
            *("sampled", "datasets", "samples_alone", "manifest has samples and no fixations"),
            id="samples alone",
        ),
        pytest.param(
            *("silent", "samples_alone", "datasets", "manifest has no samples to find fix"),
            id="no samples",
        ),
    ],
)
def test_a_data_set_in_the_wrong_list_is_refused(tmp_path, name, wrong, right, message):
    labs, out = ROOT / "examples" / "three-labs", tmp_path / "tables"
    manifest, mine = labs / "data_manifests" / f"{name}.yaml", tmp_path / "params.yaml"
    content = yaml.load((ROOT / "params.yaml").read_text(), yaml.CSafeLoader)
    words = ("ingest", manifest, labs / "recordings", out, "--workers", 1, "--params", mine)
    mine.write_text(yaml.safe_dump(content | {wrong: [name]}))
    refused = invoke(*words)
    assert refused.exit_code == 2
    assert f"`{wrong}` names {name}, whose {message}" in refused.output
    assert f"Name it in `{right}` instead" in refused.output
    assert not out.exists()
    mine.write_text(yaml.safe_dump(content | {right: [name]}))
    assert gazescribe(*words).startswith(f"{name}: 2 readings")
