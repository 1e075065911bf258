import numpy as np
import pytest

from gazescribe.pipeline.geometry.canvas import Canvas
from gazescribe.pipeline.geometry.iou import ALL_THRESHOLDS, PUBLISHED_THRESHOLDS, iou_curves
from gazescribe.pipeline.windows.tune.layers import (
    N_LEVELS,
    STEPS,
    Drawing,
    Layers,
    Regions,
    count_levels,
    stored_levels,
    to_levels,
)
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
    everywhere, inside = layers.counts(tuple(layers.units(np.array(rows), 0.0)))
    for level in range(N_LEVELS - 1):
        over = drawn > level / 1000 + 1 / STEPS
        assert over.sum() == pytest.approx(everywhere[level + 1 :].sum(), abs=2)
        assert (over & mask).sum() == pytest.approx(inside[level + 1 :].sum(), abs=2)
    assert (drawn > 0.5).sum() > 20


def test_no_gaze_is_no_map():
    layers = Layers(case(), DIRECT, WEIGHTS, WHOLE)
    counts = layers.counts(tuple(layers.units(np.array([2]), 0.0)))
    assert counts.shape == (2, N_LEVELS)
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
    assert sorted(regions.within.T.tolist()) == [
        [1, 0, 0, 0],
        [1, 0, 1, 0],
        [1, 1, 0, 0],
        [1, 1, 1, 0],
    ]
    everywhere, in_one, in_other, in_none = regions.within[:, regions.offsets // N_LEVELS]
    assert everywhere.all()
    np.testing.assert_array_equal(in_one, one)
    np.testing.assert_array_equal(in_other, other)
    assert not in_none.any()


def test_as_many_regions_as_ten_masks_can_cut():
    """Their numbers need more than 16 bits."""
    numbers = np.arange(1024).reshape(32, 32)
    regions = Regions.of([numbers >> bit & 1 == 1 for bit in range(10)])
    assert regions.within.shape == (11, 1024)
    np.testing.assert_array_equal(regions.offsets, numbers * N_LEVELS)


RANDOM = np.random.default_rng(5)
VALUES = np.concatenate([[0, 1, 1e-6, 1.6e-5], RANDOM.random(996)]).astype(np.float32)
VALUES = VALUES.reshape(25, 40)
MASK = RANDOM.random((25, 40)) < 0.3
THRESHOLDS = np.array(ALL_THRESHOLDS)


def test_the_published_thresholds_are_levels():
    assert len(PUBLISHED_THRESHOLDS) == 26
    levels = np.array(PUBLISHED_THRESHOLDS) * 1000
    np.testing.assert_allclose(levels, np.rint(levels), atol=1e-9)
    assert list(PUBLISHED_THRESHOLDS) == sorted(set(PUBLISHED_THRESHOLDS))


def test_iou_at_every_threshold():
    levels = to_levels(VALUES)
    (found,) = iou_curves(count_levels(levels), count_levels(levels[MASK]), int(MASK.sum()))
    assert found.shape == (N_LEVELS,)
    kept = VALUES - 1 / STEPS
    for threshold, iou in zip(THRESHOLDS, found, strict=True):
        over = kept > threshold
        assert iou == (over & MASK).sum() / (over | MASK).sum()


def test_area_beyond_the_map_counts():
    """A map is cut to its part that is not empty; the mask is counted whole."""
    levels = np.full((2, 2), 500, np.uint16)
    (found,) = iou_curves(count_levels(levels), count_levels(levels[:1]), 10)
    assert found[499] == 2 / (4 + 10 - 2)
    assert found[500] == 0


def test_nothing_in_both_is_zero():
    empty = np.zeros((1, N_LEVELS), np.int64)
    assert not iou_curves(empty, empty, 0).any()


@pytest.mark.parametrize("highest", [1.0, 0.98, 0.37])
def test_storage_at_the_published_thresholds(highest):
    """Values that fall on a step exactly, such as 0.2, are not above it."""
    values = VALUES * np.float32(highest)
    read = (values.astype(float) / highest * STEPS).astype(np.uint16)
    read = (read / STEPS * highest).astype(np.float32)
    levels = stored_levels(values, highest)
    for threshold in PUBLISHED_THRESHOLDS:
        found = levels > round(threshold * 1000)
        np.testing.assert_array_equal(found, read > np.float32(threshold))


def test_ties_of_the_storage():
    values = np.array([0.2, 0.4, 0.6, 0.8, 1.0], np.float32)
    assert stored_levels(values, 1.0).tolist() == [200, 400, 600, 800, 1000]


@pytest.mark.parametrize("to", [to_levels, lambda values: stored_levels(values, 1.0)])
def test_maxima_above_one_are_in_the_last_level(to):
    """A direct map is sampled between the pixels on which its maximum was found."""
    assert to(np.array([1.0, 1.002], np.float32)).tolist() == [1000, 1000]


def test_counts_by_region():
    levels = np.array([[1000, 3, 3], [1, 1, 3]], np.uint16)
    regions = np.array([[0, 0, 1], [1, 0, 2]], np.uint16) * np.uint16(N_LEVELS)
    counts = count_levels(levels, regions, 4)
    assert counts.shape == (4, N_LEVELS)
    places = np.argwhere(counts).tolist()
    assert places == [[0, 1], [0, 3], [0, 1000], [1, 1], [1, 3], [2, 3]]
    assert [counts[at, level] for at, level in places] == [1] * 6


def test_counts_are_those_of_a_plain_count():
    """More regions than 16 bits hold, and in each of them faint pixels and strong ones."""
    levels = RANDOM.choice([0, 1, 2, 3, 500, 1000], (20, 30)).astype(np.uint16)
    regions = np.arange(600).reshape(20, 30) // 6
    counts = count_levels(levels, regions.astype(np.uint32) * N_LEVELS, 100)
    plain = np.zeros((100, N_LEVELS), int)
    for region, level in zip(regions.ravel(), levels.ravel(), strict=True):
        plain[region, level] += 1
    np.testing.assert_array_equal(counts[:, 1:], plain[:, 1:])
