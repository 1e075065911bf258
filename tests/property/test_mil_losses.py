import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gazescribe.models.mil.losses import annotation_loss, bag_loss, image_probability

BALANCED = st.sampled_from(["published", "all", "off"])
SWEEP = settings(deadline=None, max_examples=100)


@st.composite
def grids(pick, size=60.0):
    """Grid logits of one image and label, and cells."""
    height, width = pick(st.integers(1, 6)), pick(st.integers(1, 6))
    n = height * width
    values = pick(st.lists(st.floats(-size, size, width=32), min_size=n, max_size=n))
    lit = pick(st.lists(st.booleans(), min_size=n, max_size=n))
    shape = (1, 1, height, width)
    return torch.tensor(values).view(shape), torch.tensor(lit).view(shape)


def both(logits, balanced):
    """Loss of a negative and of a positive image."""
    pair = logits.expand(2, 1, -1, -1)
    return bag_loss(pair, torch.tensor([[0], [1]]), balanced=balanced)


@SWEEP
@given(grids(), BALANCED)
def test_losses_are_the_logarithms_of_the_probability(case, balanced):
    logits, _ = case
    probability = image_probability(logits.double(), balanced=balanced)[0]
    negative, positive = torch.exp(-both(logits.double(), balanced))
    torch.testing.assert_close(negative, 1 - probability)
    torch.testing.assert_close(positive, probability)


@SWEEP
@given(grids(), BALANCED)
def test_float32_is_as_good_as_float64(case, balanced):
    logits, cells = case
    for loss in (both, lambda one, how: annotation_loss(one, cells, balanced=how)):
        narrow, wide = (one.clone().requires_grad_() for one in (logits, logits.double()))
        values = [loss(one, balanced) for one in (narrow, wide)]
        for value in values:
            value.sum().backward()
        torch.testing.assert_close(values[0].double(), values[1], rtol=1e-5, atol=1e-6)
        torch.testing.assert_close(narrow.grad.double(), wide.grad, rtol=1e-4, atol=1e-6)


@SWEEP
@given(grids(), BALANCED, st.randoms(use_true_random=False))
def test_the_order_of_cells_does_not_matter(case, balanced, random):
    logits, cells = case
    order = list(range(logits.numel()))
    random.shuffle(order)
    moved, moved_cells = (one.flatten()[order].view(one.shape) for one in case)
    torch.testing.assert_close(both(moved, balanced), both(logits, balanced))
    torch.testing.assert_close(
        annotation_loss(moved, moved_cells, balanced=balanced),
        annotation_loss(logits, cells, balanced=balanced),
    )


@SWEEP
@given(grids(), BALANCED, st.floats(0, 20), st.data())
def test_brighter_cells_raise_the_probability(case, balanced, step, data):
    logits = case[0].double()
    brighter = logits.clone()
    brighter.view(-1)[data.draw(st.integers(0, logits.numel() - 1))] += step
    before, after = (image_probability(one, balanced=balanced) for one in (logits, brighter))
    assert 0 <= before <= after <= 1


@SWEEP
@given(grids(), BALANCED)
def test_annotation_is_best_matched_by_itself(case, balanced):
    logits, cells = case
    own = torch.where(cells, 60.0, -60.0)
    best = annotation_loss(own, cells, balanced=balanced)
    assert 0 <= best <= 1e-6
    assert best <= annotation_loss(logits, cells, balanced=balanced)
