import numpy as np
import pytest

from gazescribe.pipeline.demo.cases import Lesion
from gazescribe.pipeline.demo.chest import Chest
from gazescribe.pipeline.demo.looks import LOOKS, MARGIN, add_lesion

SHAPE = (80, 100)


def lung(aerated=1.0):
    return Chest(np.zeros(SHAPE, np.float32), np.full(SHAPE, aerated, np.float32), np.zeros(SHAPE))


def added(finding, aerated=1.0, certainty=5, side="right", x=0.5, y=0.5):
    chest = lung(aerated)
    lesion = Lesion(finding, side, x, y, 0.2, 0.25, certainty)
    add_lesion(chest, lesion, np.random.default_rng(0))
    return chest.density


def test_a_solid_lesion_has_its_density_inside_and_nothing_beyond_the_margin():
    density = added("nodule")
    assert density[40, 50] == pytest.approx(0.36, rel=0.01)  # at certainty 5 the factor is 1
    y, x = np.mgrid[:80, :100]
    beyond = np.maximum(np.abs(x + 0.5 - 50) / 20, np.abs(y + 0.5 - 40) / 20) > MARGIN + 0.1
    assert not density[beyond].any()


def test_certainty_makes_a_lesion_plainer_in_proportion():
    faint, plain = added("nodule", certainty=1), added("nodule", certainty=5)
    np.testing.assert_allclose(faint, plain * 0.64, rtol=1e-4)  # 0.55 + 0.09 a step


@pytest.mark.parametrize("finding", ["nodule", "mass", "consolidation", "pneumothorax"])
def test_signs_of_the_lung_need_a_lung(finding):
    assert np.abs(added(finding)).max() > 0.1
    assert not added(finding, aerated=0.0).any()


def test_fluid_is_below_and_highest_at_the_chest_wall():
    right, left = added("pleural effusion"), added("pleural effusion", side="left")
    assert right[50:56, 36:64].mean() > right[24:30, 36:64].mean() + 0.3
    assert right[40, 36] > right[40, 64]  # the patient's right wall is at smaller x
    np.testing.assert_allclose(left, right[:, ::-1], atol=1e-5)


def test_a_lesion_at_the_edge_is_cut_and_one_outside_adds_nothing():
    assert added("mass", x=0.0).any()
    assert not added("mass", x=1.6).any()
    assert not added("mass", y=-0.6).any()


@pytest.mark.parametrize("finding", sorted(LOOKS))
def test_every_look_is_finite_and_seen(finding):
    density = added(finding, aerated=0.7)
    assert np.isfinite(density).all()
    assert np.abs(density).max() > 0.02
