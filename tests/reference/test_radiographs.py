"""Real radiographs, and the resizes of other libraries."""

import numpy as np
import pytest
from PIL import Image
from pydicom import dcmread
from pydicom.pixels import apply_voi_lut

from gazescribe.pipeline.images.reading import letterboxed, read_radiograph
from tests.reference.test_published_resize import two_steps
from tests.running import gazescribe


@pytest.fixture(scope="module")
def real(shared):
    folder = shared / "real" / "cxr_ccby"
    names = sorted(path.stem for path in (folder / "images").glob("*.png"))
    assert len(names) == 12
    return [
        (
            read_radiograph(folder / "images" / f"{name}.png"),
            read_radiograph(folder / "lung_masks" / f"{name}.png"),
        )
        for name in names
    ]


@pytest.mark.parametrize("size", [(256, 256), (320, 256), (640, 512)])
def test_lungs_stay_dark_and_masks_stay_on_them(real, size):
    """At full size and in a frame, lungs are darker than the rest by about the same."""
    for image, mask in real:
        fitted, frame = letterboxed(image, size)
        fitted_mask, _ = letterboxed(mask, size)
        on_image = np.outer(frame.on_image(0), frame.on_image(1))
        contrast = difference(image, mask, np.ones_like(mask, bool))
        assert contrast > 5
        assert difference(fitted, fitted_mask, on_image) == pytest.approx(contrast, rel=0.03)
        share = (fitted_mask > 127).sum() / on_image.sum()
        assert share == pytest.approx((mask > 127).mean(), rel=0.01)


def difference(image, mask, inside):
    lungs = mask > 127
    return image[~lungs & inside].mean() - image[lungs & inside].mean()


def test_real_dicom_is_displayed_as_pydicom_says(shared):
    """Compressed as JPEG 2000, 15 bits, low values bright, with a window."""
    path = shared / "real" / "dicom" / "RG1_J2KI.dcm"
    dataset = dcmread(path)
    assert dataset.PhotometricInterpretation == "MONOCHROME1"
    top = 2**dataset.BitsStored - 1
    expected = 255 - apply_voi_lut(dataset.pixel_array, dataset) * (255 / top)
    found = read_radiograph(path)
    assert found.shape == (1955, 1841)
    assert found.std() > 30
    assert np.abs(found - expected).max() < 0.51


@pytest.mark.parametrize(
    "image_size", [(305, 250), (254, 306), (202, 202), (301, 97), (40, 33)], ids=str
)
def test_published_resize_is_pillow_twice_then_truncated(image_size):
    picture = np.random.default_rng(3).integers(0, 256, image_size, np.uint8)
    expected = two_steps(picture.astype(np.float32), 64).astype(np.uint8).astype(int)
    found, _ = letterboxed(picture, (64, 64), "published")
    assert expected.max() > 100
    off = np.abs(found - expected)
    assert off.max() <= 1  # where a sum lies a hair below a whole number
    assert (off > 0).mean() < 0.01


def test_dicom_of_the_demo_looks_as_its_jpeg(tmp_path):
    gazescribe("demo", tmp_path, "--readings", 11, "--images", "small", "--workers", 1)
    kinds = set()
    for path in sorted((tmp_path / "mimic-cxr").rglob("*.dcm")):
        kinds.add(str(dcmread(path, stop_before_pixels=True).PhotometricInterpretation))
        below = path.relative_to(tmp_path / "mimic-cxr").with_suffix(".jpg")
        jpeg = Image.open(tmp_path / "mimic-cxr-jpg" / below)
        shown = read_radiograph(path)
        assert np.corrcoef(shown.ravel(), np.asarray(jpeg).ravel())[0, 1] > 0.99
        assert np.abs(shown.astype(int) - np.asarray(jpeg)).mean() < 4
    assert kinds == {"MONOCHROME1", "MONOCHROME2"}
