"""What stops scoring before it starts; the rest is in `evaluating/`."""

from tests.running import gazescribe, invoke


def test_all_untrained_runs_are_named(tmp_path):
    config = tmp_path / "mil.json"
    gazescribe("configure", "mil", config)
    (tmp_path / "models").mkdir()
    result = invoke("evaluate", config, tmp_path / "models", tmp_path / "out")
    assert result.exit_code == 2
    assert "runs are not trained" in result.output
    assert "- et-seed0" in result.output
    assert not (tmp_path / "out").exists()


def test_models_must_be_there(tmp_path):
    config = tmp_path / "mil.json"
    gazescribe("configure", "mil", config)
    result = invoke("evaluate", config, tmp_path / "absent", tmp_path / "out")
    assert result.exit_code == 2
    assert "absent" in result.output
