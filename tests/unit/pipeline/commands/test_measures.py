from tests.running import gazescribe, invoke


def test_what_is_printed(small, tmp_path):
    out = tmp_path / "out"
    printed = gazescribe("measures", small.tables, small.associated, out, "--workers", 1)
    assert printed.startswith("2 readings, fixation 1.000 s (medians)")
    assert printed.endswith(f"→ {out}\n")
    for name in ("region_measures", "reading_measures", "mention_leads"):
        assert (out / f"{name}.parquet").is_file()
        assert (out / f"{name}.csv").is_file()


def test_mentions_say_when_a_label_is_said(small, tmp_path):
    arguments = (small.tables, small.associated, tmp_path / "out", "--mentions", small.mentions)
    gazescribe("measures", *arguments, "--workers", 1)


def test_a_file_that_is_none_of_regions(small, tmp_path):
    arguments = (small.tables, small.associated, tmp_path / "out", "--regions", small.mentions)
    result = invoke("measures", *arguments)
    assert result.exit_code == 2
    assert "this lacks the columns region, xmin_px" in result.output
