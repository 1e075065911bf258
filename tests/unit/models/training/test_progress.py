import io
import re
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from gazescribe.models.core.device import Machine
from gazescribe.models.training import progress
from gazescribe.models.training.epochs import Course, EpochEnd, TrainingPlan
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


def epoch_lines(capfd):
    out, err = capfd.readouterr()
    assert out == ""
    return err.splitlines()


def test_a_log_has_a_line_an_epoch(tmp_path, capfd, monkeypatch):
    monkeypatch.setattr(progress, "peak_mib", lambda _: 1536.0)
    course, _ = run(tmp_path / "epoch.pt", epochs=3)
    lines = epoch_lines(capfd)
    assert len(lines) == 3
    for number, (line, row) in enumerate(zip(lines, course.rows, strict=True), start=1):
        loss, score = row["train_loss"], row["val_score"]
        named = f"train_loss {loss:.4g}, val_score {score:.4g}"
        assert line.startswith(f"small-seed3: epoch {number}/3: {named}, ")
        assert re.search(r", \d+\.\d images/s, 0 min left, 1\.5 GiB$", line)


@pytest.mark.parametrize(
    ("patience", "spent_s", "left"),
    [(None, 7200, "8.0 h"), (5, 7200, "at most 8.0 h"), (None, 600, "40 min")],
)
def test_the_line_tells_the_pace_of_its_epoch_and_the_time_for_the_rest(
    capfd, monkeypatch, patience, spent_s, left
):
    monkeypatch.setattr(progress, "peak_mib", lambda _: None)
    plan = TrainingPlan("small", 0, 10, "val_score", patience=patience)
    epochs = EpochEnd(plan, Path("epoch.pt"))
    lines = progress.EpochLines(plan, epochs, Machine("cpu"))
    trainer = SimpleNamespace(is_global_zero=True)
    epochs.course = Course([{"val_score": 0.5}], n_images=1000, train_s=10, seconds=1800)
    lines.on_train_epoch_start(trainer, None)
    epochs.course.rows.append({"val_score": 0.25, "val_loss": 2.0})
    epochs.course.n_images, epochs.course.train_s, epochs.course.seconds = 1600, 15, spent_s
    lines.on_train_epoch_end(trainer, None)
    told = f"val_loss 2, val_score 0.25, 120.0 images/s, {left} left"
    assert epoch_lines(capfd) == [f"small: epoch 2/10: {told}"]


def test_one_process_of_several_prints_lines(capfd):
    plan = TrainingPlan("small", 0, 10, "val_score")
    lines = progress.EpochLines(plan, EpochEnd(plan, Path("epoch.pt")), Machine("cpu", 2))
    lines.on_train_epoch_end(SimpleNamespace(is_global_zero=False), None)
    assert epoch_lines(capfd) == []


def test_a_resumed_run_goes_on_with_its_lines(tmp_path, capfd):
    with pytest.raises(RuntimeError, match="killed"):
        run(tmp_path / "epoch.pt", epochs=3, fail_at=(2, 0))
    assert len(epoch_lines(capfd)) == 2
    run(tmp_path / "epoch.pt", epochs=3)
    (line,) = epoch_lines(capfd)
    assert line.startswith("small-seed3: epoch 3/3: ")


def test_a_terminal_has_a_bar_instead(tmp_path, terminal):
    terminal = terminal()
    run(tmp_path / "epoch.pt", epochs=2)
    assert "val_score" not in terminal.getvalue()
