import io

import numpy as np
import pytest
from PIL import Image

from gazescribe.pipeline.commands.params import load_params
from gazescribe.pipeline.core.errors import GazeError
from gazescribe.pipeline.core.tables import read_table
from gazescribe.pipeline.maps.overlay import choose_maps, draw_overlay, paint
from tests.printed import faults_in_print
from tests.running import gazescribe
from tests.synthetic import fixation, mention, reading, table, write_tables

TEXT = "edema seen . mass there ."


def window(number, *labels, reading_id="R1", **columns):
    row = {"reading_id": reading_id, "window": number, "kind": "sentence", "status": "ok"}
    counts = {"n_mentions": [1] * len(labels), "n_uncertain": [0] * len(labels)}
    times = {"start_s": 0, "end_s": 1, "n_fixations": 1, "gaze_s": 1}
    return row | counts | times | {"labels": list(labels), **columns}


WINDOWS = table(
    [
        window(0, "Edema", "Opacity"),
        window(1, "Edema"),
        window(2, "Fracture", status="empty"),
        window(3, kind="report"),
        window(0, "Edema", reading_id="R2"),
    ],
    "windows",
)


def maps_of(reading_ids, count):
    return [
        (rows[0]["reading_id"], rows[0]["label"], [row["window"] for row in rows])
        for rows in choose_maps(WINDOWS, reading_ids, count)
    ]


def test_labels_take_turns():
    edema, opacity = ("R1", "Edema", [0, 1]), ("R1", "Opacity", [0])
    assert maps_of((), 12) == [edema, opacity, ("R2", "Edema", [0])]
    assert maps_of((), 1) == [edema]
    assert maps_of(("R2",), 12) == [("R2", "Edema", [0])]


def test_all_gaze_stands_for_labels_that_nobody_mentioned():
    rows = [
        window(0, kind="report"),
        window(1, kind="reading"),
        window(0, kind="reading", reading_id="R2"),
        window(0, kind="reading", reading_id="R3", status="empty"),
    ]
    maps = choose_maps(table(rows, "windows"), (), 12)
    assert [
        [(one["reading_id"], one["window"], one["label"]) for one in rows] for rows in maps
    ] == [
        [("R1", 1, "all gaze")],
        [("R2", 0, "all gaze")],
    ]
    windows = table([*rows, window(2, "Edema")], "windows")
    assert [rows[0]["label"] for rows in choose_maps(windows, (), 12)] == ["Edema"]


def test_unknown_readings_name_the_nearest():
    with pytest.raises(GazeError) as error:
        choose_maps(WINDOWS, ("R11", "nobody"), 1)
    assert error.value.faults == ("'R11'; the nearest is R1", "'nobody'")


def test_paint(monkeypatch):
    image = np.zeros((80, 100), np.uint8)
    fixations = {"x_px": [20.0, 40.0], "y_px": [30.0, 30.0], "weight_s": np.array([0.1, 1.0])}
    sides = {"xmin_px": 10, "ymin_px": 20, "xmax_px": 50, "ymax_px": 60}
    figure = paint(image, np.ones((80, 100), np.float32), fixations, [sides], "a title")
    axes = figure.axes[0]
    assert axes.get_title() == "a title"
    assert [tuple(patch.center) for patch in axes.patches] == [(30, 40)]
    assert axes.collections[0].get_sizes().tolist() == [18, 126]
    assert not faults_in_print(figure, monkeypatch)


def test_signs_of_formulas_are_drawn_as_they_are():
    fixations = {"x_px": [], "y_px": [], "weight_s": np.array([])}
    image = np.zeros((80, 100), np.uint8)
    drawn = []
    for title in ("“$ $^$ a”", "“ ”"):
        figure = paint(image, np.ones((80, 100), np.float32), fixations, [], title)
        figure.savefig(file := io.BytesIO(), format="raw")
        drawn.append(file.getvalue())
    assert drawn[0] != drawn[1]


def test_radiographs_of_another_scale_and_of_another_aspect(tmp_path):
    tables, associated = tmp_path / "tables", tmp_path / "associated"
    write_tables(tables, readings=[reading("R1", TEXT)], fixations=[fixation(0, 0, 1)])
    row = mention(TEXT, "seen", "edema")
    (tmp_path / "mentions.csv").write_text(
        ",".join(row) + "\n" + ",".join(map(str, row.values())) + "\n"
    )
    gazescribe("associate", tables, tmp_path / "mentions.csv", associated)
    rows = choose_maps(read_table(associated, "windows"), (), 1)[0]
    first = read_table(tables, "readings").to_pylist()[0]
    params = load_params().heatmaps
    Image.fromarray(np.zeros((80, 100), np.uint8)).save(tmp_path / "film.png")
    figure = draw_overlay(tables, associated, first, rows, tmp_path / "film.png", params)
    assert figure.axes[0].get_title() == "Edema, R1\n“edema seen .”"
    whole = read_table(associated, "windows").to_pylist()[-1] | {"label": "all gaze"}
    figure = draw_overlay(tables, associated, first, [whole], tmp_path / "film.png", params)
    assert figure.axes[0].get_title() == "all gaze, R1"
    Image.fromarray(np.full((40, 50), 9, np.uint8)).save(tmp_path / "film.png")
    figure = draw_overlay(tables, associated, first, rows, tmp_path / "film.png", params)
    shown = figure.axes[0].images[0].get_array()
    np.testing.assert_array_equal(shown, np.full((80, 100), 9))
    Image.fromarray(np.zeros((8, 20), np.uint8)).save(tmp_path / "film.png")
    with pytest.raises(GazeError, match="another aspect than its table says"):
        draw_overlay(tables, associated, first, rows, tmp_path / "film.png", params)
