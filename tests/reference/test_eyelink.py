"""Fixations found in the samples of real EyeLink recordings against those of the tracker itself.

The figures stand in docs/own-data.md.
"""

import json

import pytest

from tests.running import gazescribe, invoke


@pytest.fixture(scope="module")
def tables(shared, tmp_path_factory):
    root = shared / "real" / "eyelink"
    folder = tmp_path_factory.mktemp("eyelink") / "tables"
    gazescribe("ingest", root / "m.yaml", root, folder, "--samples", "--workers", 1)
    return folder


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        (
            "idt",
            {"count_ratio": 1.01, "time_iou": 0.91, "share_matched": 0.96, "distance_deg": 0.01},
        ),
        (
            "ivt",
            {"count_ratio": 0.92, "time_iou": 0.97, "share_matched": 0.93, "distance_deg": 0.00},
        ),
        pytest.param(
            "i2mc",
            {"count_ratio": 0.91, "time_iou": 0.94, "share_matched": 0.94, "distance_deg": 0.01},
            marks=pytest.mark.slow,
        ),
    ],
)
def test_the_figures_of_the_documentation(tables, tmp_path, method, expected):
    result = invoke("fixations", tables, tmp_path / "out", "--method", method, "--against", tables)
    assert result.exit_code == 0, result.output
    summary = json.loads((tmp_path / "out" / "fixations.json").read_text())
    agreement = summary["agreement"]
    assert agreement["readings"] == 20
    assert {name: round(agreement[name], 2) for name in expected} == expected
    assert summary["noise"]["readings_beyond"] == 0
    assert summary["noise"]["median_deg"] == pytest.approx(0.02, abs=0.01)
    assert "warning" not in result.output
