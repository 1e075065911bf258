import pytest

from gazescribe.pipeline.core.errors import ManifestError
from gazescribe.pipeline.sources.loading import load_manifest
from gazescribe.pipeline.sources.roots import find_beside, find_root

REFLACX = load_manifest("reflacx")
MIMIC = load_manifest("mimic-cxr-jpg")


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


def test_two_links_to_one_tree_are_one_tree(tmp_path):
    root = put(tmp_path / "a")
    (tmp_path / "b").symlink_to(root)
    assert find_root(tmp_path, REFLACX) == root


def test_a_tree_without_its_signature_is_found_by_two_other_files(tmp_path):
    for phase in (1, 2):
        put(tmp_path / "a", f"main_data/metadata_phase_{phase}.csv")
    assert find_root(tmp_path, REFLACX) == tmp_path / "a"


def test_one_other_file_is_no_tree(tmp_path):
    put(tmp_path / "a", "main_data/metadata_phase_1.csv")
    with pytest.raises(ManifestError, match="no reflacx tree is here"):
        find_root(tmp_path, REFLACX)


@pytest.mark.parametrize(
    ("root", "mimic"),
    [
        pytest.param("reflacx", "mimic-cxr-jpg-2.0.0", id="neighbours"),
        pytest.param("reflacx/1.0.0", "mimic-cxr-jpg/2.1.0", id="wget"),
        pytest.param("a/b/reflacx", "c/d/mimic", id="below-what-was-given"),
    ],
)
def test_another_data_set_beside_is_found(tmp_path, root, mimic):
    put(tmp_path / root)
    tree = put(tmp_path / mimic, "mimic-cxr-2.0.0-metadata.csv.gz")
    start = tmp_path / (root if root[0] == "r" else "")
    assert find_beside(start, tmp_path / root, MIMIC) == tree


def test_two_data_sets_beside_are_none(tmp_path):
    root = put(tmp_path / "reflacx")
    for name in ("a", "b"):
        put(tmp_path / name, "mimic-cxr-2.0.0-metadata.csv")
    assert find_beside(root, root, MIMIC) is None
    assert find_beside(tmp_path, root, MIMIC) is None


def test_ones_own_tree_is_the_folder_of_its_name_in_what_was_given_it_or_beside_it(tmp_path):
    path = tmp_path / "mylab.yaml"
    path.write_text(
        "name: mylab\ntables: {words: {file: w.csv, columns: {reading_id: a, text: b, onset_s: c,"
        " offset_s: d}}}\n"
    )
    manifest = load_manifest(str(path))
    start = tmp_path / "data" / "demo"
    start.mkdir(parents=True)
    assert find_root(start, manifest) == start
    (tmp_path / "data" / "mylab").mkdir()
    assert find_root(start, manifest) == tmp_path / "data" / "mylab"
    (start / "w.csv").touch()
    assert find_root(start, manifest) == start
    (start / "mylab").mkdir()
    assert find_root(start, manifest) == start / "mylab"
