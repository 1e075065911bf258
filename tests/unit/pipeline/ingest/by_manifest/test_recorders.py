"""docs/recorders/: each recorder's example shows a first look at the same place of the image."""

import re
from contextlib import chdir
from pathlib import Path

import pytest

from gazescribe.pipeline.core.tables import read_table
from tests.running import gazescribe

PAGES = sorted((Path(__file__).parents[5] / "docs" / "recorders").glob("*.md"))
PAGE = "\n".join(page.read_text() for page in PAGES)
INDEX = (PAGES[0].parents[1] / "recorders.md").read_text()
FILES = re.findall(r"^`([^`\n]+)`\n\n```\w+\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
LINES = "".join(re.findall(r"^```sh\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)).splitlines()
MANIFESTS = [name for name, _ in FILES if name.endswith(".yaml")]
PLACE_PX = (pytest.approx(260, abs=20), pytest.approx(472, abs=12))
"""Where 700, 500 of a screen of 1920 by 1080 lies on an image of 1024 that is fitted into it."""


@pytest.mark.parametrize("manifest", MANIFESTS)
def test_the_example_of_a_recorder(tmp_path, manifest):
    name = manifest.removesuffix(".yaml")
    for file, content in FILES:
        if file == manifest or file.startswith(f"{name}/"):
            path = tmp_path / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
    lines = [line for line in LINES if f" {name}/" in line]
    with chdir(tmp_path):
        for line in lines:
            gazescribe(*line.split()[1:])
    if name != "dictated":
        assert len(list((tmp_path / name).glob("*.png"))) == 1  # as its page shows it
    has_fixations = "  fixations:" in dict(FILES)[manifest]
    rows = read_table(tmp_path / name / "tables", "fixations" if has_fixations else "samples")
    first = rows.to_pylist()[0]
    assert (first["x_px"], first["y_px"]) == PLACE_PX
    if name == "dictated":
        assert first["onset_s"] == pytest.approx(0.005)


def test_each_format_of_a_recorder_has_a_page():
    assert (len(MANIFESTS), len(LINES)) == (16, 52)
    for name in ("eyelink", "tobii", "tobii_studio", "gazepoint", "smi", "neon_surface", "bids"):
        assert f"[`{name}`](recorders/" in INDEX
