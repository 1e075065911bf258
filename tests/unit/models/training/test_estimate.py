import gc

import pytest
import torch
from torch import nn

from gazescribe.models.training.estimate import (
    CONTEXT,
    FRAGMENTED,
    Estimate,
    LiveMemory,
    estimate_step,
)

N, SIDE = 5, 8


def small_network():
    """What each layer leaves for the backward pass is known."""
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1, bias=False),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(4 * SIDE * SIDE, 3, bias=False),
    )


def images(device="meta"):
    return {"image": torch.empty(N, 1, SIDE, SIDE, device=device)}


def step(network, precision="32", n_states=2):
    return estimate_step(
        network,
        images,
        lambda batch: network(batch["image"]).sum(),
        precision=precision,
        n_states=n_states,
    )


def test_a_network_whose_saved_tensors_are_known():
    with torch.device("meta"):
        network = small_network()
    weights = 4 * (4 * 9 + 3 * 4 * SIDE * SIDE)
    needed = step(network, n_states=3)
    assert (needed.weights, needed.gradients, needed.optimiser) == (weights, weights, 3 * weights)
    assert needed.batch == 4 * N * SIDE * SIDE
    # The convolution keeps the batch, ReLU its output, which the linear layer keeps too; the loss.
    assert needed.activations == 4 * N * 4 * SIDE * SIDE + 4
    # Going forward the output of the convolution is there beside that of ReLU.
    assert needed.working >= 4 * N * 4 * SIDE * SIDE - 4
    assert all(weight.grad is None for weight in network.parameters())


def test_what_is_frozen_has_no_gradient():
    with torch.device("meta"):
        network = small_network()
    network[0].requires_grad_(requires_grad=False)
    needed = step(network)
    assert needed.gradients == 4 * 3 * 4 * SIDE * SIDE
    assert needed.weights == needed.gradients + 4 * 4 * 9


def test_mixed_precision_halves_activations_and_copies_weights():
    with torch.device("meta"):
        network = small_network()
    needed = step(network, precision="16-mixed")
    copies = 2 * (4 * 9 + 3 * 4 * SIDE * SIDE)
    batch_in_half = 2 * N * SIDE * SIDE
    assert needed.activations == 2 * N * 4 * SIDE * SIDE + copies + batch_in_half + 2
    assert needed.weights == 2 * copies


@pytest.mark.parametrize("precision", ["32", "bf16-mixed"])
def test_it_counts_what_autograd_saves_on_a_cpu(precision):
    torch.manual_seed(0)
    network = nn.Sequential(
        nn.Conv2d(1, 6, 3, padding=1),
        nn.BatchNorm2d(6),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(2),
        nn.Conv2d(6, 4, 3),
        nn.Sigmoid(),
        nn.Flatten(),
        nn.Linear(16, 3),
    )
    given = {weight.untyped_storage().data_ptr() for weight in network.parameters()}
    given |= {buffer.untyped_storage().data_ptr() for buffer in network.buffers()}
    batch = images("cpu")
    given.add(batch["image"].untyped_storage().data_ptr())
    saved = {}

    def pack(tensor):
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in given:
            saved[storage.data_ptr()] = storage
        return tensor

    is_half = precision != "32"
    with (
        torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor),
        torch.autocast("cpu", torch.bfloat16, enabled=is_half),
    ):
        loss = network(batch["image"]).sum()
    expected = sum(storage.nbytes() for storage in saved.values())
    # `meta` keeps no reserve of batch norms, nor does this CPU; the loss itself is not saved.
    assert step(network.to("meta"), precision).activations - loss.nbytes == pytest.approx(
        expected, rel=0.05
    )


def test_the_most_that_lives_at_once():
    outside = torch.empty(100, device="meta")
    with LiveMemory([outside]) as live:
        first = torch.empty(10, device="meta")
        view = first[:5]
        second = first + 1
        outside.add_(1)
        assert live.held == 80
        del second
        gc.collect()
        third = view * 2
    assert (live.held, live.peak) == (60, 80)
    assert third.device.type == "meta"


def test_the_total_has_an_allowance():
    needed = Estimate(1000, 2000, 3000, 4000, 5000, 5000)
    assert needed.allowance == CONTEXT + FRAGMENTED * 20000
    assert needed.total == 20000 + needed.allowance
