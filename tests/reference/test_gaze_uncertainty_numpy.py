"""The loss of Wang et al. 2022, as Lanfredi et al. tried it, against plain loops of numpy."""

import numpy as np
import pytest
import torch

from gazescribe.models.mil.losses import GazeUncertainty
from gazescribe.models.mil.network import gradcam

IMAGES, LABELS, CHANNELS, CELLS, PIXELS = 5, 4, 6, 8, 32


@pytest.fixture(scope="module")
def batch():
    random = np.random.default_rng(20)
    activations = random.normal(size=(IMAGES, CHANNELS, CELLS, CELLS)).clip(min=0)
    activations[4] = 0  # no cell is lit
    return {
        "activations": activations,
        "weight": random.normal(size=(LABELS, CHANNELS)),
        "labels": random.random((IMAGES, LABELS)) < 0.6,
        "annotated": np.array([True, False, True, False, True]),
        "maps": random.random((3, LABELS, PIXELS, PIXELS)),
    }


def cams_of(activations, weight):
    """Class activation maps, the largest of each 1."""
    cams = np.zeros((IMAGES, LABELS, CELLS, CELLS))
    for image, label in np.ndindex(IMAGES, LABELS):
        for channel in range(CHANNELS):
            cams[image, label] += weight[label, channel] * activations[image, channel]
        cams[image, label] = np.maximum(cams[image, label], 0)
        if cams[image, label].any():
            cams[image, label] /= cams[image, label].max()
    return cams


def loss_of(cams, batch, sigma):
    """Value, and its gradients by the maps and by ln σ."""
    side = PIXELS // CELLS
    total, gradient, row = 0.0, np.zeros_like(cams), 0
    for image in range(IMAGES):
        if not batch["annotated"][image]:
            continue
        for label in range(LABELS):
            if batch["labels"][image, label]:
                for y, x in np.ndindex(CELLS, CELLS):
                    pixels = batch["maps"][row, label, side * y : side * (y + 1)]
                    target = pixels[:, side * x : side * (x + 1)].max()
                    difference = cams[image, label, y, x] - target
                    total += difference**2
                    gradient[image, label, y, x] = difference / (sigma**2 * cams.size)
        row += 1
    square = total / cams.size
    return 0.5 / sigma**2 * square + np.log(sigma), gradient, 1 - square / sigma**2


@pytest.mark.parametrize("sigma", [1.0, 0.05, 3.0])
def test_value_and_gradients(batch, sigma):
    tensors = {name: torch.from_numpy(array) for name, array in batch.items()}
    ours = gradcam(tensors["activations"], tensors["weight"][:, :, None, None])
    expected_cams = cams_of(batch["activations"], batch["weight"])
    np.testing.assert_allclose(ours.numpy(), expected_cams, rtol=0, atol=1e-6)
    cams = torch.from_numpy(expected_cams).requires_grad_()
    loss = GazeUncertainty().double()
    with torch.no_grad():
        loss.log_sigma.fill_(np.log(sigma))
    value = loss(cams, tensors["labels"], tensors["annotated"], tensors["maps"])
    value.backward()
    expected, by_cams, by_log_sigma = loss_of(expected_cams, batch, sigma)
    assert np.abs(by_cams).max() > 1e-5
    assert value.item() == pytest.approx(expected, rel=1e-12)
    np.testing.assert_allclose(cams.grad.numpy(), by_cams, rtol=1e-12, atol=0)
    assert loss.log_sigma.grad.item() == pytest.approx(by_log_sigma, rel=1e-12)
