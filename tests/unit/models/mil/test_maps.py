"""Items whose maps are drawn, here or on the device, beside those whose maps come from shards."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from gazescribe.models.core.device import Machine
from gazescribe.models.core.drawing import PLACED
from gazescribe.models.core.settings import Augment, Drawing
from gazescribe.models.mil.lists import build_items, evaluation_items
from gazescribe.models.mil.loading import draw_on, training_loader
from gazescribe.models.mil.localisation import cases_of, mask_of, open_masks
from gazescribe.models.mil.settings import MaskDrawing
from gazescribe.models.mil.training import prepare
from gazescribe.models.training.augment import apply
from gazescribe.pipeline.core.errors import SchemaError
from tests.running import gazescribe
from tests.unit.models.drawn_cases import STEP, with_gaussians
from tests.unit.models.mil.mil_cases import IMAGE_PX, MAP_SIZE, SIZE, World, run

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
    world.ellipse("R1", "Pulmonary edema", 3, (20.0, 30.0, 61.0, 90.0))
    world.ellipse("R3", "Pulmonary edema", 5, (-5.0, 10.0, 40.0, 60.0))
    world.ellipse("R3", "Pulmonary edema", 3, (30.0, 20.0, 90.0, 50.0))
    world.ellipse("R3", "Pneumothorax", 2, (30.0, 20.0, 90.0, 50.0))
    world.reading("R4", 99_000_002, "validate")
    world.ellipse("R4", "Pneumothorax", 4, (30.0, 20.0, 90.0, 50.0))
    return with_gaussians(world.write(), IMAGE_PX, SIZE)


def batch_of(inputs, batch_size=4, *, draws_later=False, **changes):
    of = run(batch_size=batch_size, **changes)
    items = build_items(inputs, of)["train"]
    (batch,) = training_loader(items, inputs, of, draws_later=draws_later)
    return batch


def drawing(inputs, resize="direct"):
    masks = MaskDrawing(3, (MAP_SIZE, MAP_SIZE), {"reflacx": inputs.channels["reflacx"]})
    return replace(inputs, maps="gaussians", drawing=Drawing("mass", resize), masks=masks)


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
        step = 0 if supervision == "ellipse" else STEP
        torch.testing.assert_close(other[name], part, atol=step, rtol=0)
    assert supervision == "none" or one["maps"].amax() > 0.9


@pytest.mark.parametrize("still", [True, False])
@pytest.mark.parametrize("mixed", [{"gaze": ("egd",), "ellipse": ("reflacx",)}, "gaze", "ellipse"])
@pytest.mark.parametrize("workers", [0, 1])
def test_a_device_draws_what_loader_processes_draw(inputs, still, mixed, workers):
    given = {"supervision": mixed, **({"augment": STILL} if still else {})}
    one = batch_of(drawing(inputs), **given)
    sent = batch_of(drawing(inputs), **given, draws_later=True, workers=workers)
    assert "maps" not in sent
    assert sum(sent[name].nbytes for name in PLACED if name in sent) < one["maps"].nbytes / 30
    other = draw_on(sent, torch.device("cpu"))
    assert one.keys() == other.keys()
    for name, part in one.items():
        step = 0 if mixed == "ellipse" else STEP
        torch.testing.assert_close(other[name], part, atol=step, rtol=0)
    assert one["maps"].amax() > 0.9


def test_nothing_to_draw_on_the_device(inputs):
    for given in (inputs, drawing(inputs, "published"), replace(drawing(inputs), masks=None)):
        mixed = {"gaze": ("egd",), "ellipse": ("reflacx",)}
        batch = batch_of(given, draws_later=True, supervision=mixed)
        assert draw_on(batch, torch.device("cpu")) is batch
        assert batch["maps"].amax() > 0.9


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("supervision", ["gaze", "ellipse"])
def test_a_gpu_draws_the_same(inputs, supervision):
    sent = batch_of(drawing(inputs), supervision=supervision, draws_later=True)
    one, other = (draw_on(sent, torch.device(name))["maps"] for name in ("cpu", "cuda"))
    torch.testing.assert_close(other.cpu(), one, atol=STEP, rtol=0)


def test_maps_move_with_their_image(inputs):
    one, other = batch_of(inputs), batch_of(drawing(inputs))
    torch.testing.assert_close(one["affine"], other["affine"])
    (moved,) = apply(one["affine"][one["annotated"]], one["maps"], mode="bilinear")
    # 2.6 pixels of standard deviation: a bilinear mean is off by up to an eighth of 1/2.6².
    assert moved.amax() > 0.8
    assert (moved - other["maps"].float()).abs().amax() < 0.06
    assert (moved - other["maps"].float()).abs().mean() < 0.002


def test_masks_move_with_their_image(inputs):
    one, other = (batch_of(given, supervision="ellipse") for given in (inputs, drawing(inputs)))
    affine = one["affine"][one["annotated"]]
    (moved,) = apply(affine, one["maps"], mode="bilinear")
    assert set(other["maps"].unique().tolist()) == {0, 1}
    assert 0.1 < moved.mean() / moved.amax(dim=(2, 3)).mean() < 0.9
    differs = (moved - other["maps"].float()).abs()
    assert differs.mean() < 0.02
    # What is inside or outside by a pixel and more is so in both.
    assert ((moved > 0.99) <= (other["maps"] == 1)).float().mean() > 0.998


def test_masks_of_shards_beside_drawn_maps_are_moved_as_well(inputs):
    mixed = {"gaze": ("egd",), "ellipse": ("reflacx",)}
    (alone,) = [batch_of(inputs, supervision="ellipse")]
    other = batch_of(replace(drawing(inputs), masks=None), supervision=mixed)
    (moved,) = apply(alone["affine"][alone["annotated"]], alone["maps"], mode="bilinear")
    assert moved.amax() > 0.9
    torch.testing.assert_close(other["maps"].float(), moved, atol=STEP, rtol=0)


def test_maps_of_the_published_resize_are_moved_on_the_device(inputs):
    module = prepare(run(batch_size=4), inputs, None, Machine("cpu", 1)).module
    assert module.moves_maps
    published = prepare(run(batch_size=4), drawing(inputs, "published"), None, Machine("gpu", 1))
    assert published.module.moves_maps
    drawn = prepare(run(batch_size=4), drawing(inputs), None, Machine("cpu", 1))
    assert not drawn.module.moves_maps
    assert not drawn.train.dataset.draws_later
    assert prepare(
        run(batch_size=4), drawing(inputs), None, Machine("gpu", 1)
    ).train.dataset.draws_later


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


@pytest.mark.parametrize("resize", ["direct", "published"])
def test_maps_are_scored_by_masks_of_the_size_of_shards(inputs, tmp_path, resize):
    stored = f"{tmp_path}/masks"
    sized = ("--kind", "ellipse", "--size", MAP_SIZE, "--resize", resize)
    gazescribe("heatmaps", inputs.reflacx, inputs.associated, stored, *sized)
    found = []
    for given in (replace(inputs, ellipse_maps=stored), drawing(inputs, resize)):
        items = evaluation_items(given, run())["validate"]
        (case,) = cases_of(items)
        found.append(mask_of(open_masks(given, run()), items, case))
    assert found[0].shape == (MAP_SIZE, MAP_SIZE)
    assert found[0].any()
    np.testing.assert_array_equal(*found)


def test_all_folders_from_which_nothing_can_be_drawn(inputs, tmp_path):
    wrong = {"associated": inputs.label_maps, "egd_associated": f"{tmp_path}/gone"}
    given = replace(drawing(inputs), **wrong, scored_on=("egd",))
    with pytest.raises(SchemaError, match="set `maps: shards`") as raised:
        build_items(given, run())
    assert list(raised.value.faults) == [
        f"{inputs.label_maps}: no windows, no gaussians (it holds shards)",
        f"{tmp_path}/gone: no windows, no gaussians",
    ]
