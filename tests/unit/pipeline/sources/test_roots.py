import pytest

from gazescribe.pipeline.core.errors import ManifestError
from gazescribe.pipeline.sources.loading import load_manifest
from gazescribe.pipeline.sources.roots import existing, find_root

REFLACX = load_manifest("reflacx")


def put(folder, name="main_data/metadata_phase_3.csv"):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return folder


@pytest.mark.parametrize(
    "below",
    [
        pytest.param(".", id="itself"),
        pytest.param("physionet.org/files/reflacx-xray-localization/1.0.0", id="wget"),
        pytest.param("reflacx-reports-and-eye-tracking-data-1.0.0", id="zip"),
    ],
)
@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_the_root_is_found(tmp_path, below, suffix):
    root = put(tmp_path / below, f"main_data/metadata_phase_3.csv{suffix}")
    assert find_root(tmp_path, REFLACX) == root


def test_the_nearer_root_wins(tmp_path):
    put(tmp_path / "a" / "b")
    near = put(tmp_path / "z")
    assert find_root(tmp_path, REFLACX) == near


def test_two_equally_near_roots_are_refused(tmp_path):
    put(tmp_path / "a")
    put(tmp_path / "b")
    with pytest.raises(ManifestError, match=r"(?s)2 reflacx trees lie here.*/a.*/b"):
        find_root(tmp_path, REFLACX)


@pytest.mark.parametrize(
    "folder",
    [
        pytest.param("P102R000001", id="reading"),
        pytest.param("p10", id="image-folder"),
        pytest.param("p99000001", id="subject"),
        pytest.param("00000000-0000000a-0000000b-0000000c-0000000d", id="image"),
        pytest.param(".cache", id="hidden"),
        pytest.param("a/b/c/d/e", id="too-deep"),
    ],
)
def test_the_search_stays_out_of(tmp_path, folder):
    put(tmp_path / folder)
    with pytest.raises(ManifestError, match=r"main_data/metadata_phase_3\.csv \(or \.gz\)"):
        find_root(tmp_path, REFLACX)


def test_existing_takes_the_plain_file_first(tmp_path):
    assert existing(tmp_path / "a.csv") is None
    put(tmp_path, "a.csv.gz")
    assert existing(tmp_path / "a.csv") == tmp_path / "a.csv.gz"
    put(tmp_path, "a.csv")
    assert existing(tmp_path / "a.csv") == tmp_path / "a.csv"
