import numpy as np
import pytest

from pipeline.canvas import Canvas
from pipeline.tune.layers import Drawing, Layers
from pipeline.tune.levels import N_LEVELS, STEPS
from tests.unit.tune_cases import IMAGE_SIZE, case

SIZE = (64, 64)
DIRECT = Drawing(SIZE, "direct", "mass")
PUBLISHED = Drawing(SIZE, "published", "mass")
WEIGHTS = np.array([[1.0, 0.5, 0, 0], [0, 0, 2.0, 0.3], [0, 0, 0, 0]])
EVERYWHERE = np.ones(SIZE, bool)


def heatmap(one, rows, resize="direct"):
    """Several weightings as windows of a canvas: another way to the same map."""
    windows = np.repeat(np.arange(len(rows)), 4)
    gaze = {name: np.tile(values, len(rows)) for name, values in one.gaussians.items()}
    gaze |= {"window": windows, "weight_s": WEIGHTS[rows].ravel()}
    joined, _ = Canvas(gaze, IMAGE_SIZE, SIZE, resize=resize).label_map(range(len(rows)))
    return joined


@pytest.mark.parametrize(
    "rows", [pytest.param([0], id="one"), pytest.param([0, 1], id="joined"), [0, 2]]
)
def test_counts_are_those_of_the_drawn_map(rows):
    one = case()
    layers = Layers(one, DIRECT, WEIGHTS)
    drawn = heatmap(one, rows)
    mask = np.zeros(SIZE, bool)
    mask[20:50, 10:30] = True
    everywhere, inside = layers.counts(tuple(layers.units(np.array(rows), 0.0)), mask)
    for level in (1, 10, 150, 500, 900):
        over = drawn > level / 1000 + 1 / STEPS
        assert over.sum() == pytest.approx(everywhere[level + 1 :].sum(), abs=2)
        assert (over & mask).sum() == pytest.approx(inside[level + 1 :].sum(), abs=2)
    assert (drawn > 0.5).sum() > 20


def test_no_gaze_is_no_map():
    layers = Layers(case(), DIRECT, WEIGHTS)
    counts = layers.counts(tuple(layers.units(np.array([2]), 0.0)), EVERYWHERE)
    assert counts.shape == (2, N_LEVELS)
    assert not counts.any()


def test_nothing_mentioned_is_no_map():
    assert not Layers(case(), DIRECT, WEIGHTS).counts((), EVERYWHERE).any()


def test_storage_divides_by_the_maximum_of_the_reading():
    """The map of the rows drawn together is stored on the scale of the higher one."""
    one = case()
    layers = Layers(one, PUBLISHED, WEIGHTS)
    together = layers.units(np.array([0, 1]), 0.0)
    highest = max(heatmap(one, [row], "published").max() for row in (0, 1))
    assert [divisor for _, _, divisor in together] == pytest.approx([highest] * 2, rel=1e-6)
    assert highest < 1


def test_contrast_takes_away_what_is_looked_at_throughout():
    one = case()
    layers = Layers(one, DIRECT, WEIGHTS)
    plain, less = (
        layers.counts(tuple(layers.units(np.array([1]), contrast)), EVERYWHERE)[0]
        for contrast in (0.0, 0.5)
    )
    assert 0 < less[500:].sum() < plain[500:].sum()
    assert less[-2:].sum() >= 1  # divided by its own maximum


def test_contrast_can_leave_nothing():
    one = case()
    duration_s = one.gaussians["offset_s"] - one.gaussians["onset_s"]
    layers = Layers(one, DIRECT, duration_s[None])
    counts = layers.counts(tuple(layers.units(np.array([0]), 1.0)), EVERYWHERE)
    assert counts[0, 1:].sum() == 0
