import io
import sys

import pytest

from tests.unit.models.training.test_fitting import run


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def terminal(monkeypatch):
    """Gives a terminal in the test itself: pytest changes stderr after the fixtures."""
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")

    def give():
        monkeypatch.setattr(sys, "stderr", Terminal())
        return sys.stderr

    return give


def test_a_terminal_sees_how_far_it_is(tmp_path, terminal):
    terminal = terminal()
    run(tmp_path / "epoch.pt", epochs=3)
    shown = terminal.getvalue()
    assert "small-seed3" in shown
    assert "epoch 1/3" in shown
    assert "epoch 3/3" in shown
    assert "images/s" in shown
    assert shown.endswith("\x1b[2K"), "the bar is gone at the end"


def test_the_bar_goes_also_after_an_error(tmp_path, terminal):
    terminal = terminal()
    with pytest.raises(RuntimeError, match="killed"):
        run(tmp_path / "epoch.pt", epochs=3, fail_at=(1, 0))
    assert terminal.getvalue().endswith("\x1b[2K")


def test_a_resumed_run_begins_where_it_was(tmp_path, terminal):
    with pytest.raises(RuntimeError, match="killed"):
        run(tmp_path / "epoch.pt", epochs=3, fail_at=(2, 0))
    terminal = terminal()
    run(tmp_path / "epoch.pt", epochs=3)
    assert "epoch 3/3" in terminal.getvalue()
    assert "epoch 1/3" not in terminal.getvalue()
