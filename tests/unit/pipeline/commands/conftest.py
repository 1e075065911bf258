"""One small run that the tests of several commands read."""

from types import SimpleNamespace

import pytest

from tests.running import gazescribe
from tests.synthetic import fixation, mention, reading, write_tables

TEXT = "edema seen . mass there ."


@pytest.fixture(scope="session")
def small(tmp_path_factory):
    """Two readings, of which one mentions edema and mass, with one fixation each."""
    folder = tmp_path_factory.mktemp("small")
    tables = write_tables(
        folder / "tables",
        readings=[reading("R1", TEXT), reading("R2", "clear .", dicom_id="image of R2")],
        fixations=[fixation(0, 0, 1, reading_id=name, x_px=20.0) for name in ("R1", "R2")],
    )
    rows = ["report_id,char_start,char_end,label,polarity"]
    for text, label in (("seen", "edema"), ("there", "mass")):
        span = mention(TEXT, text)
        rows.append(f"R1,{span['char_start']},{span['char_end']},{label},positive")
    mentions = folder / "mentions.csv"
    mentions.write_text("\n".join(rows) + "\n")
    gazescribe("associate", tables, mentions, folder / "associated", "--workers", 1)
    return SimpleNamespace(tables=tables, mentions=mentions, associated=folder / "associated")
