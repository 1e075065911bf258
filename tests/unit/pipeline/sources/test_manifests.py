import shutil

import pytest
import yaml

from gazescribe.pipeline.core.errors import ManifestError
from gazescribe.pipeline.core.resources import resource
from gazescribe.pipeline.sources.loading import load_manifest

REFLACX = load_manifest("reflacx")


@pytest.fixture
def spoilt(tmp_path):
    """Write the REFLACX manifest changed by a function; give its folder."""

    def write(change):
        content = yaml.safe_load((resource("data_manifests") / "reflacx.yaml").read_text())
        change(content)
        (tmp_path / "reflacx.yaml").write_text(yaml.safe_dump(content))
        return tmp_path

    return write


@pytest.mark.parametrize("name", ["reflacx", "egd", "mimic-cxr-jpg", "demo"])
def test_shipped_manifests_are_whole(name):
    manifest = load_manifest(name)
    assert manifest.name == name
    assert manifest.citations
    assert manifest.duties
    assert manifest.licence.redistributable == (name == "demo")


def test_reflacx_counts_agree_with_one_another():
    counts = REFLACX.counts
    assert counts["readings"] == sum(counts[f"readings_phase_{phase}"] for phase in (1, 2, 3))
    assert counts["readings"] - counts["readings_discarded"] == counts["readings_with_gaze"]
    assert [len(REFLACX.labels[f"phase_{phase}"].names) for phase in (1, 2, 3)] == [18, 16, 16]
    union = {*REFLACX.labels["phase_1"].names, *REFLACX.labels["phase_3"].names}
    assert len(union) == 26


def test_reflacx_columns_are_those_of_the_release():
    assert len(REFLACX.file("fixations").columns) == 17
    assert len(REFLACX.file("gaze").columns) == 16
    assert REFLACX.labels["phase_3"].names[8] == "High lung volume / emphysema"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param(
            lambda content: content.update(licens={}),
            r"licens is unknown; the nearest is licence",
            id="top-level",
        ),
        pytest.param(
            lambda content: content["screen"].update(width=3840),
            r"screen\.width is unknown; the nearest is width_(px|mm)",
            id="nested",
        ),
        pytest.param(
            lambda content: content["files"][3]["columns"][0].update(units="s"),
            r"files\.3\.columns\.0\.units is unknown; the nearest is unit ",
            id="in-lists",
        ),
        pytest.param(
            lambda content: content["labels"]["phase_1"].update(flags=[]),
            r"labels\.phase_1\.flags is unknown; the nearest is flag",
            id="in-mappings",
        ),
        pytest.param(lambda content: content.pop("licence"), "licence is missing", id="missing"),
        pytest.param(
            lambda content: content["access"].update(tier="free"),
            r"access\.tier: .* found 'free'",
            id="choice",
        ),
        pytest.param(
            lambda content: content["files"][0].update(labels="phase_9"),
            "metadata_phase_1 names the unknown label list phase_9",
            id="label-list",
        ),
        pytest.param(
            lambda content: content["files"][3].update(pattern="main_data/{reader}/x.csv"),
            "file fixations has the unknown id reader",
            id="placeholder",
        ),
        pytest.param(
            lambda content: content["files"][4].update(name="fixations"),
            "file fixations occurs twice",
            id="twice",
        ),
        pytest.param(
            lambda content: content["ids"].update(reading_id="P("),
            r"ids\.reading_id is no regular expression",
            id="regex",
        ),
    ],
)
def test_faults_are_named(spoilt, change, message):
    with pytest.raises(ManifestError, match=message):
        load_manifest("reflacx", spoilt(change))


def test_all_faults_at_once(spoilt):
    def change(content):
        content["licens"] = {}
        content["screen"]["width"] = 1
        del content["citations"]

    with pytest.raises(ManifestError) as error:
        load_manifest("reflacx", spoilt(change))
    assert len(error.value.faults) == 3


def test_absent_and_broken_files(tmp_path):
    with pytest.raises(ManifestError, match="no such file"):
        load_manifest("reflacx", tmp_path)
    (tmp_path / "reflacx.yaml").write_text("name: [")
    with pytest.raises(ManifestError, match="not YAML"):
        load_manifest("reflacx", tmp_path)


def test_it_is_read_from_the_folder_given(tmp_path):
    shutil.copy(resource("data_manifests") / "demo.yaml", tmp_path)
    assert load_manifest("demo", tmp_path).access.tier == "open"


@pytest.mark.parametrize(
    ("name", "path", "fits"),
    [
        pytest.param("fixations", "main_data/P102R000000/fixations.csv", True, id="plain"),
        pytest.param("fixations", "main_data/P102R000000/fixations.csv.gz", True, id="gzipped"),
        pytest.param("fixations", "main_data/P402R000000/fixations.csv", False, id="other-id"),
        pytest.param("fixations", "main_data/P102R000000/fixationsXcsv", False, id="dot"),
        pytest.param(
            "transcription", "main_data/P102R000000/transcription.txt.gz", False, id="txt"
        ),
        pytest.param("archives", "main_data.zip", True, id="star"),
        pytest.param("archives", "x/main_data.zip", False, id="star-stays-in-a-name"),
    ],
)
def test_patterns(name, path, fits):
    assert (REFLACX.matcher(REFLACX.file(name)).fullmatch(path) is not None) == fits


def test_a_placeholder_that_occurs_twice_means_the_same_id():
    egd = REFLACX.model_copy(update={"ids": {"one": "[ab]"}})
    file = REFLACX.file("fixations").model_copy(update={"pattern": "{one}/{one}.csv"})
    assert egd.matcher(file).fullmatch("a/a.csv")["one"] == "a"
    assert not egd.matcher(file).fullmatch("a/b.csv")


@pytest.mark.parametrize(
    ("kind", "text", "fits"),
    [
        pytest.param("reading_id", "P102R000000", True, id="reading"),
        pytest.param("reading_id", "P102R000000\n", False, id="line-end"),
        pytest.param("reading_id", "../P102R000000", False, id="folder"),
        pytest.param("dicom_id", "00000000-0000000a-0000000b-0000000c-0000000d", True, id="image"),
    ],
)
def test_ids(kind, text, fits):
    assert REFLACX.is_id(kind, text) == fits
