import numpy as np
import pytest
import torch

from gazescribe.models.mil.data import evaluation_items
from gazescribe.models.mil.looking import Case, cases_of, look, mask_of
from gazescribe.models.mil.trained import restored
from gazescribe.pipeline.core.shards import open_shards
from tests.unit.models.mil.mil_cases import run
from tests.unit.models.mil.mil_scored import config, save, world


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    return world(tmp_path_factory.mktemp("world")).write()


@pytest.fixture
def items(inputs):
    return evaluation_items(inputs, run())["test"]


def test_cases_are_what_readers_drew(inputs, items):
    assert cases_of(items) == [Case(0, 0), Case(1, 0), Case(1, 2)]
    masks = open_shards(inputs.ellipse_maps)
    found = mask_of(masks, items, Case(1, 2))
    assert (found.dtype, found.shape) == (np.bool_, (64, 64))
    assert found[:32, :16].all()
    assert found.sum() == 32 * 16


def test_items_are_seen_in_their_order(inputs, items, tmp_path):
    network, own, _ = restored(save(run(), tmp_path))
    three = items.take(np.array([0, 1, 0]), "")
    seen = list(look(network, three, own, config(inputs, own), maps=True))
    assert len(seen) == 3
    np.testing.assert_allclose(seen[0].probability, seen[2].probability, rtol=1e-5)
    assert not np.allclose(seen[0].probability, seen[1].probability, rtol=1e-5)
    assert {kind: drawn.shape for kind, drawn in seen[0].maps.items()} == {
        "spatial": (10, 2, 2),
        "gradcam": (10, 2, 2),
        "decoder": (10, 16, 16),
    }


def test_the_decoder_rests_where_no_map_is_wanted(inputs, items, tmp_path):
    network, own, _ = restored(save(run(), tmp_path))
    network.decoder.register_forward_hook(lambda *_: pytest.fail("it was run"))
    seen = list(look(network, items, own, config(inputs, own), maps=False))
    assert [one.maps for one in seen] == [{}, {}]
    assert seen[0].probability.dtype == np.float64
    assert not torch.is_inference_mode_enabled()
