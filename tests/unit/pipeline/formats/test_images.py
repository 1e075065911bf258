import pytest
from PIL import Image

from gazescribe.pipeline.core.errors import ManifestError
from gazescribe.pipeline.formats.images import picture_size, read


@pytest.mark.parametrize("suffix", ["png", "jpg"])
def test_the_size_of_a_picture(tmp_path, suffix):
    path = tmp_path / f"S1.{suffix}"
    Image.new("L", (60, 50)).save(path)
    names, pieces = read(path, "readings")
    (piece,) = pieces
    assert {name: piece.columns[name][0] for name in names} == {
        "image": "S1",
        "width": 60,
        "height": 50,
    }


def test_the_size_of_a_dicom_file(shared):
    assert picture_size(shared / "real" / "dicom" / "RG1_J2KI.dcm") == (1841, 1955)


def test_what_is_no_picture(tmp_path):
    for name in ("a.png", "a.dcm"):
        (tmp_path / name).write_text("nothing")
        with pytest.raises(ManifestError, match="this is not a PNG, a JPEG or a DICOM image"):
            picture_size(tmp_path / name)
