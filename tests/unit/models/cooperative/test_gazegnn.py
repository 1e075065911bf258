import numpy as np
import pytest
import torch

from gazescribe.models.cooperative.gazegnn import GazeGNN, GraphBlock


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
