import numpy as np
import pytest

from gazescribe.pipeline.geometry.canvas import Canvas
from gazescribe.pipeline.windows.tune.layers import Drawing, Layers, Regions
from gazescribe.pipeline.windows.tune.levels import N_LEVELS, STEPS
from tests.unit.pipeline.windows.tune.tune_cases import IMAGE_SIZE, case

SIZE = (64, 64)
DIRECT = Drawing(SIZE, "direct", "mass")
PUBLISHED = Drawing(SIZE, "published", "mass")
WEIGHTS = np.array([[1.0, 0.5, 0, 0], [0, 0, 2.0, 0.3], [0, 0, 0, 0]])
WHOLE = Regions.of([np.ones(SIZE, bool)])


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
    mask = np.zeros(SIZE, bool)
    mask[20:50, 10:30] = True
    layers = Layers(one, DIRECT, WEIGHTS, Regions.of([mask]))
    drawn = heatmap(one, rows)
    outside, inside = layers.counts(tuple(layers.units(np.array(rows), 0.0)))
    everywhere = outside + inside
    for level in (1, 10, 150, 500, 900):
        over = drawn > level / 1000 + 1 / STEPS
        assert over.sum() == pytest.approx(everywhere[level + 1 :].sum(), abs=2)
        assert (over & mask).sum() == pytest.approx(inside[level + 1 :].sum(), abs=2)
    assert (drawn > 0.5).sum() > 20


def test_no_gaze_is_no_map():
    layers = Layers(case(), DIRECT, WEIGHTS, WHOLE)
    counts = layers.counts(tuple(layers.units(np.array([2]), 0.0)))
    assert counts.shape == (1, N_LEVELS)
    assert not counts.any()


def test_nothing_mentioned_is_no_map():
    assert not Layers(case(), DIRECT, WEIGHTS, WHOLE).counts(()).any()


def test_storage_divides_by_the_maximum_of_the_reading():
    """The map of the rows drawn together is stored on the scale of the higher one."""
    one = case()
    layers = Layers(one, PUBLISHED, WEIGHTS, WHOLE)
    together = layers.units(np.array([0, 1]), 0.0)
    highest = max(heatmap(one, [row], "published").max() for row in (0, 1))
    assert [divisor for _, _, divisor in together] == pytest.approx([highest] * 2, rel=1e-6)
    assert highest < 1


def test_contrast_takes_away_what_is_looked_at_throughout():
    one = case()
    layers = Layers(one, DIRECT, WEIGHTS, WHOLE)
    plain, less = (
        layers.counts(tuple(layers.units(np.array([1]), contrast)))[0] for contrast in (0.0, 0.5)
    )
    assert 0 < less[500:].sum() < plain[500:].sum()
    assert less[-2:].sum() >= 1  # divided by its own maximum


def test_contrast_can_leave_nothing():
    one = case()
    duration_s = one.gaussians["offset_s"] - one.gaussians["onset_s"]
    layers = Layers(one, DIRECT, duration_s[None], WHOLE)
    counts = layers.counts(tuple(layers.units(np.array([0]), 1.0)))
    assert counts[0, 1:].sum() == 0


def test_regions_are_the_parts_that_masks_cut():
    one, other, none = np.zeros((3, 2, 4), bool)
    one[:, :2] = True
    other[0, 1:3] = True
    regions = Regions.of([one, other, none])
    assert sorted(regions.inside.tolist()) == [
        [False, False, False],
        [False, True, False],
        [True, False, False],
        [True, True, False],
    ]
    numbers, inside = regions.offsets // N_LEVELS, regions.inside
    np.testing.assert_array_equal(inside[numbers][..., 0], one)
    np.testing.assert_array_equal(inside[numbers][..., 1], other)
    assert not inside[:, 2].any()


def test_as_many_regions_as_ten_masks_can_cut():
    """Their numbers need more than 16 bits."""
    numbers = np.arange(1024).reshape(32, 32)
    regions = Regions.of([numbers >> bit & 1 == 1 for bit in range(10)])
    assert regions.inside.shape == (1024, 10)
    np.testing.assert_array_equal(regions.offsets, numbers * N_LEVELS)
