import numpy as np
import pytest

from gazescribe.pipeline.scanpaths.floors import FLOORS, blurred_map, drawn, elsewhere
from tests.unit.pipeline.scanpaths.test_comparison import PARAMS

CORNER = np.column_stack([np.full((40, 2), 0.1), np.full(40, 0.3)])
MIDDLE = np.column_stack([np.full((3, 2), 0.5), np.full(3, 0.2)])


@pytest.mark.parametrize("floor", FLOORS)
def test_paths_are_inside_and_the_same_again(floor):
    random = np.random.default_rng(0)
    known = elsewhere(
        [np.column_stack([random.uniform(size=(9, 2)), np.full(9, 0.2)]) for _ in "ab"]
    )
    first, second = (drawn(floor, known, "R1 Edema", PARAMS) for _ in "ab")
    assert all((a == b).all() for a, b in zip(first, second, strict=True))
    other = drawn(floor, known, "R2 Edema", PARAMS)
    assert (first[0] != other[0]).any()
    for path in first:
        assert path.shape == (9, 3)
        assert ((path[:, :2] >= 0) & (path[:, :2] <= 1)).all()
        assert set(path[:, 2]) == {0.2}


def test_the_sampler_looks_where_others_look_and_does_not_stay():
    known = elsewhere([CORNER])
    (path, _) = drawn("map_sampler", known, "R1", PARAMS)
    assert np.median(np.hypot(*(path[:, :2] - 0.1).T)) < 0.15
    staying = PARAMS.model_copy(update={"inhibited": 0})
    (free, _) = drawn("map_sampler", known, "R1", staying)
    steps = [np.hypot(*np.diff(each[:, :2], axis=0).T).mean() for each in (path, free)]
    assert steps[0] > 1.2 * steps[1]


def test_the_walk_has_the_steps_of_others_from_the_middle():
    right = np.column_stack([np.array([0.1, 0.2, 0.3]), np.full(3, 0.5), np.full(3, 0.2)])
    (path, _) = drawn("random_walk", elsewhere([right]), "R1", PARAMS)
    assert path[0, :2].tolist() == [0.5, 0.5]
    assert np.hypot(*np.diff(path[:, :2], axis=0).T) == pytest.approx([0.1, 0.1])
    lonely = elsewhere([MIDDLE[:1]])
    assert drawn("random_walk", lonely, "R1", PARAMS)[0].tolist() == [[0.5, 0.5, 0.2]]


def test_lengths_are_drawn_from_others():
    known = elsewhere([CORNER, MIDDLE])
    many = PARAMS.model_copy(update={"n_draws": 20})
    assert {len(path) for path in drawn("random_walk", known, "R1", many)} == {40, 3}


def test_a_map_is_a_distribution_around_its_places():
    density = blurred_map(np.array([[0.25, 0.75]]), 0.05)
    assert density.sum() == pytest.approx(1)
    row, column = np.unravel_index(density.argmax(), density.shape)
    assert (row, column) == (24, 8)
