import os
import pickle

import pytest

from gazescribe.pipeline.core.errors import AlignmentError, GazeError
from gazescribe.pipeline.core.parallel import map_tasks


def double(task):
    if task == "bad":
        raise AlignmentError("bad.", where="row 1", remedy="Fix it.", faults=["a", "b"])
    return task * 2


@pytest.mark.parametrize("workers", [None, 1])
@pytest.mark.parametrize("tasks", [[], [3], [3, 1, 2]])
def test_in_this_process(tasks, workers):
    assert list(map_tasks(double, tasks, workers=workers)) == [2 * task for task in tasks]


def test_results_come_as_they_are_made():
    results = map_tasks(double, [1, "bad"], workers=1)
    assert next(results) == 2
    with pytest.raises(AlignmentError, match=r"row 1: bad\. Fix it"):
        next(results)


def test_in_workers(capfd):
    """In task order, more tasks than are in flight; an error travels whole, without noise."""
    assert list(map_tasks(double, list(range(12)), workers=2)) == list(range(0, 24, 2))
    with pytest.raises(AlignmentError, match=r"row 1: bad\. Fix it") as raised:
        list(map_tasks(double, [1, "bad"], workers=2))
    assert raised.value.faults == ("a", "b")
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("address", ["nowhere", "http://x", "tls://127.0.0.1:1", "inproc://1"])
def test_no_scheduler(address):
    with pytest.raises(GazeError, match=f"no dask.distributed scheduler answers at {address} "):
        list(map_tasks(double, [1, 2], scheduler=address))


def test_errors_keep_their_fields_between_processes():
    error = AlignmentError("bad.", where="row 1", remedy="Fix it.", faults=["a"])
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301  (as workers send it)
    assert (type(copy), str(copy), copy.faults) == (AlignmentError, str(error), ("a",))


def test_workers_keep_freed_memory():
    """Else every large array is asked of the system again: half of the time of a window search."""
    (found,) = set(map_tasks(os.getenv, ["MALLOC_TRIM_THRESHOLD_"] * 4, workers=2))
    assert int(found) >= 2**27
