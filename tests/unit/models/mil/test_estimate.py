from dataclasses import replace

from gazescribe.models.mil.estimate import estimate
from tests.unit.models.mil.mil_cases import RUN


def test_what_each_setting_costs():
    needed = estimate(RUN)
    assert needed.optimiser == 3 * needed.gradients
    assert estimate(replace(RUN, amsgrad=False)).optimiser == 2 * needed.gradients
    assert estimate(replace(RUN, decoder=False)).activations < needed.activations
    doubled = estimate(replace(RUN, batch_size=2 * RUN.batch_size))
    assert 1.9 < doubled.activations / needed.activations < 2.1
    assert doubled.weights == needed.weights


def test_every_image_may_have_maps():
    n_maps = RUN.batch_size * 10 * RUN.image_size**2 * 4
    needed, without = estimate(RUN), estimate(replace(RUN, supervision="none"))
    assert needed.batch - without.batch == n_maps


def test_a_weight_file_is_not_read():
    assert estimate(replace(RUN, weights="nowhere.pth")) == estimate(RUN)


def test_the_baselines():
    for settings in ({"objective": "cross_entropy"}, {"lambda_cam": 200.0}):
        assert estimate(replace(RUN, **settings)).activations > 0
