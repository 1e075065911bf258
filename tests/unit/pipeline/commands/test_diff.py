"""What is compared and said; how changes are found is in `report/test_diff.py`."""

import csv

from tests.running import gazescribe, invoke
from tests.synthetic import fixation, reading, write_tables


def test_no_change(small):
    printed = gazescribe("diff", small.associated, small.associated)
    assert printed.splitlines()[-1].startswith("0 changes in ")
    assert "no change" in printed


def test_changes_are_counted_and_written(small, tmp_path):
    other, out = tmp_path / "other", tmp_path / "changes.csv"
    gazescribe("associate", small.tables, small.mentions, other, "--lag", 0.25, "--workers", 1)
    printed = gazescribe("diff", small.associated, other, "--out", out)
    n_changes = int(printed.splitlines()[-1].split()[0])
    assert n_changes > 0
    with out.open(newline="") as file:
        assert len(list(csv.DictReader(file))) == n_changes


def test_what_has_nothing_in_common(small, tmp_path):
    result = invoke("diff", small.associated, tmp_path)
    assert result.exit_code == 2
    assert "there is nothing to compare" in result.output
    tables = write_tables(
        tmp_path / "tables",
        readings=[reading("X1", "edema .")],
        fixations=[fixation(0, 0, 1, reading_id="X1")],
    )
    mentions = tmp_path / "mentions.csv"
    mentions.write_text("report_id,char_start,char_end,label,polarity\nX1,0,5,edema,positive\n")
    gazescribe("associate", tables, mentions, tmp_path / "x", "--workers", 1)
    result = invoke("diff", small.associated, tmp_path / "x")
    assert result.exit_code == 2
    assert "there is no reading in common" in result.output
