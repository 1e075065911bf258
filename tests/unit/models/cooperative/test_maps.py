import dataclasses
import pickle

import numpy as np
import pytest
import torch

from gazescribe.models.cooperative.data import draw_on, evaluation_loader
from gazescribe.models.cooperative.items import build_lists, targets_of
from gazescribe.models.cooperative.maps import open_maps
from gazescribe.models.cooperative.settings import CooperativeInputs, training_inputs
from gazescribe.models.cooperative.training import prepare
from gazescribe.models.core.device import Machine
from gazescribe.models.training.epochs import seed_all
from gazescribe.pipeline.core.errors import SchemaError
from gazescribe.pipeline.core.shards import open_shards
from tests.running import gazescribe
from tests.unit.models.cooperative.cooperative_cases import (
    SIZES,
    World,
    balanced_world,
    small_run,
)
from tests.unit.models.drawn_cases import STEP


def world(folder, n):
    made = World(folder)
    for subject in range(n):
        made.image(99_000_000 + subject)
    return made.write()


def test_rows_of_one_folder_follow_those_of_another(tmp_path):
    first, second = world(tmp_path / "a", 3), world(tmp_path / "b", 2)
    folders = {"a": first.saliency_maps["egd"], "b": second.saliency_maps["egd"]}
    inputs = CooperativeInputs(first.images, dict.fromkeys(folders, "tables"), folders, None)
    opened = open_maps(inputs, open_shards(inputs.images))
    maps = pickle.loads(pickle.dumps(opened))  # noqa: S301  as a loader process gets it
    assert (maps.first_row("a"), maps.first_row("b")) == (0, 3)
    for row, (name, own) in enumerate([("a", 0), ("a", 1), ("a", 2), ("b", 0), ("b", 1)]):
        assert np.array_equal(maps.at(row, None), open_shards(folders[name])[own])


def test_images_are_no_maps(tmp_path):
    inputs = world(tmp_path, 1)
    swapped = CooperativeInputs(inputs.images, inputs.tables, {"egd": inputs.images}, None)
    with pytest.raises(SchemaError, match="shards of images, not of heatmaps"):
        open_maps(swapped, open_shards(inputs.images))


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """A world whose maps are drawn from its fixations: as shards, and when they are needed."""
    tmp_path = tmp_path_factory.mktemp("drawn")
    inputs = balanced_world(tmp_path).write()
    tables, associated, maps = inputs.tables["egd"], tmp_path / "associated", tmp_path / "drawn"
    gazescribe("associate", tables, associated)
    gazescribe("heatmaps", tables, associated, maps, "--kind", "saliency", "--size", "64x64")
    stored = dataclasses.replace(inputs, saliency_maps={"egd": str(maps)})
    return stored, dataclasses.replace(
        stored, maps="gaussians", associated={"egd": str(associated)}
    )


def test_items_are_the_same_whether_maps_are_stored_or_drawn(both):
    run = small_run("unet_s", **SIZES)
    lists = [build_lists(inputs, run) for inputs in both]
    stored, drawn = (
        list(evaluation_loader(own.items["train"], inputs, run, batch_size=4))
        for own, inputs in zip(lists, both, strict=True)
    )
    assert len(stored) == len(drawn) > 1
    for one, other in zip(stored, drawn, strict=True):
        assert one["map"].amax() > 0.9
        for name, part in one.items():
            assert part.dtype == other[name].dtype
            torch.testing.assert_close(other[name], part, atol=STEP, rtol=0)
    assert lists[0].left_out == lists[1].left_out


@pytest.mark.parametrize("workers", [0, 1])
def test_a_device_draws_what_loader_processes_draw(both, workers):
    _, inputs = both
    run = small_run("unet_s", **SIZES, workers=workers)
    items = build_lists(inputs, run).items["train"]
    assert (items.map_row >= 0).any()
    items = dataclasses.replace(items, map_row=np.where(np.arange(len(items)), items.map_row, -1))
    loaders = [
        evaluation_loader(items, inputs, run, batch_size=4, draws_later=later)
        for later in (False, True)
    ]
    for one, sent in zip(*loaders, strict=True):
        assert "map" not in sent
        other = draw_on(sent, torch.device("cpu"))
        assert one.keys() == other.keys()
        for name, part in one.items():
            assert part.dtype == other[name].dtype
            torch.testing.assert_close(other[name], part, atol=STEP, rtol=0)


def test_training_on_a_device_draws_there(both):
    """As a GPU's loaders send it, on the CPU: no step can tell."""
    _, inputs = both
    run = small_run("unet_s", **SIZES)
    losses = []
    for kind in ("cpu", "gpu"):
        seed_all(0)
        job = prepare(run, inputs, None, Machine(kind))
        assert job.train.dataset.draws_later == (kind == "gpu")
        (batch, *_) = job.train
        moved = job.module.on_before_batch_transfer(batch, 0)
        losses.append(job.module.terms(job.module.on_after_batch_transfer(moved, 0))["saliency"])
    torch.testing.assert_close(*losses, rtol=1e-4, atol=0)


def test_shards_are_not_drawn_later(both):
    stored, _ = both
    run = small_run("unet_s", **SIZES)
    items = build_lists(stored, run).items["train"]
    batch = next(iter(evaluation_loader(items, stored, run, batch_size=4, draws_later=True)))
    assert draw_on(batch, torch.device("cpu")) is batch


def test_smaller_maps_are_drawn_at_their_size(both):
    run = small_run("unet_s", image_height=32, image_width=32)
    stored, drawn = (
        next(iter(evaluation_loader(lists.items["train"], inputs, run, batch_size=4)))["map"]
        for inputs in both
        for lists in [build_lists(inputs, run)]
    )
    assert stored.shape == drawn.shape == (3, 1, 32, 32)
    assert (stored.float() - drawn.float()).abs().amax() < 0.05


def test_crops_are_drawn_where_they_are_cut_out(both):
    run = small_run("gazegnn_published")
    stored, drawn = (
        next(iter(evaluation_loader(lists.items["train"], inputs, run, batch_size=4)))["map"]
        for inputs in both
        for lists in [build_lists(inputs, run)]
    )
    assert stored.amax() > 0.5
    assert (stored.float() - drawn.float()).abs().mean() < 0.02


def test_what_drawn_maps_are_of(both):
    stored, drawn = both
    assert targets_of(drawn) == targets_of(stored)
    drawing = dataclasses.replace(drawn.drawing, saliency_from="samples", samples_sigma_px=5.0)
    of_samples = targets_of(dataclasses.replace(drawn, drawing=drawing))
    assert of_samples == {"saliency_from": "samples", "sigma_deg": None, "sigma_px": 5.0}
    inputs = training_inputs(small_run("unet_s"), drawn)
    assert "saliency_maps" not in inputs
    assert inputs["associated"] == drawn.associated["egd"]
    assert inputs["drawing"]["saliency_from"] == "fixations"
