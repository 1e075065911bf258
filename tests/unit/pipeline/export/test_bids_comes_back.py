"""A BIDS export is ingested again by a manifest alone, as docs/own-data.md shows."""

import re
from pathlib import Path

import pandas as pd
import yaml

from tests.running import gazescribe

from .conftest import IDS

DOCS = Path(__file__).parents[4] / "docs" / "own-data.md"
COLUMNS = ["onset_s", "x_px", "y_px", "pupil_area_norm"]


def test_fixations_survive_the_round(inputs, exported, tmp_path):
    page = DOCS.read_text(encoding="utf-8")
    (block,) = re.findall(r"(?ms)^```yaml\n(fixations:\n  file: \"sub-.*?)^```", page)
    size = {"px_per_deg_x": 10, "px_per_deg_y": 12}
    tables = yaml.safe_load(block)
    tables["fixations"]["columns"] |= size
    manifest = {"name": "again", "tables": tables}
    (tmp_path / "again.yaml").write_text(yaml.safe_dump(manifest))
    gazescribe("ingest", tmp_path / "again.yaml", exported("bids"), tmp_path / "tables")
    found = pd.read_parquet(tmp_path / "tables" / "fixations.parquet")
    expected = pd.read_parquet(inputs.tables / "fixations.parquet")
    assert len(found) == 50
    labels = expected.reading_id.str.replace("-", "")
    assert found.reading_id.tolist() == labels.tolist()
    pd.testing.assert_frame_equal(found[COLUMNS], expected[COLUMNS])
    pd.testing.assert_series_equal(found.offset_s, expected.offset_s)
    assert found.px_per_deg_x.tolist() == expected.px_per_deg_x.tolist()
    readings = pd.read_parquet(tmp_path / "tables" / "readings.parquet")
    assert readings.has_gaze.tolist() == [True, True, False]
    assert readings.reading_id.tolist() == list(IDS)
