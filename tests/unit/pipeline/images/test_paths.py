import re

import numpy as np
import pytest
from PIL import Image

from gazescribe.pipeline.core.errors import GazeError
from gazescribe.pipeline.core.file_names import DICOM_SUFFIXES
from gazescribe.pipeline.core.files import entries
from gazescribe.pipeline.images.paths import find_radiograph, radiographs_root
from tests.running import gazescribe, invoke
from tests.synthetic import fixation, reading, write_tables

MIMIC = "files/p99/p99000001/s99000001/one"


def touch(root, *paths):
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text("")


@pytest.mark.parametrize(
    ("image_path", "found"),
    [
        pytest.param("img/a.png", "img/a.png", id="as it is"),
        pytest.param("img/b", "img/b.jpeg", id="picture before DICOM"),
        pytest.param("img/c", "img/c.dcm", id="DICOM"),
        pytest.param("img/d", "img/d", id="without suffix"),
        pytest.param("img/e", None, id="absent"),
        pytest.param(None, None, id="no path"),
    ],
)
def test_a_path_with_its_suffix_or_without(tmp_path, image_path, found):
    touch(tmp_path, "img/a.png", "img/b.dcm", "img/b.jpeg", "img/c.dcm", "img/d")
    expected = None if found is None else tmp_path / found
    assert find_radiograph(tmp_path, image_path) == expected


@pytest.mark.parametrize("image_path", ["../secret", "/etc/passwd", "a/../../b", "a\\..\\b"])
def test_a_path_never_leaves_its_folder(tmp_path, image_path):
    with pytest.raises(GazeError, match="leads out of"):
        find_radiograph(tmp_path, image_path)


def test_the_folder_itself_or_one_below(tmp_path):
    touch(tmp_path, f"in/mimic-cxr-jpg/{MIMIC}.jpg", f"in/mimic-cxr/{MIMIC}.dcm", "in/own/a.png")
    below = tmp_path / "in"
    jpg, dicom = below / "mimic-cxr-jpg", below / "mimic-cxr"
    assert radiographs_root(jpg, [MIMIC]) == jpg
    assert radiographs_root(tmp_path, ["absent", MIMIC]) == jpg
    assert radiographs_root(tmp_path, [MIMIC], (DICOM_SUFFIXES,)) == dicom
    assert radiographs_root(tmp_path, ["own/a.png"]) == below
    assert radiographs_root(tmp_path, ["a.png"]) == below / "own"


def test_the_folder_of_the_data_set_comes_first(tmp_path):
    """Two laboratories may both have an `images/1.png`, and one may have it nearer."""
    touch(tmp_path, "ours/images/1.png", "theirs/all/images/1.png", "images/2.png")
    assert radiographs_root(tmp_path, ["images/1.png"], name="ours") == tmp_path / "ours"
    assert radiographs_root(tmp_path, ["images/1.png"], name="theirs") == tmp_path / "theirs/all"
    assert radiographs_root(tmp_path, ["images/2.png"], name="theirs") == tmp_path
    assert radiographs_root(tmp_path, ["images/2.png"], name="none") == tmp_path
    touch(tmp_path, "demo/other.png", "own/images/3.dcm", "ours/images/3.png")
    assert radiographs_root(tmp_path, ["images/3"], name="own") == tmp_path / "own"
    assert radiographs_root(tmp_path / "demo", ["images/3"], name="own") == tmp_path / "own"


@pytest.mark.parametrize(
    ("paths", "message"),
    [
        pytest.param([], "image_path is empty in every row", id="none named"),
        pytest.param(
            ["b", "c"], "none of the 2 radiographs is here; the first is b.jpg.", id="none"
        ),
        pytest.param(["b.png"], "the first is b.png. Give the folder in which this", id="suffix"),
        pytest.param(["img/a"], "2 trees with these radiographs lie here", id="two"),
    ],
)
def test_what_is_said_where_none_is_found(tmp_path, paths, message):
    touch(tmp_path, "one/img/a.jpg", "two/img/a.jpg")
    with pytest.raises(GazeError, match=re.escape(message)):
        radiographs_root(tmp_path, paths)


@pytest.fixture
def own(tmp_path):
    """Tables, windows and radiographs of one's own: PNG, named with their suffix."""
    rows = [
        reading(f"R{n}", "mild edema .", dataset="mylab", image_path=path, dicom_id=f"I{n}")
        for n, path in enumerate(["img/a.png", "img/b.png", None])
    ]
    write_tables(
        tmp_path / "tables",
        readings=rows,
        fixations=[fixation(0, 0.1, 1.0, reading_id=f"R{n}") for n in range(3)],
    )
    (tmp_path / "raw/img").mkdir(parents=True)
    Image.fromarray(np.full((80, 100), 90, np.uint8)).save(tmp_path / "raw/img/a.png")
    gazescribe("label", tmp_path / "tables", tmp_path / "mentions.parquet")
    gazescribe(
        *("associate", tmp_path / "tables", tmp_path / "mentions.parquet", tmp_path / "associated"),
        *("--workers", 1),
    )
    return tmp_path


def test_radiographs_of_ones_own_are_drawn_and_fitted(own):
    tables, raw = own / "tables", own / "raw"
    drawn = gazescribe("overlay", tables, own / "associated", raw, own / "overlays")
    assert drawn.startswith("2 pictures, 4 radiographs absent")
    pictures = {*entries(own / "overlays")} - {"captions.json"}
    assert {name[:2] for name in pictures} == {"R0"}
    fitted = gazescribe("images", tables, raw, own / "shards", "--size", 24)
    assert "1 radiographs in 1 shards; left out: 1 absent, 1 no path in the table" in fitted


def test_an_overlay_without_any_radiograph_says_what_was_looked_for(own):
    where = (own / "tables", own / "associated", own / "associated", own / "overlays")
    shown = invoke("overlay", *where)
    assert shown.exit_code == 2
    assert "none of the 2 radiographs is here; the first is img/a.png." in shown.output
