import numpy as np
import pytest

from gazescribe.pipeline.core.errors import SchemaError
from gazescribe.pipeline.results.examples import first_examples, read_arrays, refuse_misfit
from gazescribe.pipeline.results.runs import RunScores, ScoredRun


@pytest.fixture
def path(tmp_path):
    (tmp_path / "a-seed1").mkdir()
    np.savez(tmp_path / "a-seed1" / "examples.npz", image=np.zeros((2, 3)), label=np.array(["x"]))
    return tmp_path / "a-seed1" / "examples.npz"


def test_the_first_run_that_has_examples(path):
    folders = [path.parents[1] / f"a-seed{seed}" for seed in range(3)]
    runs = [ScoredRun(folder, RunScores(settings={})) for folder in folders]
    assert first_examples(runs) == path
    assert first_examples(runs[:1]) is None


def test_arrays(path):
    assert {*read_arrays(path, ["label"])} == {"image", "label"}
    with pytest.raises(SchemaError, match="it lacks mask, target"):
        read_arrays(path, ["mask", "image", "target"])
    path.write_bytes(b"PK")
    with pytest.raises(SchemaError, match="this is not a whole NPZ"):
        read_arrays(path, [])


def test_shapes_are_named(path):
    arrays = read_arrays(path, [])
    refuse_misfit(arrays, path, fits=True)
    with pytest.raises(SchemaError, match=r"do not fit together: .*'image': \(2, 3\)"):
        refuse_misfit(arrays, path, fits=False)
