import pickle

import pytest

from gazescribe.pipeline.windows import parts
from gazescribe.pipeline.windows.parts import Tasks
from tests.synthetic import mention, table


@pytest.fixture(autouse=True)
def small_tasks(monkeypatch):
    monkeypatch.setattr(parts, "READINGS_A_TASK", 2)


def said(reading_id, place=0):
    return mention("edema. edema.", "edema", report_id=reading_id, char_start=place)


def of(tasks):
    return [(list(task.ids), task.mentions["report_id"].to_pylist()) for task in tasks]


def test_each_task_has_its_own_mentions_and_those_of_readings_left_out_between():
    rows = [said(name, place) for place, name in enumerate("ABBCDFG")]
    tasks = Tasks(["B", "D", "E", "F"], table(rows, "mentions"))
    assert len(tasks) == 2
    assert of(tasks) == [(["B", "D"], [*"BBCD"]), (["E", "F"], ["F"])]
    assert of(tasks[1:]) == of(tasks)[1:]
    with pytest.raises(IndexError):
        tasks[2]


def test_without_readings_or_mentions_there_is_nothing():
    none = table([], "mentions")
    assert len(Tasks([], none)) == 0
    assert of(Tasks(["A", "B", "C"], none)) == [(["A", "B"], []), (["C"], [])]


def test_a_task_travels_without_the_mentions_of_others():
    rows = [said(f"R{k:04d}") for k in range(3000)]
    tasks = Tasks([row["report_id"] for row in rows], table(rows, "mentions"))
    assert len(pickle.dumps(tasks[700])) < 10_000
