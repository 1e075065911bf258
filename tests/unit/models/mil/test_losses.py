import math

import pytest
import torch

from gazescribe.models.mil.losses import (
    GazeUncertainty,
    annotated_cells,
    annotation_loss,
    bag_loss,
    decoder_loss,
    image_loss,
    image_probability,
    pooled_logits,
    pooled_loss,
)
from gazescribe.pipeline.core.errors import ArrayError

BALANCED = ["published", "all", "off"]
FLOOR = 0.0056738


def logits_like(*shape, seed=0, spread=3.0):
    generator = torch.Generator().manual_seed(seed)
    return spread * torch.randn(shape, generator=generator, dtype=torch.float64)


def squeezed(p, n, *, balanced):
    floor = FLOOR ** (1 / n) if balanced else 0.98
    return floor + (1 - floor) * p


def product_of_absences(logits, balanced):
    """Equation (4) as it is written."""
    cells = 1 - torch.sigmoid(logits.flatten(2))
    return squeezed(cells, cells.shape[2], balanced=balanced == "all").prod(dim=2)


def product_of_annotation(logits, cells, balanced):
    """Equation (2) as it is written, one image and label at a time."""
    out = torch.ones(logits.shape[:2], dtype=logits.dtype)
    for image in range(len(out)):
        for label in range(out.shape[1]):
            p, lit = torch.sigmoid(logits[image, label]), cells[image, label]
            for side in (p[lit], 1 - p[~lit]):
                factors = squeezed(side, max(len(side), 1), balanced=balanced != "off")
                out[image, label] *= factors.prod()
    return out


@pytest.mark.parametrize("balanced", BALANCED)
@pytest.mark.parametrize("side", [1, 4, 16, 32])
def test_products_in_float64(balanced, side):
    logits = logits_like(3, 2, side, side)
    labels = torch.tensor([[0, 1], [1, 0], [1, 1]])
    absent = product_of_absences(logits, balanced)
    expected = torch.where(labels > 0, -(1 - absent).log(), -absent.log())
    torch.testing.assert_close(image_probability(logits, balanced=balanced), 1 - absent)
    torch.testing.assert_close(bag_loss(logits, labels, balanced=balanced), expected)
    cells = logits_like(3, 2, side, side, seed=1) > 2
    cells[0, 0] = False
    cells[1, 1] = True
    expected = -product_of_annotation(logits, cells, balanced).log()
    torch.testing.assert_close(annotation_loss(logits, cells, balanced=balanced), expected)


@pytest.mark.parametrize("side", [1, 4, 16, 32])
@pytest.mark.parametrize(
    ("lit", "sides"),
    [
        pytest.param(0, 1, id="no cell lit"),
        pytest.param(1, 2, id="one cell lit"),
        pytest.param(None, 1, id="all cells lit"),
    ],
)
def test_a_balanced_product_is_never_below_its_floor(side, lit, sides):
    cells = torch.zeros(1, 1, side * side, dtype=torch.bool)
    cells[..., :lit] = True
    sides = 1 if side == 1 else sides
    cells = cells.view(1, 1, side, side)
    wrong = torch.where(cells, -50.0, 50.0)
    expected = torch.tensor([[-sides * math.log(FLOOR)]])
    for balanced in ("published", "all"):
        torch.testing.assert_close(
            annotation_loss(wrong, cells, balanced=balanced), expected, rtol=1e-5, atol=0
        )
    plain = torch.tensor([[-(side**2) * math.log(0.98)]])
    torch.testing.assert_close(annotation_loss(wrong, cells, balanced="off"), plain)


@pytest.mark.parametrize(
    ("balanced", "largest"),
    [("published", 1 - 0.98**16), ("off", 1 - 0.98**16), ("all", 1 - FLOOR)],
)
def test_probability_spans_its_range(balanced, largest):
    corners = torch.tensor([-1e4, 1e4])[:, None, None, None].expand(2, 1, 4, 4)
    found = image_probability(corners, balanced=balanced)
    torch.testing.assert_close(found, torch.tensor([[0.0], [largest]]))


# At a common logit of all 1024 cells, where the published float32 code gives 46.05 and gradients of
# 2.7e9 and 6e11 (spec: section 4).
@pytest.mark.parametrize(
    ("logit", "label", "value", "gradient"),
    [
        pytest.param(2.0, 0, 18.1995, 2.1375e-3, id="lit, negative"),
        pytest.param(-15.0, 1, 11.98055, -9.76559e-4, id="dark, positive"),
        pytest.param(-100.0, 1, 96.98055, -1 / 1024, id="darker, positive"),
        pytest.param(-1e4, 1, 9996.9805, -1 / 1024, id="as dark as can be, positive"),
        pytest.param(1e4, 0, -1024 * math.log(0.98), 0, id="as lit as can be, negative"),
        pytest.param(-1e4, 0, 0, 0, id="as dark as can be, negative"),
        pytest.param(1e4, 1, 0, 0, id="as lit as can be, positive"),
    ],
)
def test_bag_loss_where_float32_products_explode(logit, label, value, gradient):
    logits = torch.full((1, 1, 32, 32), logit).requires_grad_()
    loss = bag_loss(logits, torch.tensor([[label]]), balanced="published")
    loss.sum().backward()
    torch.testing.assert_close(loss, torch.full((1, 1), float(value)), rtol=1e-5, atol=1e-6)
    expected = torch.full((1, 1, 32, 32), float(gradient))
    torch.testing.assert_close(logits.grad, expected, rtol=5e-4, atol=1e-12)


@pytest.mark.parametrize("balanced", BALANCED)
@pytest.mark.parametrize("logit", [-30.0, -7.0, -3.0, -2.0, 0.0, 2.0])
def test_float32_is_as_good_as_float64_where_the_probability_nears_1(logit, balanced):
    found = []
    for dtype in (torch.float64, torch.float32):
        logits = torch.full((1, 1, 32, 32), logit, dtype=dtype).requires_grad_()
        loss = bag_loss(logits, torch.ones(1, 1), balanced=balanced)
        loss.sum().backward()
        found.append((loss.double(), logits.grad.double()))
    torch.testing.assert_close(*found, rtol=1e-5, atol=0)


@pytest.mark.parametrize("balanced", BALANCED)
@pytest.mark.parametrize("size", [30.0, 88.0, 104.0, 1e4, 1e30])
def test_saturated_logits_give_finite_values_and_gradients(balanced, size):
    logits = torch.full((6, 2, 4, 4), size)
    logits[1::3] *= -1
    logits[2::3, :, ::2] *= -1
    logits.requires_grad_()
    annotated = torch.arange(6) < 3
    labels = torch.tensor([[0, 1]]).expand(6, 2)
    cells = torch.eye(4, dtype=torch.bool).expand(3, 2, 4, 4)
    loss = image_loss(logits, labels, annotated, cells, balanced=balanced, lambda_annotated=3)
    loss = loss + decoder_loss(logits, labels, annotated, cells.float())
    (loss + pooled_loss(logits / 16, labels, reduction="sum")).backward()
    assert torch.isfinite(loss)
    assert torch.isfinite(logits.grad).all()
    assert logits.grad.any()


@pytest.mark.parametrize("balanced", BALANCED)
def test_gradients(balanced):
    logits = logits_like(4, 2, 3, 3).requires_grad_()
    annotated = torch.tensor([True, False, True, False])
    labels = torch.tensor([[1, 0], [1, 0], [0, 1], [0, 1]])
    maps = torch.rand(2, 2, 3, 3, generator=torch.Generator().manual_seed(1)).double()
    cells = annotated_cells(maps, (3, 3), threshold=0.5)

    def losses(logits):
        return (
            image_loss(logits, labels, annotated, cells, balanced=balanced, lambda_annotated=3),
            decoder_loss(logits, labels, annotated, maps),
            pooled_loss(logits, labels, reduction="sum"),
            image_probability(logits, balanced=balanced),
        )

    assert torch.autograd.gradcheck(losses, (logits,))


def test_balanced_switch():
    logits, labels = logits_like(2, 2, 4, 4), torch.tensor([[0, 1], [1, 0]])
    cells = logits_like(2, 2, 4, 4, seed=1) > 0
    bags = {name: bag_loss(logits, labels, balanced=name) for name in BALANCED}
    marked = {name: annotation_loss(logits, cells, balanced=name) for name in BALANCED}
    assert bags["published"].equal(bags["off"])
    assert not bags["published"].allclose(bags["all"])
    assert marked["published"].equal(marked["all"])
    assert not marked["published"].allclose(marked["off"])


def test_image_loss_is_a_sum_and_ignores_labels_of_annotated_images():
    logits = logits_like(3, 2, 4, 4)
    annotated = torch.tensor([False, True, False])
    labels = torch.tensor([[0, 1], [1, 0], [1, 0]])
    cells = torch.eye(4, dtype=torch.bool).expand(1, 2, 4, 4)

    def loss(labels=labels, weight=3.0, repeat=1):
        many = (one.repeat(repeat, *[1] * (one.ndim - 1)) for one in (logits, labels))
        return image_loss(
            *many,
            annotated.repeat(repeat),
            cells.repeat(repeat, 1, 1, 1),
            balanced="published",
            lambda_annotated=weight,
        )

    bags = bag_loss(logits[[0, 2]], labels[[0, 2]], balanced="published").sum()
    marked = annotation_loss(logits[[1]], cells, balanced="published").sum()
    torch.testing.assert_close(loss(), bags + 3 * marked)
    torch.testing.assert_close(loss(weight=0.5), bags + 0.5 * marked)
    torch.testing.assert_close(loss(repeat=2), 2 * loss())
    assert loss(labels=torch.tensor([[0, 1], [0, 1], [1, 0]])) == loss()
    assert loss(labels=torch.tensor([[1, 1], [1, 0], [1, 0]])) != loss()


@pytest.mark.parametrize("n", [0, 3])
def test_all_or_no_image_annotated(n):
    logits, labels = logits_like(3, 2, 4, 4), torch.ones(3, 2)
    cells = torch.zeros(n, 2, 4, 4, dtype=torch.bool)
    marked = torch.full((3,), n > 0)
    found = image_loss(logits, labels, marked, cells, balanced="all", lambda_annotated=1)
    if n:
        expected = annotation_loss(logits, cells, balanced="all").sum()
    else:
        expected = bag_loss(logits, labels, balanced="all").sum()
    assert found == expected


def test_decoder_loss_is_a_mean_over_the_whole_batch():
    logits, maps = logits_like(3, 2, 8, 8), torch.rand(1, 2, 8, 8, dtype=torch.float64)
    annotated, labels = torch.tensor([False, True, False]), torch.ones(3, 2)
    labels[1, 0] = 0
    found = decoder_loss(logits, labels, annotated, maps)
    p, target = torch.sigmoid(logits[1, 1]), maps[0, 1]
    entropy = -(target * p.log() + (1 - target) * (1 - p).log()).mean()
    torch.testing.assert_close(found, entropy / 6)  # one of three images of two labels


def test_decoder_loss_without_a_positive_map_has_a_gradient_of_zero():
    logits = logits_like(2, 2, 8, 8).requires_grad_()
    for annotated, labels in (([True, False], torch.zeros(2, 2)), ([False] * 2, torch.ones(2, 2))):
        maps = torch.ones(sum(annotated), 2, 8, 8)
        loss = decoder_loss(logits, labels, torch.tensor(annotated), maps)
        (gradient,) = torch.autograd.grad(loss, logits)
        assert loss == 0
        assert not gradient.any()


def test_decoder_targets_are_pooled_by_maximum():
    logits, labels = logits_like(1, 1, 4, 4), torch.ones(1, 1)
    small = torch.rand(1, 1, 4, 4, dtype=torch.float64)
    large = torch.zeros(1, 1, 8, 8, dtype=torch.float64)
    large[:, :, 1::2, ::2] = small
    annotated = torch.tensor([True])
    expected = decoder_loss(logits, labels, annotated, small)
    assert decoder_loss(logits, labels, annotated, large) == expected


def test_cells_are_lit_above_the_threshold():
    maps = torch.zeros(1, 1, 8, 8)
    maps[0, 0, 1, 2], maps[0, 0, 7, 7] = 0.15, 0.16
    found = annotated_cells(maps, (4, 4), threshold=0.15)
    assert found.nonzero().tolist() == [[0, 0, 3, 3]]


def test_pooled_head():
    logits, labels = logits_like(3, 2, 4, 4), torch.tensor([[0, 1], [1, 0], [1, 1]])
    p = torch.sigmoid(logits.mean(dim=(2, 3)))
    torch.testing.assert_close(torch.sigmoid(pooled_logits(logits)), p)
    expected = -torch.where(labels > 0, p, 1 - p).log().sum()
    torch.testing.assert_close(pooled_loss(logits, labels, reduction="sum"), expected)
    mean = pooled_loss(logits, labels, reduction="mean")  # the published code's
    torch.testing.assert_close(mean, expected / labels.numel())


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_is_widened_first(dtype):
    half = logits_like(2, 2, 8, 8).to(dtype)
    labels, annotated = torch.tensor([[0, 1], [1, 0]]), torch.tensor([True, False])
    cells = torch.eye(8, dtype=torch.bool).expand(1, 2, 8, 8)

    def losses(logits):
        return [
            image_loss(logits, labels, annotated, cells, balanced="all", lambda_annotated=3),
            decoder_loss(logits, labels, annotated, cells.float()),
            pooled_loss(logits, labels, reduction="sum"),
            image_probability(logits, balanced="published"),
        ]

    with torch.autocast("cpu", dtype):
        found = losses(half)
    assert all(one.dtype == torch.float32 for one in found)
    for one, other in zip(found, losses(half.float()), strict=True):
        assert one.equal(other)


def test_maps_must_fit_the_annotated_images():
    logits, labels = logits_like(3, 2, 4, 4), torch.ones(3, 2)
    annotated, maps = torch.tensor([True, False, True]), torch.ones(1, 2, 4, 4)
    message = "1 maps for 2 annotated images"
    with pytest.raises(ArrayError, match=message):
        image_loss(logits, labels, annotated, maps > 0, balanced="all", lambda_annotated=3)
    with pytest.raises(ArrayError, match=message):
        decoder_loss(logits, labels, annotated, maps)


@pytest.fixture
def uncertain():
    """Four images with two labels; the second and the last are annotated."""
    labels = torch.tensor([[1, 1], [1, 0], [1, 1], [0, 1]])
    annotated = torch.tensor([False, True, False, True])
    cams = torch.rand(4, 2, 2, 2, generator=torch.Generator().manual_seed(3))
    maps = torch.zeros(2, 2, 4, 4)
    maps[:, :, :2, :2] = 0.5
    return cams, labels, annotated, maps


def test_uncertainty_settles_at_the_mean_square_of_differences(uncertain):
    cams, labels, annotated, maps = uncertain
    loss = GazeUncertainty()
    target = torch.tensor([[0.5, 0.0], [0.0, 0.0]])
    differences = ((cams[1, 0] - target) ** 2).sum() + ((cams[3, 1] - target) ** 2).sum()
    square = differences.item() / cams.numel()
    assert loss(cams, labels, annotated, maps).item() == pytest.approx(square / 2)
    with torch.no_grad():
        loss.log_sigma.fill_(math.log(square) / 2)
    value = loss(cams, labels, annotated, maps)
    value.backward()
    assert value.item() == pytest.approx(0.5 + math.log(square) / 2)
    assert loss.log_sigma.grad.item() == pytest.approx(0, abs=1e-5)


def test_uncertainty_of_a_batch_without_maps(uncertain):
    cams, labels, _, _ = uncertain
    cams.requires_grad_()
    loss = GazeUncertainty()
    value = loss(cams, labels, torch.zeros(4, dtype=torch.bool), torch.zeros(0, 2, 4, 4))
    value.backward()
    assert (value.item(), loss.log_sigma.grad.item()) == (0, 1)
    assert not cams.grad.any()


def test_uncertainty_needs_a_map_for_each_annotated_image(uncertain):
    cams, labels, annotated, maps = uncertain
    with pytest.raises(ArrayError, match="1 maps for 2 annotated images"):
        GazeUncertainty()(cams, labels, annotated, maps[:1])
