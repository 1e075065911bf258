"""The gallery: each example runs as a person runs it, and what its text says is so."""

import runpy

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest

from tests.conftest import ROOT

GALLERY = ROOT / "examples" / "gallery"


@pytest.fixture(scope="module")
def folder(project, tmp_path_factory):
    """A folder of its own in which the demo lies already."""
    folder = tmp_path_factory.mktemp("gallery")
    (folder / "demo").symlink_to(project / "data" / "demo")
    return folder


@pytest.fixture
def run(folder, monkeypatch, capsys):
    """Run an example; give its names. Figures are as many as it shows."""
    monkeypatch.setenv("GAZE_WORKERS", "")  # examples set both: they are as before afterwards
    monkeypatch.setenv("GAZE_DATA_ROOT", "")
    monkeypatch.chdir(folder)

    def run(name):
        with mpl.rc_context({"backend": "agg"}):
            names = runpy.run_path(str(GALLERY / name))
        told = capsys.readouterr()
        assert "error" not in told.err, told.err
        return {**names, "printed": told.out}

    yield run
    plt.close("all")


def test_one_reading(run):
    names = run("1_one_reading.py")
    drawn = names["ellipses"].query("label == 'Atelectasis'").iloc[0]  # at the left base
    last = names["mine"]  # fixations of the second window
    x_px, y_px = np.average(last[["x_px", "y_px"]], axis=0, weights=last.weight_s)
    assert drawn.xmin_px < x_px < drawn.xmax_px
    assert drawn.ymin_px < y_px < drawn.ymax_px
    assert len(names["windows"]) == 2
    assert plt.get_fignums() == [1, 2, 3]


def test_the_window_search_finds_the_planted_delay(run):
    names = run("2_window_search.py")
    assert names["low_s"] <= 1.5 <= names["high_s"]
    assert names["between"]["whole_report"] < names["fine"].iou_cross_validated.max()
    assert (names["ranking"].behind_best_low.head() <= 0).any()


def test_own_data(run):
    names = run("3_own_data.py")
    assert "0 errors, 0 losses, 0 warnings; nothing is lost" in names["printed"]
    for window in names["labelled"].itertuples():
        heatmap = names["run"].heatmap(reading_id=window.reading_id, label=window.labels[0])
        row, column = np.unravel_index(heatmap.argmax(), heatmap.shape)
        x_px, y_px = names["LOOKED_AT"][window.reading_id]
        assert np.hypot(column - x_px, row - y_px) < 40


def test_a_network(run):
    names = run("4_network.py")
    assert names["epochs"].val_loss.iloc[-1] < names["epochs"].val_loss.iloc[0] / 2
    assert names["scores"].shape == (9, 2)
    assert names["scores"]["network"].mean() > 0.6


def test_an_export_read_back(run):
    names = run("5_export_read_back.py")
    assert "files are as they were sent" in names["printed"]
    assert {*names["maps"].split} == {"train", "validate", "test"}
    left, right, bottom, top = names["extent"]
    row, column = np.unravel_index(names["heatmap"].argmax(), names["heatmap"].shape)
    x_px = left + (column + 0.5) * (right - left) / names["heatmap"].shape[1]
    y_px = top + (row + 0.5) * (bottom - top) / names["heatmap"].shape[0]
    ellipses = names["ellipses"]
    across = (ellipses.xmin_px <= x_px) & (x_px <= ellipses.xmax_px)
    assert (across & (ellipses.ymin_px <= y_px) & (y_px <= ellipses.ymax_px)).sum() == 1


def test_no_example_is_without_a_test():
    listed = {path.stem[2:] for path in GALLERY.glob("*.py")}
    assert listed == {"one_reading", "window_search", "own_data", "network", "export_read_back"}
