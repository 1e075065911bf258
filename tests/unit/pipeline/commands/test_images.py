"""The line about radiographs; their shards are tested in `images/test_run.py`."""

import numpy as np
from PIL import Image

from tests.running import gazescribe
from tests.synthetic import reading, write_tables


def test_the_line_counts_what_is_left_out_and_copies(tmp_path):
    rows = [reading(name, image_path=f"img/{name}", dicom_id=name) for name in ("R1", "R2")]
    tables = write_tables(tmp_path / "tables", readings=rows)
    (tmp_path / "img").mkdir()
    Image.fromarray(np.full((40, 50), 7, np.uint8)).save(tmp_path / "img" / "R1.jpg")
    out = tmp_path / "out"
    printed = gazescribe("images", tables, tmp_path, out, "--size", 16)
    assert printed == (
        f"1 radiographs in 1 shards; left out: 1 absent; 1 are copies at another scale → {out}\n"
    )
