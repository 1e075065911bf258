import hashlib
import json

import pytest

from gazescribe.pipeline.sources import listing
from gazescribe.pipeline.sources.listing import list_beside, list_sources
from gazescribe.pipeline.sources.loading import load_manifest, load_readable
from tests.conftest import ROOT
from tests.running import gazescribe, invoke

ONE = "00000000-0000000a-0000000b-0000000c-00000001"
CASE = f"audio_segmentation_transcripts/{ONE}"
EGD = {
    "master_sheet.csv": b"sheet",
    "fixations.csv": b"fixations",
    "eye_gaze.csv": b"samples",
    f"{CASE}/transcript.json": b"{}",
    f"{CASE}/left_lung.png": b"mask",
    f"{CASE}/audio.wav": b"not ingested",
    f"{CASE}/index.html": b"unknown",
    "audio_segmentation_transcripts/other/transcript.json": b"not an id",
}
JPG = f"files/p99/p99000001/s99000001/{ONE}.jpg"


def write(root, files):
    for path, content in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)
    return root


def test_small_files_are_hashed_and_large_ones_listed_by_size(tmp_path):
    content = list_sources(write(tmp_path, EGD), load_manifest("egd"))
    hashed = ("master_sheet.csv", "fixations.csv", f"{CASE}/transcript.json")
    listed = (*hashed, "eye_gaze.csv", f"{CASE}/left_lung.png")
    assert content["size"] == {path: len(EGD[path]) for path in listed}
    assert content["md5"] == {path: hashlib.md5(EGD[path]).hexdigest() for path in hashed}  # noqa: S324 not for security


def test_images_are_listed_and_gzipped_tables_hashed(tmp_path):
    files = {"mimic-cxr-2.0.0-metadata.csv.gz": b"x", JPG: b"picture", "README": b"not ingested"}
    content = list_sources(write(tmp_path, files), load_manifest("mimic-cxr-jpg"))
    assert content["size"] == {"mimic-cxr-2.0.0-metadata.csv.gz": 1, JPG: 7}
    assert list(content["md5"]) == ["mimic-cxr-2.0.0-metadata.csv.gz"]


def test_gaze_samples_of_reflacx_are_not_hashed(tmp_path):
    gaze, fixations = "gaze_data/P300R000001/gaze.csv", "main_data/P300R000001/fixations.csv"
    files = {"main_data/metadata_phase_3.csv": b"m", gaze: b"ggg", fixations: b"ff"}
    content = list_sources(write(tmp_path, files), load_manifest("reflacx"))
    assert content["size"][gaze] == 3
    assert sorted(content["md5"]) == [fixations, "main_data/metadata_phase_3.csv"]


def test_the_same_tree_elsewhere_gives_the_same_bytes(tmp_path):
    outs = []
    for place in ("a", "deep/b"):
        write(tmp_path / place, EGD if place == "a" else dict(reversed(EGD.items())))
        outs.append(tmp_path / f"{len(outs)}.json")
        gazescribe("sources", "egd", tmp_path / place, outs[-1])
    first, second = (out.read_bytes() for out in outs)
    assert first == second
    assert str(tmp_path).encode() not in first
    paths = list(json.loads(first)["size"])
    assert paths == sorted(paths)


@pytest.mark.parametrize(
    ("path", "content"),
    [
        pytest.param("fixations.csv", b"FIXATIONS", id="same size"),
        pytest.param("eye_gaze.csv", b"more samples", id="another size"),
        pytest.param("bounding_boxes.csv", b"", id="new file"),
    ],
)
def test_a_change_of_a_used_file_shows(tmp_path, path, content):
    before = list_sources(write(tmp_path, EGD), load_manifest("egd"))
    assert list_sources(write(tmp_path, {path: content}), load_manifest("egd")) != before


def test_a_change_of_an_unused_file_does_not_show(tmp_path):
    before = list_sources(write(tmp_path, EGD), load_manifest("egd"))
    write(tmp_path, {f"{CASE}/index.html": b"other", "notes.txt": b"", f"{CASE}/audio.wav": b""})
    assert list_sources(tmp_path, load_manifest("egd")) == before


@pytest.mark.parametrize("path", ["a.png", "deep/b.JPG", "c.dcm", "d.dicom"])
def test_a_radiograph_of_ones_own_that_is_replaced_shows(tmp_path, path):
    """By another that is as large; nothing else that no table names is listed."""
    own = load_readable(str(ROOT / "examples/three-labs/data_manifests/sampled.yaml"))
    write(tmp_path, {"readings.csv": b"r", path: b"picture", "notes.txt": b"n"})
    before = list_sources(tmp_path, own)
    assert before["size"] == {"readings.csv": 1, path: 7}
    after = list_sources(write(tmp_path, {path: b"another"}), own)
    assert after["size"] == before["size"]
    assert {name for name in after["md5"] if after["md5"][name] != before["md5"][name]} == {path}


def test_very_many_radiographs_are_listed_by_size(tmp_path, monkeypatch):
    monkeypatch.setattr(listing, "MAX_RADIOGRAPHS", 1)
    own = load_readable(str(ROOT / "examples/three-labs/data_manifests/sampled.yaml"))
    content = list_sources(write(tmp_path, {"a.png": b"a", "b.png": b"bb"}), own)
    assert content["size"] == {"a.png": 1, "b.png": 2}
    assert content["md5"] == {}


def test_links_are_followed_and_circles_end(tmp_path):
    write(tmp_path / "disk", {JPG: b"picture"})
    root = write(tmp_path / "root", {"mimic-cxr-2.0.0-metadata.csv": b"x"})
    (root / "files").symlink_to(tmp_path / "disk" / "files")
    (root / "circle").symlink_to(root)
    content = list_sources(root, load_manifest("mimic-cxr-jpg"))
    assert sorted(content["size"]) == [JPG, "mimic-cxr-2.0.0-metadata.csv"]


def test_the_root_is_found_and_the_summary_is_one_line(tmp_path):
    write(tmp_path / "physionet.org" / "files" / "egd-cxr" / "1.0.0", EGD)
    said = gazescribe("sources", "egd", tmp_path, tmp_path / "sources.json")
    assert said.startswith("egd: 5 files, 3 of them hashed → ")
    assert "master_sheet.csv" in json.loads((tmp_path / "sources.json").read_text())["md5"]


def test_a_folder_without_the_data_set_gives_an_empty_list(tmp_path):
    result = invoke("sources", "egd", tmp_path, tmp_path / "sources.json")
    assert result.exit_code == 0
    assert "warning" in result.output
    content = json.loads((tmp_path / "sources.json").read_text())
    assert content["size"] == content["md5"] == {}
    assert content["absent"].startswith("no egd tree is here: master_sheet.csv")


def test_tables_that_are_read_with_egd_are_listed_too(tmp_path):
    tables = {
        "jpg/mimic-cxr-2.0.0-metadata.csv": b"m",
        "jpg/mimic-cxr-2.0.0-chexpert.csv": b"not read",
        "reflacx/main_data/metadata_phase_3.csv": b"r",
    }
    write(tmp_path, tables)
    listed = list_beside(tmp_path, load_manifest("egd"))
    assert {name: sorted(files) for name, files in listed.items()} == {
        "mimic-cxr-jpg": ["manifest", "mimic-cxr-2.0.0-metadata.csv"],
        "reflacx": ["main_data/metadata_phase_3.csv", "manifest"],
    }
    write(tmp_path, {"reflacx/main_data/metadata_phase_3.csv": b"others"})
    again = list_beside(tmp_path, load_manifest("egd"))
    assert again["mimic-cxr-jpg"] == listed["mimic-cxr-jpg"]
    assert again["reflacx"] != listed["reflacx"]
    assert list_beside(tmp_path, load_manifest("reflacx")) == {}
    assert list_beside(tmp_path / "jpg", load_manifest("egd")).keys() == {"mimic-cxr-jpg"}
