"""Against independent implementations: numbers of other programs, and the definitions, written out.

The scores of ScanMatch are those of GazeParser's (H. Sogo; its toolbox's translation to Python),
those of the scaled time-delay embedding FixaTons' (D. Zanca), run on the paths below.
"""

from functools import cache

import numpy as np
import pytest

from gazescribe.pipeline.core.errors import ArrayError
from gazescribe.pipeline.geometry.alignment import (
    cells,
    edit_distance,
    scaled_tde,
    scanmatch,
    string_tde,
)

FRAME, GRID = (768, 1024), (8, 12)


def invented(seed, n):
    random = np.random.default_rng(seed)
    places = random.integers(0, 768, (n, 2)).astype(float)
    return np.column_stack([places, random.integers(1, 12, n) * 0.05])


SHORT, LONG = invented(1, 6), invented(2, 11)
PLAIN_SCORE, TIMED_SCORE = 0.14285714285714285, 0.12762829378378704
TIMED_LENGTHS = [19, 37]
TDE_SHORT, TDE_LONG = 0.8522509373104356, 0.8152094234546928


def test_scanmatch_is_gazeparsers():
    plain = [cells(path, FRAME, GRID) for path in (SHORT, LONG)]
    assert scanmatch(*plain, GRID, 3.5) == pytest.approx(PLAIN_SCORE)
    timed = [cells(path, FRAME, GRID, 0.1) for path in (SHORT, LONG)]
    assert [len(string) for string in timed] == TIMED_LENGTHS
    assert scanmatch(*timed, GRID, 3.5) == pytest.approx(TIMED_SCORE)


@pytest.mark.parametrize("gap", [0.0, -0.5, -3.0])
def test_scanmatch_is_needleman_and_wunsch(gap):
    first, second = (cells(path, FRAME, GRID) for path in (SHORT, LONG))

    @cache
    def best(n, m):
        if not (n and m):
            return gap * (n + m)
        (row, column), (other_row, other_column) = (
            divmod(int(string[place - 1]), 12) for string, place in ((first, n), (second, m))
        )
        score = 3.5 - ((row - other_row) ** 2 + (column - other_column) ** 2) ** 0.5
        return max(best(n - 1, m - 1) + score, best(n - 1, m) + gap, best(n, m - 1) + gap)

    expected = best(len(first), len(second)) / (3.5 * len(second))
    assert scanmatch(first, second, GRID, 3.5, gap) == pytest.approx(expected)
    assert scanmatch(second, first, GRID, 3.5, gap) == pytest.approx(expected)
    assert scanmatch(first, first, GRID, 3.5, gap) == pytest.approx(1)


def test_cells_by_place_and_duration():
    path = np.array([[-3.0, 0.0, 0.35], [49.4, 10.0, 0.04], [49.6, 39.0, 0.1], [99.9, 99.0, 0.25]])
    assert cells(path, (80, 100), (2, 2)).tolist() == [0, 0, 1, 3]
    assert cells(path, (80, 100), (2, 2), bin_s=0.1).tolist() == [0, 0, 0, 0, 1, 3, 3]


@pytest.mark.parametrize(
    ("first", "second", "distance"),
    [
        ("kitten", "sitting", 3),
        ("intention", "execution", 5),
        ("", "abc", 3),
        ("abc", "", 3),
        ("same", "same", 0),
    ],
)
def test_edit_distance_of_textbooks(first, second, distance):
    strings = [np.array([ord(letter) for letter in word], int) for word in (first, second)]
    assert edit_distance(*strings) == distance


def test_string_tde_is_the_mean_of_least_distances():
    first, second = (cells(path, FRAME, (5, 5)) for path in (SHORT, LONG))
    runs = [[string[n : n + 3] for n in range(len(string) - 2)] for string in (first, second)]
    least = [min(edit_distance(run, other) for other in runs[0]) / 3 for run in runs[1]]
    assert string_tde(first, second) == pytest.approx(np.mean(least))
    assert string_tde(first, first) == 0
    assert np.isnan(string_tde(first, second[:2]))


def test_scaled_tde_is_fixatons():
    assert scaled_tde(LONG, SHORT, FRAME) == pytest.approx(TDE_SHORT)
    assert scaled_tde(SHORT, LONG, FRAME) == pytest.approx(TDE_LONG)
    assert scaled_tde(LONG, LONG, FRAME) == 1


def test_what_is_not_defined():
    nothing = np.zeros((0, 3))
    assert np.isnan(scaled_tde(nothing, SHORT, FRAME))
    assert np.isnan(scanmatch(cells(nothing, FRAME, GRID), cells(SHORT, FRAME, GRID), GRID, 3.5))
    with pytest.raises(ArrayError, match=r"shape \(n, 3\), got \(6, 2\)"):
        cells(SHORT[:, :2], FRAME, GRID)
    with pytest.raises(ArrayError, match="not finite"):
        scaled_tde(SHORT, np.full((1, 3), np.nan), FRAME)
