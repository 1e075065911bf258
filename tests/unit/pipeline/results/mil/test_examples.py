import numpy as np
import pandas as pd
import pytest

from gazescribe.pipeline.core.class_names import TEN_LABELS
from gazescribe.pipeline.core.errors import SchemaError
from gazescribe.pipeline.results.mil.examples import (
    choose_extremes,
    choose_random,
    draw,
    figure_4,
    main_examples,
    read_examples,
)
from tests.printed import faults_in_print
from tests.scores import model

N = 8


def arrays(**changes):
    """Masks of the left half; map k covers k more columns of four."""
    mask = np.zeros((N, 8, 8), bool)
    mask[:, :, :4] = True
    maps = np.zeros((N, 4, 4), np.float16)
    for at in range(N):
        maps[at, :, : at % 5] = 1
    columns = {
        "reading_id": np.array([f"R{at}" for at in range(N)]),
        "label": np.array(["Edema", "Fracture"] * (N // 2)),
        "image": np.full((N, 8, 8), 100, np.uint8),
        "mask": mask,
        "decoder": maps,
    }
    return {name: value for name, value in (columns | changes).items() if value is not None}


def placed(folder, name, **changes):
    """Give a model whose first run has examples."""
    one = model(name, [[0.2], [0.2]])
    runs = [type(run)(folder / run.folder, *list(vars(run).values())[1:]) for run in one.runs]
    for run in runs:
        run.folder.mkdir()
    np.savez(runs[1].folder / "examples.npz", **arrays(**changes))
    return type(one)(**{**vars(one), "runs": runs})


def test_read(tmp_path):
    found = read_examples(placed(tmp_path, "et"))
    assert found.cases["reading_id"].tolist() == [f"R{at}" for at in range(N)]
    # 0, 1, 2, 3, 4 of four columns against two
    assert found.cases["iou"].tolist()[:5] == pytest.approx([0, 1 / 2, 1, 2 / 3, 1 / 2])
    assert set(found.cases["threshold"]) == {0.5}
    assert found.maps.dtype == np.float32


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        pytest.param({"mask": None}, "it lacks mask", id="absent"),
        pytest.param({"decoder": None}, "it lacks decoder", id="the map that is reported"),
        pytest.param(
            {"label": np.array(["edema"] * N)}, "edema is none of the labels E", id="label"
        ),
        pytest.param({"label": np.array(["Edema"])}, r"'label': \(1,\)", id="length"),
        pytest.param({"mask": np.zeros((N, 4, 4), bool)}, "do not fit together", id="size"),
        pytest.param({"label": np.array([None] * N)}, "not a whole NPZ", id="objects"),
    ],
)
def test_what_cannot_be_used(tmp_path, changes, match):
    with pytest.raises(SchemaError, match=match):
        read_examples(placed(tmp_path, "et", **changes))


def test_a_broken_file(tmp_path):
    one = placed(tmp_path, "et")
    (one.runs[1].folder / "examples.npz").write_bytes(b"PK\x03\x04 and no more")
    with pytest.raises(SchemaError, match="not a whole NPZ"):
        read_examples(one)


def test_models_without_examples_are_left_out(tmp_path):
    models = {"et": placed(tmp_path, "et"), "ellipse": model("ellipse", [[0.2]])}
    assert [*main_examples(models)] == ["et"]


@pytest.fixture
def examples(tmp_path):
    swapped = arrays()["decoder"][:, :, ::-1]
    models = {
        "unannotated": placed(tmp_path, "unannotated", decoder=swapped),
        "et": placed(tmp_path, "et"),
    }
    return main_examples(models)


IOU = [[0, 1 / 2, 1, 2 / 3, 1 / 2][at % 5] for at in range(N)]


def test_random_cases(examples):
    found = pd.concat(choose_random(examples, 3, seed=0))
    assert len(found) == 3
    assert set(found["kind"]) == {"radiograph"}
    assert not found.duplicated(["reading_id", "label"]).any()
    drawn = [int(reading[1:]) for reading in found["reading_id"]]
    assert found["et"].tolist() == pytest.approx([IOU[at] for at in drawn])
    assert pd.concat(choose_random(examples, 3, seed=0)).equals(found)
    assert len(choose_random(examples, 50, seed=0)) == N


def test_best_and_worst_are_those_of_their_label(examples):
    """Edema has R0, R2, R4, R6 with IoU of 0, 1, 1/2, 1/2; Fracture 1/2, 2/3, 0, 1."""
    edema, fracture = choose_extremes(examples, TEN_LABELS, seed=0)
    columns = ["reading_id", "label", "kind"]
    assert edema[columns].to_numpy().tolist() == [
        ["R2", "Edema", "best"],
        ["R0", "Edema", "worst"],
    ]
    assert fracture[columns].to_numpy().tolist() == [
        ["R7", "Fracture", "best"],
        ["R5", "Fracture", "worst"],
    ]
    assert set(edema["n_cases"]) == {"4 cases"}
    assert edema["et"].tolist() == pytest.approx([1, 0])
    assert edema["unannotated"].tolist() == pytest.approx([0, 0])


def test_small_labels_keep_their_best_beside_large_ones(tmp_path):
    """Over all labels, the best and the worst would both be others."""
    labels = np.array(["Cardiomegaly"] * 4 + ["Fracture"] * 3 + ["Edema"])
    one = placed(tmp_path, "et", label=labels)  # IoU 0, 1/2, 1, 2/3; 1/2, 0, 1/2; 1
    fracture = choose_extremes(main_examples({"et": one}), TEN_LABELS, seed=0)[1]
    assert fracture["et"].tolist() == pytest.approx([1 / 2, 0])
    assert fracture["kind"].tolist() == ["best", "worst"]


def test_a_label_with_one_case_has_that_one(tmp_path):
    labels = np.array(["Cardiomegaly"] * 7 + ["Edema"])
    examples = main_examples({"et": placed(tmp_path, "et", label=labels)})
    edema, cardiomegaly = choose_extremes(examples, TEN_LABELS, seed=0)
    assert edema[["reading_id", "kind"]].to_numpy().tolist() == [["R7", "only one"]]
    figure = draw(examples, [edema, cardiomegaly], "Maps", "").figure
    assert len(figure.axes) == 3 * 2 + 1  # the colour bar


def test_picture(examples, monkeypatch):
    (chosen,) = choose_random(examples, 1, seed=1)
    plate = draw(examples, [chosen], "Maps", "Of two models.")
    figure = plate.figure
    *panels, bar = figure.axes
    titles = [axes.get_title() for axes in panels]
    first = chosen.iloc[0]
    assert titles == [
        "radiograph",
        f"Unannotated\nIoU {first['unannotated']:.2f}",
        f"ET\nIoU {first['et']:.2f}",
    ]
    assert panels[0].get_ylabel() == first["label"]
    assert bar.get_ylabel() == "value of the map"
    assert plate.caption.startswith("Of two models. First of each case: the radiograph")
    assert not faults_in_print(figure, monkeypatch)
    # radiograph, ellipses; and the map over it with its outline where it is not empty
    assert len(figure.axes[0].images) == 1
    assert len(figure.axes[2].images) == 2


def test_a_label_has_a_row(examples, monkeypatch):
    figure = draw(examples, choose_extremes(examples, TEN_LABELS, seed=0), "Maps", "").figure
    panels = figure.axes[:-1]
    titles = [axes.get_title() for axes in panels]
    assert titles[::3] == ["best", "worst"] * 2
    assert titles[2:6:3] == ["ET\nIoU 1.00", "ET\nIoU 0.00"]
    assert [axes.get_ylabel() for axes in panels[::6]] == ["Edema\n4 cases", "Fracture\n4 cases"]
    rows = [axes.get_subplotspec().rowspan.start for axes in panels]
    assert not faults_in_print(figure, monkeypatch)
    assert rows == [0] * 6 + [1] * 6


def test_without_examples_there_is_no_picture():
    drawn = figure_4({"et": model("et", [[0.2]])}, 3, 0)
    assert drawn == {"figure_4": None, "figure_4_by_label": None}
