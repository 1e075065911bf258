import numpy as np
import pytest

from gazescribe.pipeline.core.errors import ManifestError
from gazescribe.pipeline.sources.faults import Fault, Findings, Tally, refuse

FAULTS = [
    Fault("loss", "b", "x", "one.csv", row=3, item="P1", loses="gaze", n=2),
    Fault("loss", "b", "y", "two.csv", item="P1", loses="gaze"),
    Fault("warning", "a", "z", "three.csv"),
]


def test_counts_go_by_reason():
    assert Tally(FAULTS).by_reason() == {
        "a": {"severity": "warning", "loses": "", "rows": 1, "items": 1},
        "b": {"severity": "loss", "loses": "gaze", "rows": 3, "items": 1},
    }


def test_only_errors_stop_and_all_are_named():
    refuse(FAULTS, where="tree")
    errors = [Fault("error", "c", f"fault {number}", "m.csv", row=number) for number in (1, 2)]
    with pytest.raises(ManifestError, match=r"(?s)m.csv, row 1: fault 1.*m.csv, row 2: fault 2"):
        refuse([*FAULTS, *errors], where="tree")


def test_bad_rows_are_one_fault_with_the_first_place_in_the_file():
    found = Findings("f.csv", "P1", [])
    found.add_rows("loss", "none", "are fine", np.zeros(3, dtype=bool))
    found.add_rows("loss", "some", "are bad", np.array([False, True, True]), loses="words")
    bad = np.array([True, True, False])
    found.add_rows("warning", "sorted", "moved", bad, rows=np.array([9, 4, 0]))
    some, moved = found.faults
    assert (str(some), some.n, some.loses) == ("f.csv, row 2: 2 of 3 rows are bad", 2, "words")
    assert moved.row == 5
