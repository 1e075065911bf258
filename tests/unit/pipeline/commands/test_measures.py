import re

from tests.running import gazescribe, invoke
from tests.synthetic import reading, write_tables


def test_what_is_printed(small, tmp_path):
    out = tmp_path / "out"
    arguments = (small.tables, small.associated, out, "--mentions", small.mentions)
    printed = gazescribe("measures", *arguments, "--workers", 1)
    assert printed.startswith("2 readings, fixation 1.000 s (medians)")
    assert printed.endswith(f"→ {out}\n")
    for name in ("region_measures", "reading_measures", "mention_leads"):
        assert (out / f"{name}.parquet").is_file()
        assert (out / f"{name}.csv").is_file()
    page = (out / "measures.html").read_text()
    assert "Where readers look" in page
    assert "n_revisits_after_mention" in page  # explained
    assert not re.findall(r"(?:src|href)=\"(?!data:|#)", page)


def test_a_file_that_is_none_of_regions(small, tmp_path):
    arguments = (small.tables, small.associated, tmp_path / "out", "--regions", small.mentions)
    result = invoke("measures", *arguments)
    assert result.exit_code == 2
    assert "this lacks the columns region, xmin_px" in result.output


def test_nothing_to_measure(tmp_path):
    tables = write_tables(tmp_path / "tables", readings=[reading("R1", has_gaze=False)])
    gazescribe("associate", tables, tmp_path / "associated", "--workers", 1)
    out = tmp_path / "out"
    printed = gazescribe("measures", tables, tmp_path / "associated", out, "--workers", 1)
    assert printed.startswith("0 readings; readings left out: 1 no gaze")
    assert not (out / "measures.html").exists()
