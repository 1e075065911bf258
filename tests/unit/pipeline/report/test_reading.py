import json
import re

import pytest

from gazescribe.pipeline.core.tables import read_table
from gazescribe.pipeline.dictation.label_maps import load_column_map, load_label_map
from gazescribe.pipeline.report.inspector import Look, inspect
from gazescribe.pipeline.report.notices import SYNTHETIC
from gazescribe.pipeline.report.parts import read_parts
from gazescribe.pipeline.report.reading import (
    NOTHING,
    Context,
    DataSource,
    as_tables,
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


def write(parts, folder, out, *, images, label=""):
    root = folder / "data/demo/mimic-cxr-jpg" if images else None
    source = DataSource("reflacx", folder, None, None, root, LOOK, SYNTHETIC)
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


def test_the_timeline_is_said_in_tables(parts):
    tables = as_tables(inspect(parts["R1"], LOOK, 1024))
    sentences, words, fixations = (tables[kind] for kind in ("sentence", "word", "fixation"))
    assert sentences.columns == ["no.", "from (s)", "to (s)", "text", "windows (s)"]
    assert sentences.rows[0][0] == "1"
    assert "0.00 to 1.00 (ok)" in sentences.rows[0][-1]
    assert words.rows[1] == ["1", "1.00", "1.50", "edema"]
    assert fixations.rows[1] == ["1", "0.700", "0.880", "168.5", "244.2"]
    assert list(as_tables(inspect(parts["R2"], LOOK, 1024))) == ["sentence", "word"]
