import numpy as np
import pytest
import torch

from gazescribe.models.cooperative.gazegnn import FRESH, GazeGNN, GraphBlock
from gazescribe.models.cooperative.networks import load_file
from gazescribe.models.core.backbones import IMAGENET_MEAN, IMAGENET_SD
from gazescribe.pipeline.core.errors import GazeError


def tiny(**options):
    torch.manual_seed(0)
    return GazeGNN((64, 96), channels=(8, 12, 16, 20), blocks=(1, 1, 2, 1), n_hidden=16, **options)


@pytest.fixture(scope="module")
def batch():
    generator = torch.Generator().manual_seed(1)
    return torch.rand(2, 1, 64, 96, generator=generator), torch.rand(2, 16, 24, generator=generator)


def test_it_has_the_published_size():
    with torch.device("meta"):
        network = GazeGNN((224, 224))
        classes = network(torch.zeros(2, 1, 224, 224), torch.zeros(2, 56, 56)).classes
    assert sum(one.numel() for one in network.parameters()) == 9_692_453
    tables = [one for name, one in network.named_buffers() if name.endswith("apart")]
    assert sum(one.numel() for one in tables) == 1_771_938
    assert classes.shape == (2, 3)
    blocks = [one for one in network.stages if isinstance(one, GraphBlock)]
    assert [one.dilation for one in blocks] == [1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3]
    assert {one.n_links for one in blocks} == {9}


def test_tables_of_places_are_not_saved():
    assert not any("apart" in name for name in tiny().state_dict())


def test_gaze_changes_what_it_says(batch):
    images, gaze = batch
    network = tiny().eval()
    classes = network(images, gaze).classes
    assert classes.shape == (2, 3)
    assert not torch.allclose(classes, network(images, gaze.flip(2)).classes)
    assert not torch.allclose(classes, network(images.flip(3), gaze).classes)


def test_gaze_is_added_at_its_own_nodes(batch):
    images, _ = batch
    network = tiny().eval()
    seen = []
    network.stages.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    gaze = torch.zeros(2, 16, 24)
    network(images, gaze)
    gaze[0, 3, 17] = 1
    network(images, gaze)
    moved = (seen[1] - seen[0]).abs().amax(1)
    assert moved.nonzero().tolist() == [[0, 3, 17]]


def test_without_gaze_it_takes_none(batch):
    images, gaze = batch
    network = tiny(gaze=False).eval()
    assert torch.equal(network(images).classes, network(images, gaze).classes)
    with_gaze = sum(one.numel() for one in tiny().parameters())
    assert sum(one.numel() for one in network.parameters()) == with_gaze - 2
    with pytest.raises(TypeError, match="takes gaze"):
        tiny()(images)


def test_links_go_to_the_nearest_alike():
    """Against a loop over nodes, with keys averaged over 2 x 2 nodes and every second left out."""
    torch.manual_seed(2)
    block = GraphBlock(8, (8, 12), 2, 2).eval()
    assert (block.n_links, block.dilation) == (9, 2)
    x = torch.randn(2, 8, 8, 12)
    nodes = block.before(x)
    keys = nodes.reshape(2, 8, 4, 2, 6, 2).mean((3, 5)).flatten(2)
    differences = torch.empty_like(nodes.flatten(2))
    for item in range(2):
        for node in range(96):
            own = nodes[item].flatten(1)[:, node]
            unit, units = own / own.norm(), keys[item] / keys[item].norm(dim=0)
            distance = (units - unit[:, None]).square().sum(0) + block.apart[node]
            links = distance.argsort()[:18:2]
            differences[item, :, node] = (keys[item][:, links] - own[:, None]).amax(1)
    found = block._largest_difference(nodes.flatten(2), keys)
    torch.testing.assert_close(found, differences)
    interleaved = torch.empty(2, 16, 8, 12)
    interleaved[:, 0::2], interleaved[:, 1::2] = nodes, differences.view_as(nodes)
    graph = x + block.after(block.mix(interleaved))
    torch.testing.assert_close(block(x), graph + block.nodewise(graph))


def test_places_apart_are_far():
    """Minus twice the mean product of sines and cosines of both coordinates."""
    block = GraphBlock(8, (3, 5), 1, 1)
    places = [(y, x) for y in range(3) for x in range(5)]
    expected = np.empty((15, 15))
    for i, a in enumerate(places):
        for j, b in enumerate(places):
            products = [
                np.cos((p - q) * rate) for p, q in zip(a, b, strict=True) for rate in (1, 0.01)
            ]
            expected[i, j] = -2 * sum(products) / 8
    np.testing.assert_allclose(block.apart.numpy(), expected, atol=1e-6)


def test_small_graphs_link_to_what_there_is():
    block = GraphBlock(8, (2, 2), 1, 3)
    assert (block.n_links, block.dilation) == (4, 1)
    assert block(torch.rand(2, 8, 2, 2)).shape == (2, 8, 2, 2)


def test_it_learns(batch):
    images, gaze = batch
    network = tiny().train()
    optimiser = torch.optim.AdamW(network.parameters(), lr=1e-3)
    losses = []
    for _ in range(6):
        classes = network(images, gaze).classes
        loss = torch.nn.functional.cross_entropy(classes, torch.tensor([0, 2]))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0] / 2
    without = [name for name, one in network.named_parameters() if one.grad is None]
    assert without == []


def test_it_can_normalise_as_the_published_code(batch):
    images, gaze = batch
    one, other = tiny().eval(), tiny(normalise=True).eval()
    seen = []
    for network in (one, other):
        network.stem.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
        network(images, gaze)
    mean, spread = (torch.tensor(v)[:, None, None] for v in (IMAGENET_MEAN, IMAGENET_SD))
    torch.testing.assert_close(seen[1], (seen[0] - mean) / spread)
    assert one.state_dict().keys() == other.state_dict().keys()


def names_of_their_file(blocks):
    """Names of the layers of a pyramid ViG, each with ours; written down from its authors' code."""
    pairs = {"stem.convs.0": "stem.0.0", "stem.convs.1": "stem.0.1", "stem.convs.3": "stem.2.0"}
    pairs |= {"stem.convs.4": "stem.2.1", "stem.convs.6": "stem.4.0", "stem.convs.7": "stem.4.1"}
    place = 0
    for stage, n_blocks in enumerate(blocks):
        if stage:
            for part in "01":
                pairs[f"backbone.{place}.conv.{part}"] = f"stages.{place}.{part}"
            place += 1
        for _ in range(n_blocks):
            for part in "01":
                theirs, ours = f"backbone.{place}", f"stages.{place}"
                pairs[f"{theirs}.0.fc1.{part}"] = f"{ours}.before.{part}"
                pairs[f"{theirs}.0.graph_conv.gconv.nn.{part}"] = f"{ours}.mix.0.{part}"
                pairs[f"{theirs}.0.fc2.{part}"] = f"{ours}.after.{part}"
                pairs[f"{theirs}.1.fc1.{part}"] = f"{ours}.nodewise.0.{part}"
                pairs[f"{theirs}.1.fc2.{part}"] = f"{ours}.nodewise.2.{part}"
            place += 1
    return pairs | {"prediction.0": "head.0.0", "prediction.1": "head.0.1"}


def test_weights_of_a_pyramid_vig(tmp_path):
    """All is read but what classifies ImageNet; what such a file has no part of starts anew."""
    source = tiny()
    state = source.state_dict()
    pairs = names_of_their_file((1, 1, 2, 1))
    theirs = {"pos_embed": torch.rand_like(state["place"])}
    for name, ours in pairs.items():
        for key, value in state.items():
            if key.startswith(f"{ours}.") and not key.endswith("num_batches_tracked"):
                theirs[f"{name}{key.removeprefix(ours)}"] = torch.rand_like(value)
    theirs |= {"prediction.4.weight": torch.zeros(1000, 16, 1, 1)}
    theirs |= {"prediction.4.bias": torch.zeros(1000), "backbone.0.0.relative_pos": torch.zeros(1)}
    path = tmp_path / "pvig_ti_78.5.pth.tar"
    torch.save(theirs, path)
    network = tiny()
    load_file(network, path)
    found = network.state_dict()
    assert (found["place"] == theirs["pos_embed"]).all()
    read = {"place"}
    for name, ours in pairs.items():
        for key, value in found.items():
            if key.startswith(f"{ours}.") and not key.endswith("num_batches_tracked"):
                assert (value == theirs[f"{name}{key.removeprefix(ours)}"]).all(), key
                read.add(key)
    left = {key for key in found if key not in read and not key.endswith("num_batches_tracked")}
    assert left == {key for key in found if key.startswith(FRESH)} - {"gaze.num_batches_tracked"}
    assert all((found[key] == state[key]).all() for key in left)
    del theirs["backbone.0.0.fc1.0.bias"]
    torch.save(theirs, path)
    with pytest.raises(GazeError, match=r"stages\.0\.before\.0\.bias"):
        load_file(tiny(), path)
