"""What stops a search; the search is tested in `windows/tune/`."""

from tests.running import invoke


def test_readings_without_ellipses_cannot_be_scored(small, tmp_path):
    result = invoke("tune", small.tables, small.mentions, tmp_path / "out")
    assert result.exit_code == 2
    assert not (tmp_path / "out").exists()


def test_thresholds_are_one_of_two_lists(small, tmp_path):
    arguments = (small.tables, small.mentions, tmp_path / "out", "--thresholds", "some")
    result = invoke("tune", *arguments)
    assert result.exit_code == 2
    assert "'all', 'published'" in result.output
