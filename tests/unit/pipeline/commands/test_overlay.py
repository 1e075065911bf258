"""The command `overlay`; what a picture shows is in `maps/test_overlay.py`."""

import json

import numpy as np
from PIL import Image

from gazescribe.pipeline.core.files import entries
from gazescribe.pipeline.core.tables import read_table
from tests.running import gazescribe, invoke
from tests.synthetic import fixation, mention, reading, write_tables

TEXT = "edema seen . mass there ."


def make_run(folder):
    readings = [reading(name, TEXT, image_path=f"img/{name}") for name in ("R1", "R2")]
    gaze = [fixation(0, 0, 1, reading_id=name, x_px=20.0) for name in ("R1", "R2")]
    tables = write_tables(folder / "tables", readings=readings, fixations=gaze)
    rows = ["report_id,char_start,char_end,label,polarity"]
    for name in ("R1", "R2"):
        span = mention(TEXT, "seen", "edema")
        rows.append(f"{name},{span['char_start']},{span['char_end']},edema,positive")
    (folder / "mentions.csv").write_text("\n".join(rows) + "\n")
    gazescribe("associate", tables, folder / "mentions.csv", folder / "associated")
    (folder / "img").mkdir()
    picture = np.full((80, 100), 128, np.uint8)
    Image.fromarray(picture).save(folder / "img" / "R1.png")
    return tables, folder / "associated", folder


def test_pictures_are_named_by_reading_and_label_and_absent_ones_counted(tmp_path):
    out = tmp_path / "out"
    printed = gazescribe("overlay", *make_run(tmp_path), out)
    names = {path.name for path in out.glob("*.png")}
    assert names
    assert all(name.startswith("R1-") for name in names)
    assert printed.strip() == f"{len(names)} pictures, {len(names)} radiographs absent → {out}"
    said = json.loads((out / "captions.json").read_text())
    assert {f"{name}.{suffix}" for name in said for suffix in ("png", "pdf", "svg")} < entries(out)
    assert TEXT.split(maxsplit=1)[0] not in json.dumps([each["caption"] for each in said.values()])


def test_an_id_that_leads_out_of_the_folder(tmp_path):
    tables, associated, images = make_run(tmp_path)
    rows = read_table(tables, "readings").to_pylist()
    write_tables(tables, readings=[{**rows[0], "reading_id": "../R1"}, rows[1]])
    result = invoke("overlay", tables, associated, images, tmp_path / "out")
    assert result.exit_code == 2
    assert "row 1: reading_id '../R1'" in result.output
    assert not (tmp_path / "out").exists()


def test_all_gaze_is_drawn_where_no_label_has_gaze(tmp_path):
    tables, _, images = make_run(tmp_path)
    gazescribe("associate", tables, tmp_path / "bare")
    out = tmp_path / "out"
    printed = gazescribe("overlay", tables, tmp_path / "bare", images, out)
    assert {path.name for path in out.glob("*.png")} == {"R1-all_gaze.png"}
    assert printed.startswith("1 pictures, 1 radiographs absent; of all gaze, for no label")


def test_nothing_to_draw(tmp_path):
    tables, associated, images = make_run(tmp_path)
    rows = [{**row, "has_gaze": False} for row in read_table(tables, "readings").to_pylist()]
    write_tables(tables, readings=rows)
    gazescribe("associate", tables, associated)
    printed = gazescribe("overlay", tables, associated, images, tmp_path / "out")
    assert printed.startswith("nothing was drawn: no window has gaze → ")


def test_windows_of_other_readings_are_refused(tmp_path):
    tables, associated, images = make_run(tmp_path)
    write_tables(tables, readings=[reading("R1", TEXT, image_path="img/R1")])
    result = invoke("overlay", tables, associated, images, tmp_path / "out")
    assert result.exit_code == 2
    assert "1 readings have windows but are not in" in result.output
    assert "- R2" in result.output


def test_a_reading_without_windows_is_named(tmp_path):
    result = invoke("overlay", *make_run(tmp_path), tmp_path / "out", "--reading", "R11")
    assert result.exit_code == 2
    assert "'R11'; the nearest is R1" in result.output
