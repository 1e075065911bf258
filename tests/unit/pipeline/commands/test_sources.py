"""The line about sources; what is listed is tested in `sources/test_listing.py`."""

import json

from tests.running import gazescribe, invoke


def test_a_data_set_that_is_not_there_gives_an_empty_list(tmp_path):
    out = tmp_path / "out.json"
    (tmp_path / "root").mkdir()
    result = invoke("sources", "reflacx", tmp_path / "root", out)
    assert result.exit_code == 0, result.output
    assert "warning: " in result.output
    assert f"reflacx: 0 files, 0 of them hashed → {out}" in result.output
    content = json.loads(out.read_text())
    assert (content["size"], content["md5"]) == ({}, {})
    assert content["absent"]


def test_files_of_a_demo_are_counted(tmp_path):
    demo, out = tmp_path / "demo", tmp_path / "out.json"
    gazescribe("demo", demo, "--readings", 11, "--images", "none", "--workers", 1)
    counts = json.loads(gazescribe("sources", "reflacx", demo, out, "--json"))
    content = json.loads(out.read_text())
    assert counts["files"] == len(content["size"]) > 11
    assert all(not name.startswith("/") for name in content["size"])
