"""A month of training with all that goes wrong in one, short: `make month` does every model."""

from tests.month import SHORT, month


def test_month(tmp_path, server):
    log = month(tmp_path, SHORT, 2, server=server, seed=158, with_tables=False)
    assert log["problems"] == []
    killed, full = [event for event in log["events"] if event.startswith("dvc")]
    assert "killed" in killed
    assert "files up to" in full
    # Two epochs, a network and its scores; more where seed 1 came so far.
    assert log["epochs needed"] >= 2
    assert log["finished, never touched again"] >= 2
