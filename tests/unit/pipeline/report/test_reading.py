import base64
import io
import json
import re

import pytest
from PIL import Image

from gazescribe.pipeline.core.tables import read_table
from gazescribe.pipeline.dictation.label_maps import load_column_map, load_label_map
from gazescribe.pipeline.report.inspector import Look
from gazescribe.pipeline.report.notices import SYNTHETIC
from gazescribe.pipeline.report.parts import read_parts
from gazescribe.pipeline.report.reading import (
    NOTHING,
    Context,
    DataSource,
    Enclosed,
    write_reading,
)
from tests.report_run import make_run
from tests.synthetic import table

LABELS = load_label_map()
LOOK = Look("mass", 3, LABELS, load_column_map("reflacx", LABELS.channels))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return make_run(tmp_path_factory.mktemp("run"))


@pytest.fixture(scope="module")
def parts(folder):
    tables, associated = folder / "data/tables/reflacx", folder / "data/associated/reflacx"
    assert read_table(tables, "readings").num_rows == 2
    return read_parts(tables, associated, table([], "mentions"), ["R1", "R2"])


def write(parts, folder, out, *, images, label="", **enclosed):
    root = folder / "data/demo/mimic-cxr-jpg" if images else None
    source = DataSource("reflacx", folder, None, None, root, LOOK, SYNTHETIC, Enclosed(**enclosed))
    card = write_reading(parts, source, out, Context(label, "before", "after"))
    return card, (out / f"readings/{card.reading_id}.html").read_text()


def test_the_page_opens_at_the_label_asked_for(parts, folder, tmp_path):
    card, text = write(parts["R1"], folder, tmp_path, images=True, label="Opacity")
    (opacity,) = [n for n, name in enumerate(LABELS.channels) if name == "Opacity"]
    assert card.key == f"label-{opacity}"
    assert (card.radiograph, card.split) == ("shown", "train")
    assert card.picture.startswith("data:image/jpeg;base64,")
    choice = json.loads(re.search(r'id="data">(.*?)</script>', text)[1])["choices"][card.key]
    assert choice["windows"] == [0, 1]
    assert 'href="before.html"' in text
    assert 'href="after.html"' in text


def test_a_reading_without_gaze_has_no_map_and_no_radiograph(parts, folder, tmp_path):
    card, text = write(parts["R2"], folder, tmp_path, images=True)
    assert (card.key, card.radiograph) == ("nothing", "absent")
    assert NOTHING in text
    assert "Radiograph absent" in text


def test_radiographs_are_not_looked_for_without_their_folder(parts, folder, tmp_path):
    card, _ = write(parts["R1"], folder, tmp_path, images=False)
    assert card.radiograph == "left out"


def test_a_radiograph_of_another_aspect_is_not_shown(parts, folder, tmp_path):
    changed = parts["R1"].reading | {"height_px": 300, "width_px": 200}
    other = type(parts["R1"])(**{**vars(parts["R1"]), "reading": changed})
    card, text = write(other, folder, tmp_path, images=True)
    assert card.radiograph == "of another aspect"
    assert "Radiograph of another aspect" in text


@pytest.mark.parametrize(
    ("picture_px", "size"),
    [
        pytest.param(300, (240, 300), id="shrunk"),
        pytest.param(2048, (480, 600), id="never enlarged"),
    ],
)
def test_the_radiograph_is_as_large_as_asked_for(parts, folder, tmp_path, picture_px, size):
    _, text = write(parts["R1"], folder, tmp_path, images=True, picture_px=picture_px)
    content = re.search(r'id="picture" src="data:image/jpeg;base64,([^"]+)"', text)[1]
    data = json.loads(re.search(r'id="data">(.*?)</script>', text)[1])
    with Image.open(io.BytesIO(base64.b64decode(content))) as picture:
        assert picture.size == size
    assert data["picture_frame"]["scale"] == size[1] / 600
    assert (data["frame"]["height"], data["frame"]["width"]) == (600, 480)
    assert ("shown at 50 %" in text) == (picture_px == 300)


def test_a_voice_is_enclosed_where_a_person_asks_for_it(parts, folder, tmp_path):
    (tmp_path / "R1.wav").write_bytes(b"sound")
    card, text = write(parts["R1"], folder, tmp_path, images=False, audio=tmp_path)
    assert card.has_voice
    assert 'src="data:audio/wav;base64,' in text
    assert "with the reader's voice" in text.replace("&#39;", "'")
    card, text = write(parts["R2"], folder, tmp_path, images=False, audio=tmp_path)
    assert not card.has_voice
    assert "data:audio" not in text
