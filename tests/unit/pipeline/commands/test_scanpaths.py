import json

from tests.running import gazescribe, invoke


def test_what_is_printed(small, tmp_path):
    out = tmp_path / "paths"
    printed = gazescribe("scanpaths", small.tables, small.associated, out, "--workers", 1)
    assert printed.startswith("scan paths of 2 findings and 2 whole readings")
    assert printed.endswith(f"→ {out}\n")
    assert {path.name for path in out.iterdir() if path.suffix != ""} >= {
        "scanpaths.parquet",
        "scanpaths.json",
        "findings.json",
        "readings.json",
    }


def test_a_frame_and_a_share_may_be_asked_for(small, tmp_path):
    arguments = (small.tables, small.associated, tmp_path, "--size", "40x50", "--min-share", 0)
    gazescribe("scanpaths", *arguments, "--workers", 1)
    entries = json.loads((tmp_path / "readings.json").read_text())
    assert {(each["height"], each["width"]) for each in entries} == {(40, 50)}
    result = invoke("scanpaths", *arguments[:3], "--min-share", 2)
    assert result.exit_code == 2
    assert "--min-share" in result.output


def test_folders_that_do_not_fit(small, tmp_path):
    result = invoke("scanpaths", small.tables, small.tables, tmp_path / "out")
    assert result.exit_code == 2
    assert "there is no table windows" in result.output
