import re

import pytest

from gazescribe.pipeline.report.curve_panels import HEIGHT_PX, look_of
from gazescribe.pipeline.report.curves import model_of, name_of, points_of, read_curves
from gazescribe.pipeline.report.numbers import NONE
from gazescribe.pipeline.report.unfinished import Unfinished

LOG = "epoch,train_loss,validate_loss,validate_auroc,lr,note\n"


def write(folder, run, rows):
    path = folder / run / "epochs.csv"
    path.parent.mkdir(parents=True)
    path.write_text(LOG + "".join(f"{row}\n" for row in rows))


@pytest.fixture
def curves(tmp_path):
    for seed in (0, 1):
        rows = [f"{e},{1 / (e + 1)},{1 / (e + 1) + 0.1},{0.5 + 0.1 * e},0.001,a" for e in range(3)]
        write(tmp_path, f"et-seed{seed}", rows)
    write(tmp_path, "ellipse-seed0", ["0,1.0,,0.5,0.001,a", "1,nan,0.4,0.7,0.001,b"])
    return read_curves("mil", tmp_path, relative="models/mil")


def test_a_panel_for_each_quantity_that_changes(curves):
    assert [panel.title for panel in curves.panels] == ["loss", "AUROC"]


def test_training_and_validation_share_a_panel(curves):
    lines = [(line.name, line.split) for line in curves.panels[0].lines]
    assert lines == [
        ("ET, seed 0", "train"),
        ("ET, seed 1", "train"),
        ("ET, seed 0", "validate"),
        ("ET, seed 1", "validate"),
    ]


def test_seeds_of_a_model_look_alike(curves):
    assert {line.name: line.look for line in curves.panels[1].lines} == {
        "Ellipse, seed 0": look_of(0),
        "ET, seed 0": look_of(1),
        "ET, seed 1": look_of(1),
    }
    assert [(name.model, name.text) for name in curves.panels[1].names] == [
        ("ellipse", "Ellipse"),
        ("et", "ET"),
    ]


def test_the_legend_has_the_last_value_of_each_line(curves):
    heads = ["model", "loss, training", "loss, validation", "AUROC, validation"]
    assert curves.legend.columns == heads
    cells = {re.sub("<.*?>", "", row[0]): row[1:] for row in curves.legend.rows}
    assert cells == {
        "Ellipse, seed 0": [NONE, NONE, "0.700"],
        "ET, seed 0": ["0.333", "0.433", "0.700"],
        "ET, seed 1": ["0.333", "0.433", "0.700"],
    }
    assert curves.legend.rows[0][3].file == "models/mil/ellipse-seed0/epochs.csv"
    assert curves.legend.rows[0][3].keys == ("/1/validate_auroc",)


def test_lines_rise_where_values_do(curves):
    line = next(line for line in curves.panels[1].lines if line.name == "ET, seed 0")
    points = [tuple(map(float, point.split())) for point in line.path[1:].split("L")]
    assert [x for x, _ in points] == sorted(x for x, _ in points)
    assert [y for _, y in points] == sorted((y for _, y in points), reverse=True)
    assert all(0 < y < HEIGHT_PX for _, y in points)
    assert line.last == pytest.approx(0.7)


def test_what_is_no_number_is_passed_over():
    rows = [{"epoch": "0", "x": "1"}, {"epoch": "1", "x": ""}, {"epoch": "", "x": "3"}]
    assert points_of([*rows, {"epoch": "3", "x": "inf"}, {"epoch": "4", "x": "word"}], "x") == [
        (0.0, 1.0),
        (2.0, 3.0),
    ]


def test_runs_that_are_not_finished_are_drawn_and_say_so(tmp_path):
    write(tmp_path, "et-seed0", ["0,1.0,0.9,0.5,0.001,a", "1,0.5,0.4,0.7,0.001,b"])
    rows = [{"epoch": str(epoch), "train_loss": str(3 - epoch)} for epoch in range(3)]
    begun = {
        ("mil", name): Unfinished("mil", name, note, is_running, shown)
        for name, note, is_running, shown in (
            ("et-seed0", "stopped, epoch 2 of 9", False, rows),
            ("et-seed1", "running, epoch 3 of 9", True, rows),
            ("old-seed0", "stopped, epoch 0 of 9", False, []),
        )
    }
    found = read_curves("mil", tmp_path, begun)
    assert found.notes == {
        "et-seed1": "running, epoch 3 of 9",
        "old-seed0": "stopped, epoch 0 of 9",
    }
    assert [(line.name, line.note) for line in found.panels[0].lines if line.split == "train"] == [
        ("ET, seed 0", ""),
        ("ET, seed 1", "running, epoch 3 of 9"),
    ]
    assert found.legend.rows[1][1] == "1.000"
    assert found.panels[0].lines[1].last == 1.0
    assert read_curves("cooperative", None, begun).notes == {}


def test_a_folder_without_logs_has_no_panels(tmp_path):
    assert read_curves("mil", tmp_path).panels == []


@pytest.mark.parametrize(("run", "model"), [("et-seed0", "et"), ("a-b-seed12", "a-b"), ("x", "x")])
def test_model_of_a_run(run, model):
    assert model_of(run) == model


@pytest.mark.parametrize(("run", "name"), [("et-seed0", "ET, seed 0"), ("x", "x")])
def test_name_of_a_run(run, name):
    assert name_of(run) == name
