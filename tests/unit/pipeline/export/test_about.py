"""What an export says of its sources, without an export."""

import pytest

from gazescribe.pipeline.core.errors import GazeError, ManifestError
from gazescribe.pipeline.export.about import IMAGES_OF, UNSTATED, duties_of, sources_of
from gazescribe.pipeline.sources.loading import load_manifest
from tests.synthetic import reading, write_tables

from .conftest import dicom


def names_of(folder, *rows):
    return [manifest.name for manifest in sources_of(write_tables(folder, readings=list(rows)))]


def test_synthetic_ids_are_of_the_demo_alone(tmp_path):
    assert names_of(tmp_path, reading("R1", dicom_id=dicom(0))) == ["demo"]


def test_one_real_id_brings_the_data_sets_and_their_images(tmp_path):
    rows = [
        reading("R1", dicom_id=dicom(0)),
        reading("E1", dataset="egd", dicom_id=dicom(1), subject_id=10000032),
    ]
    assert names_of(tmp_path, *rows) == ["egd", "reflacx", IMAGES_OF]


def test_no_reading_is_nothing_to_export(tmp_path):
    with pytest.raises(GazeError, match="there is no reading, so nothing to export"):
        names_of(tmp_path)


def test_a_data_set_without_manifest_stops_the_export(tmp_path):
    with pytest.raises(ManifestError, match="the data set elsewhere has no manifest") as error:
        names_of(tmp_path, reading("R1", dataset="elsewhere", dicom_id="real"))
    assert "elsewhere.yaml" in error.value.remedy


@pytest.mark.parametrize(
    ("asked", "contents"),
    [
        pytest.param({"images": False, "text": False}, [], id="neither"),
        pytest.param({"images": True, "text": False}, ["images"], id="images"),
        pytest.param({"images": True, "text": True}, ["images", "text"], id="both"),
    ],
)
def test_duties_come_with_what_is_included(asked, contents):
    sources = [load_manifest("reflacx"), load_manifest(IMAGES_OF)]
    duties = duties_of(sources, **asked)
    assert list(duties) == contents
    for content, source in zip(contents, (sources[1], sources[0]), strict=False):
        (text,) = duties[content]
        assert text.startswith(f"{source.long_name} (licence {source.licence.name}): ")
        assert source.duties[0] in text


def test_duties_that_nobody_stated_are_said_so():
    source = load_manifest("reflacx").model_copy(update={"duties": []})
    assert duties_of([source], images=False, text=True)["text"][0].endswith(UNSTATED)
