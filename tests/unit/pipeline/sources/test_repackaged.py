import zipfile

import pytest

from gazescribe.pipeline.core.errors import ManifestError
from gazescribe.pipeline.sources.loading import load_manifest
from gazescribe.pipeline.sources.repackaged import recognise
from gazescribe.pipeline.sources.roots import find_root

IMAGE = "00000000-0000000a-0000000b-0000000c-0000000d"
STUDY = "p99/p99000001/s99000001"
SIGNATURES = {
    "reflacx": "main_data/metadata_phase_3.csv",
    "egd": "master_sheet.csv",
    "mimic-cxr-jpg": "mimic-cxr-2.0.0-metadata.csv",
}


def put(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def refusal(folder, dataset):
    with pytest.raises(ManifestError) as caught:
        find_root(folder, load_manifest(dataset))
    return str(caught.value)


MIMIC_EYE = (
    "mimic-eye/patient_99000001/REFLACX/main_data/P300R000001/fixations.csv",
    "mimic-eye/patient_99000001/REFLACX/metadata.csv",
    f"mimic-eye/patient_99000001/CXR-JPG/s99000001/{IMAGE}.jpg",
    "mimic-eye/patient_99000002/EyeGaze/fixations.csv",
    "mimic-eye/spreadsheets/EyeGaze/master_sheet_with_updated_stayId.csv",
    "mimic-eye/spreadsheets/EyeGaze/fixations.csv",
    "mimic-eye/spreadsheets/EyeGaze/eye_gaze.csv",
    "mimic-eye/spreadsheets/EyeGaze/bounding_boxes.csv",
    "mimic-eye/spreadsheets/REFLACX/metadata.csv",
)


@pytest.mark.parametrize("dataset", sorted(SIGNATURES))
@pytest.mark.parametrize(
    "below", [".", "mimic-eye", "mimic-eye/patient_99000001", "mimic-eye/spreadsheets"]
)
def test_mimic_eye(tmp_path, dataset, below):
    put(tmp_path, *MIMIC_EYE)
    message = refusal(tmp_path / below, dataset)
    assert "mimic-eye is MIMIC-Eye" in message
    assert "into 2 folders of patients" in message
    assert f"https://physionet.org/content/{dataset.replace('reflacx', 'reflacx-')}"[:40] in message


@pytest.mark.parametrize(
    ("dataset", "below"),
    [
        pytest.param("reflacx", "main_data", id="main_data"),
        pytest.param("reflacx", "main_data/P300R000001", id="reading"),
        pytest.param("egd", f"audio_segmentation_transcripts/{IMAGE}", id="transcripts"),
        pytest.param("mimic-cxr-jpg", "files", id="files"),
        pytest.param("mimic-cxr-jpg", f"files/{STUDY}", id="study"),
    ],
)
def test_a_part_of_a_tree(tmp_path, dataset, below):
    put(tmp_path, SIGNATURES[dataset], f"{below}/file")
    message = refusal(tmp_path / below, dataset)
    assert f"This is a part of the tree in {tmp_path}. Give {tmp_path}." in message


def zipped(path, *names):
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, "")


@pytest.mark.parametrize(
    ("dataset", "name", "inside"),
    [
        pytest.param("reflacx", "main_data.zip", "main_data/metadata_phase_3.csv", id="main_data"),
        pytest.param("reflacx", "a.zip", "reflacx-1.0.0/main_data.zip", id="archive-in-archive"),
        pytest.param("egd", "inner/egd-cxr-1.0.0.ZIP", "egd-cxr/1.0.0/master_sheet.csv", id="egd"),
        pytest.param("mimic-cxr-jpg", "x.zip", "x/mimic-cxr-2.0.0-metadata.csv.gz", id="mimic"),
    ],
)
def test_an_archive(tmp_path, dataset, name, inside):
    zipped(tmp_path / name, inside)
    for given in (tmp_path, tmp_path / name):
        message = refusal(given, dataset)
        assert f"{tmp_path / name} is an archive. Unpack it, and give its folder." in message


@pytest.mark.parametrize("name", ["reflacx.tar.gz", "broken.zip"])
def test_an_archive_that_does_not_tell_its_content(tmp_path, name):
    (tmp_path / name).write_bytes(b"PK")
    assert f"{name} is an archive" in refusal(tmp_path, "reflacx")


def test_an_archive_of_something_else_is_none(tmp_path):
    zipped(tmp_path / "mimic-cxr-reports.zip", "files/p99/p99000001/s99000001.txt")
    assert recognise(tmp_path, load_manifest("mimic-cxr-jpg")) is None


def test_a_file_is_no_folder(tmp_path):
    put(tmp_path, "a.csv")
    assert "This is a file, where a folder is needed." in refusal(tmp_path / "a.csv", "egd")


@pytest.mark.parametrize("given", SIGNATURES)
@pytest.mark.parametrize("there", SIGNATURES)
def test_another_data_set(tmp_path, given, there):
    put(tmp_path, f"downloads/{SIGNATURES[there]}")
    if given == there:
        assert find_root(tmp_path, load_manifest(given)) == tmp_path / "downloads"
        return
    message = refusal(tmp_path, given)
    assert f"downloads holds {there}, which is another data set. Say {there}, or" in message


@pytest.mark.parametrize(
    "names",
    [
        pytest.param(("cxr-record-list.csv.gz",), id="list"),
        pytest.param((f"files/{STUDY}/{IMAGE}.dcm",), id="images"),
    ],
)
@pytest.mark.parametrize("below", [".", "physionet/mimic-cxr"])
def test_dicom_instead_of_jpeg(tmp_path, names, below):
    put(tmp_path / below, *names)
    message = refusal(tmp_path, "mimic-cxr-jpg")
    assert "is MIMIC-CXR (DICOM files and reports)" in message
    assert "Fetch MIMIC-CXR-JPG" in message
    assert "images --source dicom" in message
    assert "dicom`" not in refusal(tmp_path, "egd")


@pytest.mark.parametrize(
    ("dataset", "name", "part"),
    [
        pytest.param("reflacx", "P300R000001_fixations.csv", "1 file or folder", id="flat"),
        pytest.param("reflacx", "P300R000001/fixations.csv", "P300R000001, without", id="folders"),
        pytest.param("reflacx", "gaze_data/P300R000001/gaze.csv", "gaze_data holds", id="gaze"),
        pytest.param("mimic-cxr-jpg", f"train/{IMAGE}.png", "train holds 1 file", id="kaggle"),
        pytest.param("mimic-cxr-jpg", f"x/files/{STUDY}/a.jpg", "radiographs without", id="files"),
        pytest.param("egd", f"{IMAGE}/transcript.json", "without master_sheet.csv", id="egd"),
    ],
)
def test_rearranged_by_others(tmp_path, dataset, name, part):
    put(tmp_path, name)
    message = refusal(tmp_path, dataset)
    assert part in message
    assert "Fetch " in message


@pytest.mark.parametrize(
    ("dataset", "name", "part"),
    [
        pytest.param(
            "reflacx",
            "Main_Data/Metadata_Phase_3.csv",
            "Name it main_data/metadata_phase_3.csv",
            id="case-of-folder",
        ),
        pytest.param("egd", "a/Master_Sheet.csv", "Name it master_sheet.csv", id="case-of-file"),
        pytest.param(
            "reflacx", "x/metadata_phase_3.csv", "Put it into a folder main_data", id="flattened"
        ),
    ],
)
def test_names_that_differ(tmp_path, dataset, name, part):
    put(tmp_path, name)
    assert part in refusal(tmp_path, dataset)


def test_nothing_known(tmp_path):
    put(tmp_path, "a/b/notes.txt")
    assert recognise(tmp_path, load_manifest("reflacx")) is None
    assert "Give the folder of REFLACX" in refusal(tmp_path, "reflacx")
