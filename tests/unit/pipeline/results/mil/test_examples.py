import numpy as np
import pytest

from gazescribe.pipeline.core.errors import SchemaError
from gazescribe.pipeline.results.mil.examples import choose, draw, main_examples, read_examples
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
        pytest.param({"label": np.array(["edema"] * N)}, "edema is none of the ten", id="label"),
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


def test_cases_chosen(examples):
    found = choose(examples, 2, seed=0)
    assert found["kind"].tolist() == ["random"] * 2 + ["best"] * 2 + ["worst"] * 2
    assert not found.duplicated(["reading_id", "label"]).any()
    of_kind = found.groupby("kind")["et"]
    assert of_kind.get_group("best").min() > of_kind.get_group("worst").max()
    random = set(found["reading_id"][:2])
    rest = {f"R{at}": [0, 1 / 2, 1, 2 / 3, 1 / 2][at % 5] for at in range(N)}
    rest = sorted(iou for reading, iou in rest.items() if reading not in random)
    assert of_kind.get_group("worst").tolist() == pytest.approx(rest[:2])
    assert of_kind.get_group("best").tolist() == pytest.approx(rest[:-3:-1])
    assert choose(examples, 2, seed=0).equals(found)


def test_fewer_cases_than_asked_for(examples):
    found = choose(examples, 50, seed=0)
    assert len(found) == N
    assert set(found["kind"]) == {"random"}


def test_picture(examples):
    chosen = choose(examples, 1, seed=1)
    figure = draw(examples, chosen)
    assert len(figure.axes) == 3 * (1 + 2)
    titles = [axes.get_title() for axes in figure.axes]
    first = chosen.iloc[0]
    assert titles[:3] == [
        f"{first['label']} (random)",
        f"unannotated: IoU {first['unannotated']:.2f}",
        f"et: IoU {first['et']:.2f}",
    ]
    # radiograph, ellipses; and the map over it with its outline where it is not empty
    assert len(figure.axes[0].images) == 1
    assert len(figure.axes[2].images) == 2
