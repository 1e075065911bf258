import pytest

from gazescribe.models.cooperative.estimate import estimate
from tests.unit.models.cooperative.cooperative_cases import MODELS, small_run


@pytest.mark.parametrize("model", sorted(set(MODELS) - {"inception_resnet"}))
def test_every_network_is_estimated(model):
    needed = estimate(small_run(model))
    assert needed.weights >= needed.gradients
    assert needed.optimiser == 2 * needed.gradients
    assert needed.activations + needed.working > 0


@pytest.mark.parametrize("model", ["contrastive", "dual_encoder", "joint", "mt_unet"])
@pytest.mark.parametrize("precision", ["32", "16-mixed"])
def test_checkpointing_takes_less(model, precision):
    run = {"precision": precision, "batch_size": 12}
    needed = estimate(small_run(model, **run))
    less = estimate(small_run(model, checkpointing=True, **run))
    assert less.activations < needed.activations
    assert less.total < needed.total
    assert less.weights == needed.weights


def test_the_published_triplets_are_counted():
    pooled, published = (
        estimate(small_run("contrastive", mining=mining)) for mining in ("all", "published")
    )
    assert published.activations > pooled.activations


def test_cached_features_need_the_trunk_without_gradient():
    cached, whole = (
        estimate(small_run("cooperative", cache_features=cache)) for cache in (True, False)
    )
    assert cached.weights == whole.weights
    assert cached.activations < whole.activations
