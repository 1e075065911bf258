"""The line about an export; its files are tested in `export/`."""

from tests.running import gazescribe


def test_the_line_says_what_is_in_it(small, tmp_path):
    export = ("export", small.tables, small.associated, tmp_path / "out")
    printed = gazescribe(*export)
    assert "parquet: " in printed
    assert "no maps: give --shards or --size; ids as in the sources" in printed
    assert "2 maps in label-16x16" in gazescribe(*export, "--size", 16)
