"""Values and gradients of the authors' own functions (`golden/losses.npz`)."""

import numpy as np
import pytest
import torch

from gazescribe.models.mil.losses import (
    annotated_cells,
    annotation_loss,
    decoder_loss,
    image_loss,
    image_probability,
)

SWITCH = [pytest.param("published", "True", id="balanced"), pytest.param("off", "False", id="off")]
LAMBDA_DECODER = 300


@pytest.fixture(scope="module")
def golden(shared):
    with np.load(shared / "golden" / "losses.npz") as arrays:
        return {name: torch.from_numpy(arrays[name]) for name in arrays.files}


@pytest.fixture(scope="module")
def annotated(golden):
    found = golden["contain"] > 0
    assert 0 < found.sum() < len(found)
    return found


@pytest.fixture(scope="module")
def maps(golden, annotated):
    return golden["heat256"][annotated]


@pytest.mark.parametrize(("balanced", "key"), SWITCH)
def test_probability(golden, balanced, key):
    found = image_probability(golden["logits"], balanced=balanced)
    torch.testing.assert_close(found, golden["image_probability"], rtol=0, atol=5e-7)


@pytest.mark.parametrize(("balanced", "key"), SWITCH)
def test_product_of_annotated_images(golden, balanced, key):
    cells = golden["grid32"] > 0.15
    found = torch.exp(-annotation_loss(golden["logits"], cells, balanced=balanced))
    expected = golden[f"p_box_balanced_{key}"]
    torch.testing.assert_close(found, expected, rtol=5e-5, atol=0)


def test_cells(golden, annotated, maps):
    found = annotated_cells(maps, (32, 32), threshold=0.15)
    assert found.any()
    assert found.equal(golden["grid32"][annotated] > 0.15)


@pytest.mark.parametrize(("balanced", "key"), SWITCH)
def test_image_loss(golden, annotated, maps, balanced, key):
    logits = golden["logits"].clone().requires_grad_()
    cells = annotated_cells(maps, (32, 32), threshold=0.15)
    loss = image_loss(
        logits, golden["labels"], annotated, cells, balanced=balanced, lambda_annotated=3
    )
    loss.backward()
    expected = golden[f"loss_li_balanced_{key}"].item()
    assert loss.item() == pytest.approx(expected, rel=1e-5)
    gradient = golden[f"loss_li_grad_balanced_{key}"]
    assert gradient.abs().max() > 1e-2
    torch.testing.assert_close(logits.grad, gradient, rtol=0, atol=5e-8)


@pytest.mark.parametrize(("balanced", "key"), SWITCH)
def test_decoder_loss(golden, annotated, maps, balanced, key):
    logits = golden["decoder_logits"].clone().requires_grad_()
    loss = LAMBDA_DECODER * decoder_loss(logits, golden["labels"], annotated, maps)
    loss.backward()
    masked = 1 - (golden["contain"][:, None] * golden["labels"]).mean().item()
    theirs = golden[f"loss_total_balanced_{key}"] - golden[f"loss_li_balanced_{key}"]
    expected = theirs.item() - LAMBDA_DECODER * np.log(2) * masked
    assert loss.item() == pytest.approx(expected, rel=1e-4)
    gradient = golden[f"decoder_grad_balanced_{key}"]
    assert gradient.abs().max() > 1e-5
    torch.testing.assert_close(logits.grad, gradient, rtol=0, atol=2e-11)


@pytest.mark.parametrize(("label", "logit"), [(0, 2.0), (1, -15.0)])
def test_where_their_products_overflow(label, logit):
    """float32 products, as published, give 46.05 here, and gradients of a thousand million."""
    explicit = torch.full((1024,), logit, requires_grad=True)
    exact = torch.full((1024,), logit, dtype=torch.float64, requires_grad=True)
    ours = torch.full((1, 1, 32, 32), logit, requires_grad=True)

    def restated(logits):
        absent = (0.98 + 0.02 * (1 - torch.sigmoid(logits))).prod()
        return -torch.log((1 - absent if label else absent) + 1e-20)

    def published(logits):
        present = 1 - (0.98 + 0.02 * (1 - torch.sigmoid(logits))).prod()
        return -torch.log((present if label else 1 - present) + 1e-20)

    nobody = torch.zeros(1, dtype=torch.bool)
    found = image_loss(
        ours,
        torch.tensor([[label]]),
        nobody,
        torch.zeros(0, 1, 32, 32, dtype=torch.bool),
        balanced="published",
        lambda_annotated=3,
    )
    for loss in (published(explicit), restated(exact), found):
        loss.backward()
    assert published(explicit).item() > 46
    assert explicit.grad.max() > 1e6 or explicit.grad.min() < -1e6
    assert found.item() == pytest.approx(restated(exact).item(), rel=1e-6)
    torch.testing.assert_close(ours.grad.flatten().double(), exact.grad, rtol=1e-5, atol=0)
