from dataclasses import replace
from types import SimpleNamespace

from gazescribe.models.mil.estimate import estimate
from gazescribe.pipeline.core.class_names import TEN_LABELS
from tests.unit.models.mil.mil_cases import RUN

INPUTS = SimpleNamespace(labels=TEN_LABELS)


def needed_by(**changes):
    return estimate(replace(RUN, **changes), INPUTS)


def test_what_each_setting_costs():
    needed = needed_by()
    assert needed.optimiser == 3 * needed.gradients
    assert needed_by(amsgrad=False).optimiser == 2 * needed.gradients
    assert needed_by(decoder=False).activations < needed.activations
    doubled = needed_by(batch_size=2 * RUN.batch_size)
    assert 1.9 < doubled.activations / needed.activations < 2.1
    assert doubled.weights == needed.weights


def test_every_image_may_have_maps():
    n_maps = RUN.batch_size * 10 * RUN.image_size**2 * 4
    needed, without = needed_by(), needed_by(supervision="none")
    assert needed.batch - without.batch == n_maps


def test_a_weight_file_is_not_read():
    assert needed_by(weights="nowhere.pth") == needed_by()


def test_the_baselines():
    for settings in ({"objective": "cross_entropy"}, {"lambda_cam": 200.0}):
        assert needed_by(**settings).activations > 0
