"""Reading score tables: alignment by image, folds, and what is refused."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gazescribe.pipeline.core.errors import AlignmentError, SchemaError
from gazescribe.pipeline.core.values import DIAGNOSES
from gazescribe.pipeline.results.cooperative.scores import (
    METRICS,
    check_cases,
    is_of_paper,
    read_classification,
    read_cooperative_runs,
    read_saliency,
)
from tests.cooperative_scores import MODELS, N, dicom_id, reorder, write_scores

OURS = {"cooperative": MODELS["cooperative"]}
NAMED = {"name": "cooperative-seed0", "model": "cooperative", "seed": 0}


def test_tables_are_aligned_by_image(tmp_path):
    write_scores(tmp_path / "a", OURS, images=range(12))
    turned = write_scores(tmp_path / "b", OURS, images=range(12))
    reorder(turned, [*range(5, 12), *range(5)])
    one, other = (
        read_classification(read_cooperative_runs(folder)["cooperative"])
        for folder in (tmp_path / "a", turned)
    )
    assert one.cases["dicom_id"].tolist() == [dicom_id(at) for at in range(12)]
    assert one.cases.equals(other.cases)
    np.testing.assert_array_equal(one.scores, other.scores)
    assert one.scores.shape == (2, 12, 3)
    maps = read_saliency(read_cooperative_runs(turned)["cooperative"])
    assert len(maps) == 8
    assert maps["gradcam", "all"].scores.shape == (2, 12, len(METRICS))
    assert np.isnan(maps["gradcam", "all"].scores).any(axis=2)[0].tolist() == [
        number % 10 % 3 == 0 for number in range(12)
    ]


def test_folds_are_put_together(tmp_path):
    folds = {"cooperative": {"split": "folds", "n_folds": 2}}
    write_scores(tmp_path, folds, seeds=range(4))
    found = read_classification(read_cooperative_runs(tmp_path)["cooperative"])
    assert found.repetitions == (0, 1)
    assert found.scores.shape == (2, N, 3)
    assert [len(one) for one in found.folds] == [N // 2, N // 2]


def test_all_folds_are_needed(tmp_path):
    """Three of five in the only repetition of one model, one of five in the second of another."""
    write_scores(tmp_path, {"cooperative": {"split": "folds"}}, seeds=[0, 1, 3])
    write_scores(tmp_path, {"mt_unet": {"split": "folds"}}, seeds=[*range(5), 9])
    with pytest.raises(AlignmentError, match="a cross-validation needs all its folds") as raised:
        read_cooperative_runs(tmp_path)
    assert list(raised.value.faults) == [
        "cooperative, repetition 0: no fold 2, 4 of 5",
        "mt_unet, repetition 1: no fold 0, 1, 2, 3 of 5",
    ]


def test_models_of_other_images(tmp_path):
    write_scores(tmp_path, {"cooperative": {}}, images=range(9))
    write_scores(tmp_path, {"mt_unet": {}}, images=range(1, 10))
    tables = {name: read_classification(of) for name, of in read_cooperative_runs(tmp_path).items()}
    with pytest.raises(AlignmentError, match="other test images") as raised:
        check_cases(tables, tmp_path)
    assert list(raised.value.faults) == ["mt_unet: 9 images, not those of cooperative (9)"]


def test_an_image_twice(tmp_path):
    write_scores(tmp_path, OURS, images=range(3), seeds=[0])
    reorder(tmp_path, [0, 1, 1, 2])
    with pytest.raises(SchemaError, match=f"dicom_id '{dicom_id(1)}': rows 2 and 3"):
        read_classification(read_cooperative_runs(tmp_path)["cooperative"])


def test_a_table_that_other_seeds_have(tmp_path):
    write_scores(tmp_path, OURS)
    (tmp_path / "cooperative-seed1" / "saliency.parquet").unlink()
    with pytest.raises(SchemaError, match=r"no saliency\.parquet, others of the model") as raised:
        read_saliency(read_cooperative_runs(tmp_path)["cooperative"])
    assert list(raised.value.faults) == ["cooperative-seed1"]


def test_rows_of_another_run(tmp_path):
    write_scores(tmp_path, OURS)
    file = "classification.parquet"
    (tmp_path / "cooperative-seed0" / file).replace(tmp_path / "cooperative-seed1" / file)
    (tmp_path / "cooperative-seed0" / "saliency.parquet").unlink()
    with pytest.raises(SchemaError, match="names unknown here") as raised:
        read_classification(read_cooperative_runs(tmp_path)["cooperative"][1:])
    assert list(raised.value.faults) == ["run: cooperative-seed0"]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        pytest.param(None, "scores.json: not found", id="absent"),
        pytest.param("{", "scores.json: this is not JSON", id="no JSON"),
        pytest.param("{}", "scores.json: settings is missing", id="key"),
        pytest.param(
            json.dumps({"settings": {"name": "x", "seed": 0}, "counts": {}}),
            "settings name the run 'x' of model None and seed 0",
            id="name",
        ),
        pytest.param(
            json.dumps({"settings": NAMED | {"fold": 5, "n_folds": 5}, "counts": {}}),
            "settings name fold 5 of 5",
            id="fold",
        ),
        pytest.param(
            json.dumps({"settings": NAMED | {"init_from": ["a"]}, "counts": {}}),
            "settings name ['a'] as init_from, which must be a name or null",
            id="first stage",
        ),
        pytest.param(
            json.dumps({"settings": NAMED | {"init_from": "cooperative-seed0"}, "counts": {}}),
            "it starts from itself: cooperative-seed0 ← cooperative-seed0",
            id="itself",
        ),
    ],
)
def test_scores_that_are_not_whole(tmp_path, text, fault):
    folder = tmp_path / "cooperative-seed0"
    folder.mkdir()
    if text is not None:
        (folder / "scores.json").write_text(text)
    with pytest.raises(SchemaError, match="these are not whole runs") as raised:
        read_cooperative_runs(tmp_path)
    assert any(fault in one for one in raised.value.faults)


def test_runs_that_start_from_one_another(tmp_path):
    circle = {"dual_encoder": {"init_from": "cooperative"}, "cooperative": MODELS["cooperative"]}
    write_scores(tmp_path, circle | {"mt_unet": {"init_from": "cooperative"}}, seeds=[0])
    with pytest.raises(SchemaError, match="these are not whole runs") as raised:
        read_cooperative_runs(tmp_path)
    names = "cooperative-seed0", "dual_encoder-seed0"
    assert list(raised.value.faults) == [
        f"{one}/scores.json: it starts from itself: {one} ← {other} ← {one}"
        for one, other in (names, names[::-1])
    ]


def test_no_test_images(tmp_path):
    write_scores(tmp_path, OURS)
    path = tmp_path / "cooperative-seed1" / "classification.parquet"
    table = pq.read_table(path)
    at = table.schema.get_field_index("split")
    validate = pa.array(["validate"] * len(table), table.schema.field(at).type)
    pq.write_table(table.set_column(at, table.schema.field(at), validate), path)
    with pytest.raises(SchemaError, match=r"classification\.parquet .* no test images") as raised:
        read_classification(read_cooperative_runs(tmp_path)["cooperative"])
    assert list(raised.value.faults) == ["cooperative-seed1"]


def test_no_run(tmp_path):
    with pytest.raises(SchemaError, match="there is no run in this folder"):
        read_cooperative_runs(tmp_path)


def rename_columns(path, names):
    table = pq.read_table(path)
    renamed = table.rename_columns([names.get(name, name) for name in table.column_names])
    pq.write_table(renamed.replace_schema_metadata(table.schema.metadata), path)


def rename_classes(folder, names):
    """Give a run other names of its three classes, in `scores.json` and its table."""
    path = folder / "scores.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "classes": list(names)}))
    path = folder / "classification.parquet"
    new = dict(zip(DIAGNOSES, names, strict=True))
    table = pq.read_table(path)
    targets = [new[name] for name in table["target"].to_pylist()]
    pq.write_table(table.set_column(table.column_names.index("target"), "target", [targets]), path)
    rename_columns(path, {f"p_{old}": f"p_{name}" for old, name in new.items()})


def test_classes_are_those_of_the_data(tmp_path):
    write_scores(tmp_path, OURS, images=range(12))
    before = read_classification(read_cooperative_runs(tmp_path)["cooperative"])
    for seed in (0, 1):
        rename_classes(tmp_path / f"cooperative-seed{seed}", ("Clear", "Benign", "Malignant"))
    runs = read_cooperative_runs(tmp_path)
    found = read_classification(runs["cooperative"])
    assert before.columns == DIAGNOSES
    assert found.columns == ("Clear", "Benign", "Malignant")
    np.testing.assert_array_equal(found.scores, before.scores)
    assert set(found.cases["target"]) == set(found.columns)
    assert not is_of_paper(runs)


def test_runs_of_other_classes_are_not_tabulated_together(tmp_path):
    write_scores(tmp_path, OURS, images=range(12))
    assert is_of_paper(read_cooperative_runs(tmp_path))
    rename_classes(tmp_path / "cooperative-seed1", ("Clear", "Benign", "Malignant"))
    with pytest.raises(
        AlignmentError, match="of other classes than cooperative-seed0: normal, chf"
    ):
        read_cooperative_runs(tmp_path)


def test_a_table_without_a_class_that_scores_name(tmp_path):
    write_scores(tmp_path, OURS, seeds=[0], images=range(12))
    path = tmp_path / "cooperative-seed0" / "classification.parquet"
    rename_columns(path, {"p_chf": "p_other"})
    with pytest.raises(SchemaError, match=r"has not the classes that scores.json names") as raised:
        read_classification(read_cooperative_runs(tmp_path)["cooperative"])
    assert raised.value.faults == ("p_other: only in the table", "p_chf: not in the table")
