import numpy as np

from gazescribe.pipeline.windows.learned.learn import learn_by_folds
from gazescribe.pipeline.windows.learned.plots import odds_by_time, places_by_label
from tests.printed import faults_in_print
from tests.unit.pipeline.windows.learned.learned_readings import (
    LABELS,
    PLACES,
    settings,
    several,
)

FIT, _ = learn_by_folds(several(4), LABELS, settings(iterations=4))


def test_odds_are_a_step_a_bin(monkeypatch):
    figure = odds_by_time(FIT).figure
    (axes,) = figure.axes
    learnt, start = axes.get_lines()
    assert np.array_equal(learnt.get_ydata(), FIT.learnt.odds)
    assert len(start.get_ydata()) == len(FIT.learnt.odds)
    assert not faults_in_print(figure, monkeypatch)


def test_maps_are_brightest_where_gaze_was(monkeypatch):
    figure = places_by_label(FIT).figure
    *labels, search, _bar = figure.axes
    assert not faults_in_print(figure, monkeypatch)
    assert search.get_title().startswith("search")
    for axes, label in zip(labels, LABELS, strict=True):
        assert axes.get_title().startswith(label)
        (image,) = axes.get_images()
        grid = image.get_array()
        row, column = np.unravel_index(np.argmax(grid), grid.shape)
        cell = 1.5 / len(grid)
        found = -0.25 + cell * (np.array([column, row]) + 0.5)
        assert np.abs(found - PLACES[label]).max() < 2 * cell
        left, right, bottom, top = image.get_extent()
        assert (left, right, bottom, top) == (-0.25, 1.25, 1.25, -0.25)
