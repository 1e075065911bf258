from pathlib import Path

import pytest

from gazescribe.pipeline.core.errors import GazeError
from gazescribe.pipeline.report.written import Counts, Tuned, load_json, read_json, rerun


def test_a_file_may_hold_more_than_the_pages_need(tmp_path):
    path = tmp_path / "heatmaps.json"
    path.write_text('{"n_maps": 3, "later": {"stage": 1}}')
    assert read_json(path, Counts).n_maps == 3
    assert load_json(path)["later"] == {"stage": 1}


def test_all_that_is_missing_is_named_at_once(tmp_path):
    path = tmp_path / "tune.json"
    path.write_text('{"n_rules": "many", "best": {}}')
    with pytest.raises(GazeError, match=r"Run it again\.") as error:
        read_json(path, Tuned, "Run it again.")
    faults = "\n".join(error.value.faults)
    for key in ("n_rules", "n_readings", "best.rule"):
        assert key in faults


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(None, "no such file", id="absent"),
        pytest.param("{", "this is not JSON", id="broken"),
        pytest.param("[]", "a JSON object was expected", id="list"),
    ],
)
def test_files_that_are_no_json_objects(tmp_path, content, message):
    path = tmp_path / "counts.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(GazeError, match=message) as error:
        load_json(path)
    assert str(path) in str(error.value)


def test_a_stage_has_the_name_of_its_file():
    assert rerun(Path("a/evaluate_labels.json")) == "Run `gazescribe evaluate-labels` again."
