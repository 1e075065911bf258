"""Fixations as BIDS, read back by its rules; by its own validator where that is installed."""

import gzip
import json
import re
import shutil
import subprocess

import pandas as pd
import pytest
import yaml

from gazescribe.pipeline.sources.loading import load_manifest
from tests.conftest import ROOT
from tests.running import gazescribe, invoke
from tests.synthetic import reading, write_tables

from .conftest import IDS

STEM = "sub-reflacx/ses-{0}/beh/sub-reflacx_ses-{0}_task-dictation_"


@pytest.fixture(scope="module")
def folder(exported):
    return exported("bids")


def read(folder, reading, what):
    path = folder / f"{STEM.format(reading)}recording-eye1_{what}.tsv.gz"
    sidecar = json.loads(path.with_name(path.name.replace(".tsv.gz", ".json")).read_text())
    frame = pd.read_csv(path, sep="\t", names=sidecar["Columns"], na_values="n/a")
    return frame, sidecar


@pytest.mark.parametrize("reading", IDS[:2])
def test_fixations_come_back(inputs, folder, reading):
    fixations = pd.read_parquet(inputs.tables / "fixations.parquet")
    fixations = fixations[fixations.reading_id == reading].reset_index(drop=True)
    gaze, sidecar = read(folder, reading, "physio")
    events, about = read(folder, reading, "physioevents")
    assert len(gaze) == len(events) == len(fixations) == 25
    assert list(gaze) == ["timestamp", "x_coordinate", "y_coordinate", "pupil_size"]
    assert gaze.timestamp.tolist() == events.onset.tolist() == fixations.onset_s.tolist()
    assert gaze.x_coordinate.tolist() == fixations.x_px.tolist()
    assert gaze.pupil_size.isna().sum() == 1
    assert events.duration.tolist() == (fixations.offset_s - fixations.onset_s).round(6).tolist()
    assert sidecar["PhysioType"] == "eyetrack"
    assert sidecar["SamplingFrequency"] == load_manifest("reflacx").screen.sampling_hz
    assert sidecar["x_coordinate"]["Units"] == "pixel"
    assert about["OnsetSource"] == "timestamp"


def test_events_say_when_which_label_was_said(folder):
    path = folder / f"{STEM.format(IDS[0])}events.tsv"
    events = pd.read_csv(path, sep="\t")
    assert events.onset.is_monotonic_increasing
    said = events[events.trial_type == "sentence"]
    assert said.labels.tolist() == ["Pleural abnormality", "Cardiomegaly"]
    screen = json.loads(path.with_suffix(".json").read_text())["StimulusPresentation"]
    assert screen["ScreenResolution"] == [3840, 2160]


def test_a_reading_without_gaze_has_empty_files(folder):
    path = folder / f"{STEM.format(IDS[2])}recording-eye1_physio.tsv.gz"
    assert gzip.decompress(path.read_bytes()) == b""


def test_sessions_are_readings_and_the_subject_is_the_readers(folder):
    sessions = pd.read_csv(folder / "sub-reflacx/sub-reflacx_sessions.tsv", sep="\t")
    assert sessions.session_id.tolist() == [f"ses-{one}" for one in IDS]
    assert "text" not in sessions
    people = pd.read_csv(folder / "participants.tsv", sep="\t")
    assert people.to_dict("records") == [{"participant_id": "sub-reflacx", "n_readings": 3}]
    assert json.loads((folder / "dataset_description.json").read_text())["BIDSVersion"]


def test_files_that_bids_does_not_know_are_named_to_its_validator(folder):
    ignored = (folder / ".bidsignore").read_text().splitlines()
    assert {"*.csv", "SHA256SUMS", "croissant.json"} <= set(ignored)


def test_the_lossless_gaussians_lie_beside(inputs, folder):
    found = pd.read_csv(folder / "gaussians.csv")
    expected = pd.read_parquet(inputs.associated / "gaussians.parquet")
    pd.testing.assert_frame_equal(found, expected, check_dtype=False)


def test_labels_that_collide_are_refused(tmp_path):
    rows = [reading("R-000001"), reading("R0-00001")]
    tables = write_tables(tmp_path / "in", readings=rows, windows=[], gaussians=[])
    result = invoke("export", tables, tables, tmp_path / "out", "--format", "bids")
    assert result.exit_code == 2
    assert "two readings get the same BIDS label" in result.output


def test_a_reading_whose_id_has_no_letter_that_bids_knows(tmp_path):
    rows = [reading("読影"), reading("R1")]
    tables = write_tables(tmp_path / "in", readings=rows, windows=[], gaussians=[])
    result = invoke("export", tables, tables, tmp_path / "out", "--format", "bids")
    assert result.exit_code == 2
    assert result.output.endswith("and these have none. Rename them.\n  - 読影\n")


def test_the_validator_finds_no_error(folder):
    validator = shutil.which("bids-validator-deno") or shutil.which("bids-validator")
    if validator is None:
        pytest.skip("needs bids-validator-deno on PATH")
    done = subprocess.run(
        [validator, str(folder), "--format", "json"], capture_output=True, text=True, check=False
    )
    issues = json.loads(done.stdout)["issues"]["issues"]
    assert issues
    assert [one for one in issues if one["severity"] == "error"] == []


def test_fixations_survive_the_round(inputs, exported, tmp_path):
    """A BIDS export is ingested again by a manifest alone, as docs/own-data.md shows."""
    page = (ROOT / "docs/own-data.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"(?ms)^```yaml\n(fixations:\n  file: \"sub-.*?)^```", page)
    size = {"px_per_deg_x": 10, "px_per_deg_y": 12}
    tables = yaml.safe_load(block)
    tables["fixations"]["columns"] |= size
    manifest = {"name": "again", "tables": tables}
    (tmp_path / "again.yaml").write_text(yaml.safe_dump(manifest))
    gazescribe("ingest", tmp_path / "again.yaml", exported("bids"), tmp_path / "tables")
    found = pd.read_parquet(tmp_path / "tables" / "fixations.parquet")
    expected = pd.read_parquet(inputs.tables / "fixations.parquet")
    assert len(found) == 50
    columns = ["onset_s", "x_px", "y_px", "pupil_area_norm"]
    labels = expected.reading_id.str.replace("-", "")
    assert found.reading_id.tolist() == labels.tolist()
    pd.testing.assert_frame_equal(found[columns], expected[columns])
    pd.testing.assert_series_equal(found.offset_s, expected.offset_s)
    assert found.px_per_deg_x.tolist() == expected.px_per_deg_x.tolist()
    readings = pd.read_parquet(tmp_path / "tables" / "readings.parquet")
    assert readings.has_gaze.tolist() == [True, True, False]
    assert readings.reading_id.tolist() == list(IDS)
