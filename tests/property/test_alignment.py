"""What holds for any two scan paths."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gazescribe.pipeline.geometry.alignment import cells, edit_distance, scaled_tde, scanmatch

FRAME, GRID = (80, 100), (4, 5)
NUMBERS = st.tuples(st.floats(-10, 110), st.floats(-10, 90), st.floats(0.01, 2))
PATHS = st.lists(NUMBERS, min_size=1, max_size=12).map(np.array)


@given(PATHS, PATHS, st.floats(-2, 0))
def test_scanmatch(first, second, gap):
    strings = [cells(path, FRAME, GRID) for path in (first, second)]
    assert all(((string >= 0) & (string < 20)).all() for string in strings)
    score = scanmatch(*strings, GRID, 3.5, gap)
    assert score <= 1 + 1e-12
    assert score == pytest.approx(scanmatch(*strings[::-1], GRID, 3.5, gap))
    assert scanmatch(strings[0], strings[0], GRID, 3.5, gap) == pytest.approx(1)
    assert score <= scanmatch(*strings, GRID, 3.5, 0.0) + 1e-12  # gaps that cost never help


@given(PATHS, PATHS, PATHS)
def test_edit_distance_is_a_distance(first, second, third):
    a, b, c = (cells(path, FRAME, GRID) for path in (first, second, third))
    assert abs(len(a) - len(b)) <= edit_distance(a, b) <= max(len(a), len(b))
    assert edit_distance(a, b) == edit_distance(b, a)
    assert (edit_distance(a, b) == 0) == (a.tolist() == b.tolist())
    assert edit_distance(a, c) <= edit_distance(a, b) + edit_distance(b, c)


@given(PATHS, PATHS, st.floats(0, 50))
def test_scaled_tde(reference, path, shift):
    similarity = scaled_tde(reference, path, FRAME)
    assert 0 < similarity <= 1
    assert scaled_tde(path, path, FRAME) == 1
    moved = [each + np.array([shift, shift, 0]) for each in (reference, path)]
    assert scaled_tde(*moved, FRAME) == pytest.approx(similarity)
    # A reference that holds the path has each of its runs.
    assert scaled_tde(np.concatenate([reference, path]), path, FRAME) == pytest.approx(1)
