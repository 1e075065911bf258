import numpy as np
import pytest

from gazescribe.pipeline.scanpaths.comparison import DISTANCES, MEASURES, compare, multimatch
from gazescribe.pipeline.scanpaths.settings import ScoreScanpaths

FRAME = (80, 100)
PARAMS = ScoreScanpaths(
    grid=(8, 12),
    threshold=3.5,
    gap=0,
    bin_s=0.1,
    edit_grid=(5, 5),
    blur=0.05,
    inhibition=0.05,
    inhibited=5,
    n_draws=2,
    n_bootstrap=50,
    confidence=0.95,
    seed=0,
)
PATH = np.array([[10.0, 10.0, 0.2], [40.0, 10.0, 0.3], [40.0, 50.0, 0.5], [90.0, 70.0, 0.1]])


def moved(x=0.0, y=0.0, duration=1.0):
    return PATH * [1, 1, duration] + [x, y, 0]


def test_equal_paths():
    values = compare(PATH, PATH.copy(), FRAME, PARAMS)
    assert tuple(values) == MEASURES
    assert [values.pop(name) for name in DISTANCES] == [0, 0]
    assert list(values.values()) == pytest.approx([1.0] * 9)


def test_parts_of_multimatch_are_in_their_order():
    """Each differs from 1 in what was changed alone; by hand, as Dewhurst et al. define them."""
    diagonal = np.hypot(*FRAME)
    assert multimatch(PATH, moved(x=6, y=8), FRAME) == pytest.approx(
        [1, 1, 1, 1 - 10 / diagonal, 1]
    )
    assert multimatch(PATH, moved(duration=2), FRAME) == pytest.approx([1, 1, 1, 1, 0.5])
    straight = np.array([[0.0, 0.0, 1.0], [10.0, 0.0, 1.0], [20.0, 0.0, 1.0]])
    longer = straight * [2, 1, 1]
    shape, direction, length, _, _ = multimatch(straight, longer, FRAME)
    assert direction == 1
    assert length == pytest.approx(1 - 10 / diagonal)
    assert shape == pytest.approx(1 - 10 / (2 * diagonal))
    back = straight * [-1, 1, 1] + [20, 0, 0]
    assert multimatch(straight, back, FRAME)[1] == pytest.approx(0)


def test_paths_without_durations_or_too_short():
    silent = PATH.copy()
    silent[1, 2] = np.nan
    values = compare(PATH, silent, FRAME, PARAMS)
    unknown = {name for name, value in values.items() if np.isnan(value)}
    assert unknown == {"multimatch_duration", "scanmatch_duration"}
    silent[1, 2] = 0
    assert np.isnan(compare(silent, silent, FRAME, PARAMS)["multimatch_duration"])
    short = compare(PATH[:2], PATH, FRAME, PARAMS)
    assert [name for name, value in short.items() if np.isnan(value)] == [
        *MEASURES[:5],
        "string_tde",
    ]
    assert short["edit_distance"] == 2
    assert short["edit_similarity"] == 0.5
