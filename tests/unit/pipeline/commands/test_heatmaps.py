"""The line about maps; what they show is in `maps/test_heatmaps.py`."""

import json

import numpy as np
import pytest

from tests.running import gazescribe, invoke
from tests.synthetic import reading, write_tables


def test_the_line_counts_maps_readings_and_shards(small, tmp_path):
    out = tmp_path / "out"
    printed = gazescribe("heatmaps", small.tables, small.associated, out, "--size", 16)
    assert printed.startswith("2 label maps of 1 reading in 1 shard, 0 blank; left out: 1 empty")
    assert printed.endswith(f" → {out}\n")


def test_nothing_to_draw_is_said(tmp_path, small):
    tables = write_tables(tmp_path / "tables", readings=[reading("R1")], ellipses=[])
    printed = gazescribe(
        *("heatmaps", tables, small.associated, tmp_path / "out", "--kind", "ellipse"),
        *("--size", 16),
    )
    assert "nothing was drawn: there is no ellipse for a ellipse map" in printed


def test_ellipses_need_no_windows_and_other_kinds_do(small, tmp_path):
    tables = write_tables(tmp_path / "tables", readings=[reading("R1")], ellipses=[])
    paths = (tables, tmp_path / "absent", tmp_path / "out", "--size", 16)
    gazescribe("heatmaps", *paths, "--kind", "ellipse")
    result = invoke("heatmaps", *paths, "--kind", "saliency")
    assert result.exit_code == 2
    assert f"Directory '{tmp_path / 'absent'}' does not exist" in result.output


@pytest.mark.parametrize(("size", "height"), [("mil", 64), ("16x24", 16)])
def test_a_network_names_a_size(small, tmp_path, size, height):
    """The profile of the demo has small images."""
    arguments = ("heatmaps", small.tables, small.associated, tmp_path / "out", "--size", size)
    assert json.loads(gazescribe(*arguments, "--json"))["n_maps"] == 2
    maps = np.load(tmp_path / "out" / "heatmaps-00000.npy")
    assert maps.shape[1] == height


def test_options_stand_in_for_parameters(small, tmp_path):
    arguments = ("heatmaps", small.tables, small.associated, tmp_path / "out", "--size", 16)
    choices = ("--resize", "published", "--saliency-from", "samples", "--json")
    params = json.loads(gazescribe(*arguments, *choices))["params"]
    assert (params["resize"], params["saliency_from"]) == ("published", "samples")


def test_an_unknown_size_is_refused(small, tmp_path):
    result = invoke("heatmaps", small.tables, small.associated, tmp_path / "out", "--size", "big")
    assert result.exit_code == 2
    assert "big" in result.output
    assert not (tmp_path / "out").exists()
