from tests.running import gazescribe, invoke


def test_a_file_of_readers_scores_itself(small, tmp_path):
    paths, out = tmp_path / "paths", tmp_path / "scores"
    gazescribe("scanpaths", small.tables, small.associated, paths, "--workers", 1)
    file = paths / "findings.json"
    printed = gazescribe("score-scanpaths", file, paths, out, "--workers", 1)
    assert printed.startswith(
        "2 scan paths of 1 image against 2 predictions; ScanMatch of all findings: predicted 1.000"
    )
    assert "left out: 2 of readers, not predicted" in printed
    for ending in ("csv", "png", "pdf", "svg"):
        assert (out / f"scanpath_scores.{ending}").is_file()


def test_a_folder_without_scan_paths(small, tmp_path):
    file = tmp_path / "predicted.json"
    file.write_text("[]")
    result = invoke("score-scanpaths", file, small.tables, tmp_path / "out")
    assert result.exit_code == 2
    assert "there is no table scanpaths" in result.output
