"""The line about a demo; its files are tested in `demo/`."""

from tests.running import gazescribe


def test_the_line_says_that_all_is_synthetic(tmp_path):
    out = tmp_path / "demo"
    printed = gazescribe("demo", out, "--readings", 11, "--images", "none", "--workers", 1)
    assert printed.startswith(f"{out}: 11 REFLACX readings of ")
    assert printed.endswith(" MIMIC images, all synthetic.\n")
