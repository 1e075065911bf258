"""`index.html` as written: previews of maps, each the picture of its map, and no link out."""

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image

from gazescribe.pipeline.core.shards import open_shards
from gazescribe.pipeline.export.contents import MapSet
from gazescribe.pipeline.export.preview_page import SHOWN, shown_maps

PICTURE = re.compile(r'<img src="data:image/png;base64,([^"]+)" [^>]*alt="([^"]+)"')


@pytest.mark.parametrize("form", ["npy", "coco", "hf"])
def test_the_page_shows_every_map_of_a_small_set(inputs, exported, form):
    page = (exported(form) / "index.html").read_text()
    shards = open_shards(inputs.label)
    pictures = PICTURE.findall(page.partition("<h2>label</h2>")[2])[: len(shards)]
    assert "4 of 4 maps" in page
    for n, (row, (content, alt)) in enumerate(zip(shards.index.to_pylist(), pictures, strict=True)):
        assert alt == f"Map of {row['label']}, reading {row['reading_id']}"
        with Image.open(io.BytesIO(base64.b64decode(content))) as picture:
            expected = np.rint(shards[n].astype(float).clip(0, 1) * 255)
            np.testing.assert_array_equal(np.asarray(picture), expected)


def test_an_export_without_maps_says_so(exported):
    page = (exported("bids") / "index.html").read_text()
    assert "It holds no maps" in page
    assert "<img" not in page
    assert "*.html" in (exported("bids") / ".bidsignore").read_text().splitlines()


def test_of_many_large_maps_some_are_shown_smaller(inputs):
    shards = open_shards(inputs.label)
    rows = np.arange(60) % len(shards)
    many = MapSet("label", inputs.label, shards.index.take(rows), tuple(rows.tolist()))
    shown = list(shown_maps(many))
    assert len(shown) == SHOWN
    assert shown[-1][0]["label"] == shards.index["label"][int(rows[-1])].as_py()


def test_previews_have_at_most_128_pixels_a_side(inputs, monkeypatch):
    monkeypatch.setattr("gazescribe.pipeline.export.preview_page.MAX_SIDE", 12)
    shards = open_shards(inputs.label)
    part = MapSet("label", inputs.label, shards.index, tuple(range(len(shards))))
    (_, first), *_ = shown_maps(part)
    np.testing.assert_array_equal(first, shards[0][::3, ::3])
