import numpy as np
import pytest

from gazescribe.pipeline.windows.tune.curve_file import CurveFile


def test_what_is_read_is_what_was_written(tmp_path):
    arrays = np.random.default_rng(0).random((5, 3, 7))
    curves = CurveFile(tmp_path / "curves")
    for array in arrays:
        curves.append(array[:, ::-1])  # in any order in memory
    assert len(curves) == 5
    np.testing.assert_array_equal(list(curves), arrays[:, :, ::-1])
    np.testing.assert_array_equal(curves[3], arrays[3, :, ::-1])


def test_nothing_lies_behind_the_last(tmp_path):
    curves = CurveFile(tmp_path / "curves")
    assert list(curves) == []
    curves.append(np.zeros((1, 2)))
    with pytest.raises(IndexError):
        curves[1]
