"""Which images the qualitative figure shows, and files that cannot be used."""

import numpy as np
import pytest

from gazescribe.pipeline.core.errors import SchemaError
from gazescribe.pipeline.core.values import DIAGNOSES
from gazescribe.pipeline.results.cooperative.examples import choose, columns_of, draw
from gazescribe.pipeline.results.cooperative.measured import CooperativeModel
from gazescribe.pipeline.results.cooperative.scores import read_cooperative_runs
from tests.cooperative_scores import MODELS, dicom_id, write_examples, write_scores
from tests.printed import faults_in_print

MAPS = ("target", "saliency", "gradcam")


@pytest.fixture
def models(tmp_path):
    chosen = {name: MODELS[name] for name in ("cooperative", "mt_unet")}
    found = read_cooperative_runs(write_scores(tmp_path, chosen, seeds=[0], images=range(9)))
    return {name: CooperativeModel(name, of, None, {}) for name, of in found.items()}


def test_one_of_each_class_and_random_ones(models, tmp_path, monkeypatch):
    write_examples(tmp_path / "cooperative-seed0", range(9), MAPS)
    write_examples(tmp_path / "mt_unet-seed0", range(8, 0, -1), MAPS)
    columns = columns_of(models)
    titles = ["radiograph", "gaze", "ours", "MT-UNet", "Grad-CAM, ours"]
    assert [one.title for one in columns] == titles
    chosen = choose(columns, DIAGNOSES, 2, seed=0)
    assert chosen["diagnosis"][:3].tolist() == ["normal", "chf", "pneumonia"]
    assert chosen["kind"].tolist() == ["class"] * 3 + ["random"] * 2
    assert chosen["dicom_id"].is_unique
    assert dicom_id(0) not in set(chosen["dicom_id"])
    assert len(choose(columns, DIAGNOSES, 99, seed=0)) == 8
    figure = draw(columns, chosen).figure
    assert len(figure.axes) == 25 + 1  # the colour bar
    assert not faults_in_print(figure, monkeypatch)


def test_without_the_other_model_or_any(models, tmp_path):
    assert columns_of(models) == []
    write_examples(tmp_path / "cooperative-seed0", range(3), MAPS[:2])
    assert [one.title for one in columns_of(models)] == ["radiograph", "gaze", "ours"]


def test_files_that_cannot_be_used(models, tmp_path):
    path = tmp_path / "cooperative-seed0" / "examples.npz"
    path.write_bytes(b"text")
    with pytest.raises(SchemaError, match="not a whole NPZ"):
        columns_of(models)
    np.savez(path, dicom_id=np.array(["a"]), image=np.zeros((1, 2, 2), np.uint8))
    with pytest.raises(SchemaError, match="it lacks diagnosis, target"):
        columns_of(models)
    write_examples(path.parent, range(3), MAPS)
    arrays = dict(np.load(path)) | {"saliency": np.zeros((3, 4, 4))}
    np.savez(path, **arrays)
    with pytest.raises(SchemaError, match=r"do not fit together.*\(3, 4, 4\)"):
        columns_of(models)
