import dataclasses

import numpy as np
import pytest

from gazescribe.models.mil import examples as module
from gazescribe.models.mil.data import evaluation_items
from gazescribe.models.mil.evaluation import score
from gazescribe.models.mil.examples import drawn_cases, enlarged
from gazescribe.pipeline.core.tables import conform
from gazescribe.pipeline.geometry.iou import iou_by_threshold
from tests.unit.models.mil.mil_cases import run
from tests.unit.models.mil.mil_scored import CPU, config, save, world

CASES = [["R1a", "Edema"], ["R1b", "Edema"], ["R1b", "Pneumothorax"]]


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    return world(tmp_path_factory.mktemp("world")).write()


def test_examples_are_all_test_cases_in_the_frame_of_the_masks(inputs, tmp_path):
    scored = score(run(), save(run(), tmp_path), config(inputs, run()), CPU)
    found = scored.examples
    names = np.stack([found["reading_id"], found["label"]], axis=1)
    assert names.tolist() == CASES
    assert {found[name].dtype.kind for name in ("reading_id", "label")} == {"U"}
    arrays = {name: array for name, array in found.items() if array.ndim == 3}
    assert {name: (array.shape, str(array.dtype)) for name, array in arrays.items()} == {
        "image": ((3, 64, 64), "uint8"),
        "mask": ((3, 64, 64), "bool"),
        "decoder": ((3, 16, 16), "float16"),
        "spatial": ((3, 2, 2), "float16"),
        "gradcam": ((3, 2, 2), "float16"),
    }
    assert (found["mask"].sum(axis=(1, 2)) == 32 * 16).all()
    grey = found["image"][:, 0, 0]
    assert grey[0] != grey[1] == grey[2]
    rows = conform(scored.tables["mil_localisation"], "mil_localisation").to_pandas()
    own = rows[(rows["split"] == "test") & (rows["map"] == "decoder")]
    assert own[["reading_id", "label"]].to_numpy().tolist() == CASES
    for at, expected in enumerate(own["iou"]):
        iou = iou_by_threshold(found["decoder"][at], found["mask"][at])
        assert iou[:20] == pytest.approx(expected[:20], abs=0.02)


def test_the_same_cases_for_every_run_and_longer_list(inputs, monkeypatch):
    monkeypatch.setattr(module, "MOST", 2)
    items = evaluation_items(inputs, run())["test"]
    found = {items.reading_id[case.item] + str(case.channel) for case in drawn_cases(items)}
    backwards = items.take(np.arange(len(items))[::-1], "")
    other = {backwards.reading_id[one.item] + str(one.channel) for one in drawn_cases(backwards)}
    assert len(found) == 2
    assert found == other
    monkeypatch.setattr(module, "MOST", 3)
    more = {items.reading_id[case.item] + str(case.channel) for case in drawn_cases(items)}
    assert found < more


def test_a_picture_is_enlarged_by_nearest_neighbour():
    image = np.array([[1, 2], [3, 4]], np.uint8)
    large = enlarged(image, np.zeros((4, 4), bool))
    assert large.tolist() == np.kron(image, np.ones((2, 2), int)).tolist()
    assert large.dtype == np.uint8
    assert enlarged(image, np.zeros((2, 2), bool)).tolist() == image.tolist()


def test_later_seeds_give_none(inputs, tmp_path):
    first, second = (run(name=f"et-seed{seed}", seed=seed) for seed in range(2))
    both = dataclasses.replace(config(inputs, first), runs=(first, second))
    assert score(second, save(second, tmp_path), both, CPU).examples is None
