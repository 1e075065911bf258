"""A month of training with all that goes wrong in one, short: `make month` does every model."""

from tests.month import SHORT, month


def test_month(tmp_path):
    log = month(tmp_path, SHORT, 2, seed=1, with_tables=False)
    assert log["problems"] == []
    assert log["epochs needed"] == 2 * log["runs"] == 8
    assert log["finished, never touched again"] == 8
