import numpy as np
import pytest

pytest.importorskip("numba")

import numba

from gazescribe.pipeline.images.jpeg_compiled import compiled, kept, load, store, swapped


def test_eight_bytes_at_any_place():
    @compiled
    def shift(array):
        store(array, np.uint64(11), swapped(load(array, np.uint64(1))))

    array = np.arange(20, dtype=np.uint8)
    shift(array)
    assert array[10:20].tolist() == [10, 8, 7, 6, 5, 4, 3, 2, 1, 19]


def test_without_a_folder_to_keep_it_a_function_is_compiled_anew(monkeypatch):
    asked = []

    def njit(**options):
        asked.append(options.get("cache"))
        if options.get("cache"):
            raise RuntimeError("cannot cache function")
        return lambda function: function

    monkeypatch.setattr(numba, "njit", njit)
    assert kept(len) is len
    assert asked == [True, None]
