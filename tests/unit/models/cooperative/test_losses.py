import itertools

import numpy as np
import pytest
import torch
from torch.nn import functional

from gazescribe.models.cooperative.losses import (
    UncertaintyWeights,
    log_prediction,
    published_triplet_loss,
    saliency_loss,
    triplet_loss,
)
from gazescribe.pipeline.geometry.saliency import kl

DIAGNOSES = torch.tensor([0, 1, 2, 0, 1, 2, 0, 0, 1, 2, 2, 1])


@pytest.fixture(scope="module")
def drawn():
    generator = torch.Generator().manual_seed(0)
    logits = 3 * torch.randn(2, 1, 8, 6, generator=generator)
    targets = torch.rand(2, 1, 8, 6, generator=generator)
    targets[targets < 0.3] = 0
    valid = torch.ones(2, 1, 8, 6, dtype=torch.bool)
    valid[0, :, :, :2] = False
    valid[1, :, 5:] = False
    return logits, targets, valid


def embeddings(dtype=torch.float32):
    generator = torch.Generator().manual_seed(1)
    return torch.randn(12, 5, generator=generator, dtype=dtype)


def triplets(classes):
    return [
        (a, p, n)
        for a, p, n in itertools.product(range(len(classes)), repeat=3)
        if a != p and classes[a] == classes[p] and classes[a] != classes[n]
    ]


def test_saliency_loss_is_the_papers(drawn):
    logits, targets, _ = drawn
    log_p = logits.flatten(1).log_softmax(1)
    y = targets.flatten(1) / targets.flatten(1).sum(1, keepdim=True)
    expected = torch.nn.KLDivLoss(reduction="batchmean")(log_p, y)
    torch.testing.assert_close(saliency_loss(logits, targets), expected)


def test_saliency_loss_is_the_measure_it_is_scored_by(drawn):
    logits, targets, valid = (one.numpy() for one in drawn)
    for masks, on in ((None, [None, None]), (torch.from_numpy(valid), valid[:, 0])):
        found = saliency_loss(torch.from_numpy(logits), torch.from_numpy(targets), masks)
        each = [
            kl(np.exp(logit[0].astype(float)), target[0], mask)
            for logit, target, mask in zip(logits, targets, on, strict=True)
        ]
        assert found.item() == pytest.approx(np.mean(each), rel=1e-5)


def test_predictions_sum_to_one(drawn):
    logits, _, valid = drawn
    large = 50 * torch.randn(1, 1, 640, 512, generator=torch.Generator().manual_seed(0))
    for one in (log_prediction(logits), log_prediction(logits, valid), log_prediction(large)):
        assert one.exp().sum((1, 2, 3)).numpy() == pytest.approx(1, abs=1e-5)
    assert (log_prediction(logits, valid)[~valid] == -torch.inf).all()


def test_saliency_loss_of_the_target_itself_is_zero(drawn):
    _, targets, valid = drawn
    positive = targets + 0.01
    assert saliency_loss(positive.log(), positive).item() == pytest.approx(0, abs=1e-6)
    assert saliency_loss(positive.log(), 7 * positive, valid).item() == pytest.approx(0, abs=1e-6)


def test_saliency_loss_of_a_uniform_prediction_is_what_entropy_lacks(drawn):
    _, targets, _ = drawn
    y = targets / targets.sum((1, 2, 3), keepdim=True)
    entropy = -torch.xlogy(y, y).sum((1, 2, 3)).mean()
    found = saliency_loss(torch.zeros_like(targets), targets)
    torch.testing.assert_close(found, np.log(48) - entropy, check_dtype=False)


def test_pixels_that_do_not_count_have_no_gradient(drawn):
    logits, targets, valid = drawn
    logits = logits.clone().requires_grad_()
    saliency_loss(logits, targets, valid).backward()
    assert (logits.grad[~valid] == 0).all()
    assert (logits.grad[valid] != 0).all()


def test_maps_without_gaze_add_nothing(drawn):
    logits, targets, _ = drawn
    logits = logits.clone().requires_grad_()
    blank = targets.clone()
    blank[1] = 0
    loss = saliency_loss(logits, blank)
    torch.testing.assert_close(loss, saliency_loss(logits[:1], targets[:1]) / 2)
    loss.backward()
    assert (logits.grad[1] == 0).all()


def test_half_precision_is_computed_in_single(drawn):
    logits, targets, _ = drawn
    found = saliency_loss(logits.bfloat16(), targets.half())
    assert found.dtype == torch.float32
    expected = saliency_loss(logits.bfloat16().float(), targets.half().float())
    assert torch.equal(found, expected)


@pytest.mark.parametrize("normalise", [False, True])
def test_all_triplets_are_averaged(normalise):
    vectors = embeddings(torch.float64)
    unit = functional.normalize(vectors) if normalise else vectors
    margin = 0.3 if normalise else 1.0
    each = [
        max(0, (unit[a] - unit[p]).norm() - (unit[a] - unit[n]).norm() + margin)
        for a, p, n in triplets(DIAGNOSES)
    ]
    assert 0 < sum(one == 0 for one in each) < len(each)
    found = triplet_loss(vectors.float(), DIAGNOSES, margin=margin, normalise=normalise)
    assert found.item() == pytest.approx(float(np.mean(each)), rel=1e-5)


def test_hard_triplets_are_the_farthest_positive_and_the_nearest_negative():
    vectors = embeddings()
    distance = torch.cdist(vectors, vectors)
    each = []
    for anchor, own in enumerate(DIAGNOSES):
        same = own == DIAGNOSES
        each.append(distance[anchor][same].max() - distance[anchor][~same].min() + 1)
    expected = torch.stack(each).clamp(min=0).mean()
    torch.testing.assert_close(triplet_loss(vectors, DIAGNOSES, mining="hard"), expected)


def test_published_triplets_are_summed_over_rows_of_maps():
    features = torch.randn(6, 4, 3, 5, generator=torch.Generator().manual_seed(2))
    classes = DIAGNOSES[:6]
    criterion = torch.nn.TripletMarginLoss(margin=1.0)
    chosen = triplets(classes)
    assert len(chosen) == 24
    expected = sum(criterion(features[[a]], features[[p]], features[[n]]) for a, p, n in chosen)
    torch.testing.assert_close(published_triplet_loss(features, classes), expected)


@pytest.mark.parametrize(
    "loss",
    [
        pytest.param(lambda x, c: triplet_loss(x.mean((2, 3)), c), id="all"),
        pytest.param(lambda x, c: triplet_loss(x.mean((2, 3)), c, mining="hard"), id="hard"),
        pytest.param(published_triplet_loss, id="published"),
    ],
)
@pytest.mark.parametrize(
    "classes",
    [
        pytest.param(torch.zeros(4, dtype=torch.long), id="one class"),
        pytest.param(torch.arange(4), id="nobody alike"),
    ],
)
def test_batches_without_triplets_give_zero(loss, classes):
    features = torch.rand(4, 2, 3, 3, requires_grad=True)
    found = loss(features, classes)
    assert found.item() == 0
    found.backward()
    assert (features.grad == 0).all()


def test_uncertainties_weigh_as_mt_unet_does():
    classes, saliency = torch.tensor(0.9), torch.tensor(2.5)
    for weighing in ("published", "paper"):
        start = UncertaintyWeights(weighing)(classes, saliency)
        assert start.item() == pytest.approx(0.9 + np.log(2) + 2.5 / 2 + np.log(2))
    weights = UncertaintyWeights("paper")
    with torch.no_grad():
        weights.log_sigma_classes.fill_(0.5)
        weights.log_sigma_saliency.fill_(-0.25)
    s_c, s_s = np.exp(0.5), np.exp(-0.25)
    expected = 0.9 / s_c**2 + np.log(s_c + 1) + 2.5 / (2 * s_s**2) + np.log(s_s + 1)
    assert weights(classes, saliency).item() == pytest.approx(expected)


@pytest.mark.parametrize(
    ("weighing", "learned"),
    [
        pytest.param("published", ["log_sigma_classes"], id="published"),
        pytest.param("paper", ["log_sigma_classes", "log_sigma_saliency"], id="paper"),
    ],
)
def test_uncertainties_that_are_learned(weighing, learned):
    weights = UncertaintyWeights(weighing)
    weights(torch.tensor(1.0), torch.tensor(1.0)).backward()
    assert [name for name, one in weights.named_parameters() if one.grad is not None] == learned
    assert [name for name, _ in weights.named_parameters()] == learned
