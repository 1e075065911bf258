import pytest

from gazescribe.pipeline.report.curves import (
    HEIGHT_PX,
    look_of,
    model_of,
    points_of,
    read_curves,
    ticks,
)
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
    return read_curves("mil", tmp_path)


def test_a_panel_for_each_quantity_that_changes(curves):
    assert [panel.title for panel in curves.panels] == ["loss", "auroc"]


def test_training_and_validation_share_a_panel(curves):
    lines = [(line.run, line.split) for line in curves.panels[0].lines]
    assert lines == [
        ("et-seed0", "train"),
        ("et-seed1", "train"),
        ("et-seed0", "validate"),
        ("et-seed1", "validate"),
    ]


def test_seeds_of_a_model_have_its_colour(curves):
    assert curves.models == [("ellipse", "c0"), ("et", "c1")]
    assert {line.run: line.colour for line in curves.panels[1].lines} == {
        "ellipse-seed0": "c0",
        "et-seed0": "c1",
        "et-seed1": "c1",
    }


def test_thirteen_models_look_differently():
    assert len({look_of(place) for place in range(13)}) == 13


def test_lines_rise_where_values_do(curves):
    line = next(line for line in curves.panels[1].lines if line.run == "et-seed0")
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


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        pytest.param(0.0, 1.0, [0.0, 0.5, 1.0], id="share"),
        pytest.param(0.0, 25.0, [0.0, 10.0, 20.0], id="epochs"),
        pytest.param(0.61, 0.92, [0.7, 0.8, 0.9], id="narrow"),
    ],
)
def test_ticks_are_round(low, high, expected):
    assert ticks(low, high) == expected


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
    assert [(line.run, line.note) for line in found.panels[0].lines if line.split == "train"] == [
        ("et-seed0", ""),
        ("et-seed1", "running, epoch 3 of 9"),
    ]
    assert found.panels[0].lines[1].last == 1.0
    assert read_curves("cooperative", None, begun).notes == {}


def test_a_folder_without_logs_has_no_panels(tmp_path):
    assert read_curves("mil", tmp_path).panels == []


@pytest.mark.parametrize(("run", "model"), [("et-seed0", "et"), ("a-b-seed12", "a-b"), ("x", "x")])
def test_model_of_a_run(run, model):
    assert model_of(run) == model
