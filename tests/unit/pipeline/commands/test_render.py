"""What cannot be asked for together; the maps are in `maps/test_render.py`."""

import numpy as np
import pytest
from PIL import Image

from tests.running import gazescribe, invoke

R1 = ("--reading", "R1")
EDEMA = ("--label", "Edema")


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("a.npy", EDEMA, "give either --reading or --image"),
        ("a.npy", (*R1, "--image", "x", *EDEMA), "give either --reading or --image"),
        ("a.npy", (*R1, *EDEMA, "--window", 0), "give --window or --label, not both"),
        ("a.tif", (*R1, *EDEMA), "the suffix must be .npy or .png, not '.tif'"),
        ("a.npy", (*R1, *EDEMA, "--combine", "max"), "go with --image"),
        ("a.npy", ("--image", "image of R1", *EDEMA), "Give --tables TABLES"),
        ("a.npy", ("--reading", "R3", *EDEMA), "R3"),
    ],
)
def test_what_does_not_go_together(small, tmp_path, name, options, message):
    result = invoke("render", small.associated, tmp_path / name, *options)
    assert result.exit_code == 2
    assert message in result.output
    assert list(tmp_path.iterdir()) == []


def test_the_same_map_as_array_and_picture(small, tmp_path):
    for name in ("a.npy", "a.png"):
        printed = gazescribe("render", small.associated, tmp_path / name, *R1, *EDEMA)
        assert printed == f"1 window of R1, 80×100, maximum 1.0000 → {tmp_path / name}\n"
    heatmap = np.load(tmp_path / "a.npy")
    assert (heatmap.dtype, heatmap.shape) == (np.float32, (80, 100))
    assert np.unravel_index(heatmap.argmax(), heatmap.shape) == (40, 20)
    with Image.open(tmp_path / "a.png") as picture:
        assert picture.size == (100, 80)
