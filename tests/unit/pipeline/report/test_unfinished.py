"""Runs of the store that are not done, as `train` leaves them while it works or is stopped."""

import json
import os

import pytest

from gazescribe.pipeline.core.locks import alone
from gazescribe.pipeline.report.unfinished import drawn_beside, read_unfinished

ROWS = "epoch,train_loss,val_auroc\n0,2.0,0.5\n1,1.0,0.7\n"


@pytest.fixture
def begin(tmp_path):
    """Writes the entry of a run in the store; gives it."""

    def write(key, name="et-seed0", *, status="running", epoch=2, rows=ROWS, system="mil"):
        entry = tmp_path / ".runs" / key
        (entry / "resume").mkdir(parents=True)
        if rows:
            (entry / "resume" / "epochs.csv").write_text(rows)
        state = {"system": system, "run": {"name": name, "epochs": 60, "seed": 0}}
        state |= {"status": status, "epoch": epoch, "seconds": 1.5, "error": None}
        (entry / "state.json").write_text(json.dumps(state))
        return entry

    return write


def notes(folder):
    return {name: run.note for (_, name), run in read_unfinished(folder).items()}


def test_how_far_runs_are(begin, tmp_path):
    running = begin("a", "et-seed0")
    begin("b", "et-seed1")
    begin("c", "et-seed2", status="stopped")
    begin("d", "et-seed3", status="failed", epoch=7)
    done = begin("e", "et-seed4", status="done")
    (done / "run").mkdir()
    with alone(running):
        found = read_unfinished(tmp_path)
    assert {name: run.note for (_, name), run in found.items()} == {
        "et-seed0": "running, epoch 2 of 60",
        "et-seed1": "stopped, epoch 2 of 60",  # killed: nobody holds it
        "et-seed2": "stopped, epoch 2 of 60",
        "et-seed3": "failed, epoch 7 of 60",
    }
    rows = found["mil", "et-seed0"].rows
    assert [row["val_auroc"] for row in rows] == ["0.5", "0.7"]


def test_a_first_epoch_has_no_rows(begin, tmp_path):
    begin("a", epoch=0, rows="")
    assert read_unfinished(tmp_path)["mil", "et-seed0"].rows == []


def test_of_a_name_the_running_one_else_the_last(begin, tmp_path):
    first, last = begin("b", epoch=3), begin("a", epoch=5)
    for entry, time_s in ((first, 1000), (last, 2000)):
        os.utime(entry / "state.json", (time_s, time_s))
    assert notes(tmp_path) == {"et-seed0": "stopped, epoch 5 of 60"}
    with alone(first):
        assert notes(tmp_path) == {"et-seed0": "running, epoch 3 of 60"}


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"system": "mil", "run": {"name": "x"}}'])
def test_a_state_that_cannot_be_read_is_no_run_yet(begin, tmp_path, text):
    (begin("a") / "state.json").write_text(text)
    begin("b", "et-seed1")
    assert list(notes(tmp_path)) == ["et-seed1"]


def test_a_folder_without_a_store_has_none(tmp_path):
    assert read_unfinished(tmp_path) == {}


def test_what_stopped_and_was_done_since_is_not_drawn(begin, tmp_path):
    begin("a", "et-seed0")
    running = begin("b", "et-seed1")
    begin("c", "et-seed2")
    begin("d", "joint-seed0", system="cooperative")
    with alone(running):
        runs = read_unfinished(tmp_path)
    finished = dict.fromkeys(["et-seed0", "et-seed1"])
    assert list(drawn_beside(finished, runs, "mil")) == ["et-seed1", "et-seed2"]
