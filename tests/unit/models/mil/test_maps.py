"""Items whose maps are drawn from Gaussians, beside those whose maps come from shards."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from gazescribe.models.core.device import Machine
from gazescribe.models.core.settings import Augment, Drawing
from gazescribe.models.mil.lists import build_items, evaluation_items
from gazescribe.models.mil.loading import training_loader
from gazescribe.models.mil.localisation import cases_of, mask_of, open_masks
from gazescribe.models.mil.training import prepare
from gazescribe.models.training.augment import apply
from gazescribe.pipeline.core.errors import SchemaError
from tests.unit.models.drawn_cases import STEP, with_gaussians
from tests.unit.models.mil.mil_cases import IMAGE_PX, SIZE, World, run

STILL = Augment(0.0, 0.0, 1.0, 1.0, "bilinear")


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    """An image without annotation; a reading of two labels, one of none, one of EGD."""
    world = World(tmp_path_factory.mktemp("world"))
    world.image("A", 99_000_001, Edema="positive")
    world.image("V", 99_000_002, "validate")
    world.reading("R1", 99_000_003, said="Pneumothorax,Edema,Pneumothorax")
    world.reading("R2", 99_000_004)
    world.reading("R3", 99_000_005, said="Fracture")
    world.reading("E1", 99_000_006, "validate", said="Edema", dataset="egd", phase=None)
    world.map("ellipse", "R3", "Edema", peak=None)
    world.ellipse("R1", "Pulmonary edema", certainty=3)
    return with_gaussians(world.write(), IMAGE_PX, SIZE)


def batch_of(inputs, batch_size=4, **changes):
    of = run(batch_size=batch_size, **changes)
    (batch,) = training_loader(build_items(inputs, of)["train"], inputs, of)
    return batch


def drawing(inputs, resize="direct"):
    return replace(inputs, maps="gaussians", drawing=Drawing("mass", resize))


def test_lists_are_those_of_shards(inputs):
    one, other = (build_items(given, run())["train"] for given in (inputs, drawing(inputs)))
    assert (one.map_row >= 0).sum() == 3
    for name, column in one.columns().items():
        np.testing.assert_array_equal(column, other.columns()[name], err_msg=name)


@pytest.mark.parametrize(
    ("supervision", "n"), [("gaze", 4), ("report", 4), ("ellipse", 4), ("none", 1)]
)
def test_items_are_those_of_shards_where_nothing_is_moved(inputs, supervision, n):
    given = {"augment": STILL, "supervision": supervision}
    one, other = batch_of(inputs, n, **given), batch_of(drawing(inputs), n, **given)
    assert one.keys() == other.keys()
    for name, part in one.items():
        assert part.dtype == other[name].dtype
        torch.testing.assert_close(other[name], part, atol=STEP, rtol=0)
    assert supervision == "none" or one["maps"].amax() > 0.9


def test_maps_move_with_their_image(inputs):
    one, other = batch_of(inputs), batch_of(drawing(inputs))
    torch.testing.assert_close(one["affine"], other["affine"])
    (moved,) = apply(one["affine"][one["annotated"]], one["maps"], mode="bilinear")
    # 2.6 pixels of standard deviation: a bilinear mean is off by up to an eighth of 1/2.6².
    assert moved.amax() > 0.8
    assert (moved - other["maps"].float()).abs().amax() < 0.06
    assert (moved - other["maps"].float()).abs().mean() < 0.002


def test_ellipses_beside_drawn_maps_are_moved_as_well(inputs):
    mixed = {"gaze": ("egd",), "ellipse": ("reflacx",)}
    (alone,) = [batch_of(inputs, supervision="ellipse")]
    other = batch_of(drawing(inputs), supervision=mixed)
    (moved,) = apply(alone["affine"][alone["annotated"]], alone["maps"], mode="bilinear")
    assert moved.amax() > 0.9
    torch.testing.assert_close(other["maps"].float(), moved, atol=STEP, rtol=0)


def test_maps_of_the_published_resize_are_moved_on_the_device(inputs):
    module = prepare(run(batch_size=4), inputs, None, Machine("cpu", 1)).module
    assert module.moves_maps
    published = prepare(run(batch_size=4), drawing(inputs, "published"), None, Machine("cpu", 1))
    assert published.module.moves_maps
    drawn = prepare(run(batch_size=4), drawing(inputs), None, Machine("cpu", 1))
    assert not drawn.module.moves_maps


def test_loader_processes_draw_the_same(inputs):
    given = drawing(inputs)
    one, other = batch_of(given), batch_of(given, workers=2)
    assert torch.equal(one["maps"], other["maps"])


def test_maps_are_scored_by_the_same_masks(inputs):
    found = []
    for given in (inputs, drawing(inputs)):
        of_egd = replace(given, scored_on=("egd",))
        items = evaluation_items(of_egd, run())["validate"]
        (case,) = cases_of(items)
        found.append(mask_of(open_masks(of_egd, run()), items, case))
    assert found[0].any()
    assert (found[0] != found[1]).mean() < 0.01


def test_all_folders_from_which_nothing_can_be_drawn(inputs, tmp_path):
    wrong = {"associated": inputs.label_maps, "egd_associated": f"{tmp_path}/gone"}
    given = replace(drawing(inputs), **wrong, scored_on=("egd",))
    with pytest.raises(SchemaError, match="set `maps: shards`") as raised:
        build_items(given, run())
    assert list(raised.value.faults) == [
        f"{inputs.label_maps}: no windows, no gaussians (it holds shards)",
        f"{tmp_path}/gone: no windows, no gaussians",
    ]
