import pickle
from functools import partial

import numpy as np
import pytest

from gazescribe.pipeline.demo.drawn import Drawn, dicom_id
from gazescribe.pipeline.demo.population import draw_cases
from tests.planted import planted

ROWS = np.array([(k, k * k) for k in range(1000)], [("place", "i4"), ("square", "i8")])


def square(row, *, sign):
    return sign * int(row["square"])


SQUARES = Drawn(ROWS, partial(square, sign=-1))


def test_items_are_drawn_of_their_rows():
    assert len(SQUARES) == 1000
    assert SQUARES[3] == -9
    assert list(SQUARES[4:7]) == [-16, -25, -36]
    assert list(SQUARES.take(np.array([9, 2]))) == [-81, -4]
    with pytest.raises(IndexError):
        SQUARES[1000]


def test_a_slice_travels_without_the_others():
    packed = pickle.dumps(SQUARES[4:7])
    assert len(packed) < len(pickle.dumps(SQUARES)) / 10
    assert list(pickle.loads(packed)) == [-16, -25, -36]  # noqa: S301  our own


def test_an_id_has_a_group_of_zeros_and_four_of_eight_digits():
    groups = np.array([0, 2**32 - 1, 0xAB, 1], "u4")
    assert dicom_id(groups) == "00000000-00000000-ffffffff-000000ab-00000001"


def test_a_film_takes_few_bytes_until_it_is_drawn():
    cases = draw_cases(planted().readings, 1, small=True).cases
    assert cases.rows.nbytes / len(cases) < 100
    assert cases[5] == cases[5]
    assert cases[5] is not cases[5]
