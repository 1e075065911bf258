import json

import pytest

from gazescribe.pipeline.core.errors import GazeError
from gazescribe.pipeline.report.layout import DataSet, open_run


def touch(folder, *paths):
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text("")


def test_a_project_is_described_by_what_is_there(tmp_path):
    touch(
        tmp_path,
        "data/tables/reflacx/readings.parquet",
        "data/tables/reflacx/ingest.json",
        "data/tables/egd/readings.parquet",
        "data/tables/egd/ingest.json",
        "data/tables/mimic-cxr-jpg/images.parquet",
        "data/tables/mimic-cxr-jpg/ingest.json",
        "data/mentions/reflacx.parquet",
        "data/associated/reflacx/associate.json",
        "results/tune/ranking.csv",
        "results/tune/tune.json",
        "results/mil/tabulate.json",
        "results/mil/tables.json",
        "results/overlays/overlay.png",
        "data/models/mil/et-seed0/epochs.csv",
        "data/models/mil/et-seed1/epochs.csv",
    )
    run = open_run(tmp_path)
    assert run.datasets == {
        "egd": DataSet(tables="data/tables/egd"),
        "reflacx": DataSet(
            tables="data/tables/reflacx",
            mentions="data/mentions/reflacx.parquet",
            associated="data/associated/reflacx",
        ),
    }
    assert run.tune == "results/tune"
    assert run.evaluated_labels is None
    assert run.results == {"mil": "results/mil"}
    assert run.models == {"mil": "data/models/mil"}
    assert run.metrics == [
        "data/tables/egd/ingest.json",
        "data/tables/mimic-cxr-jpg/ingest.json",
        "data/tables/reflacx/ingest.json",
        "data/associated/reflacx/associate.json",
        "results/tune/tune.json",
    ]


def test_parts_whose_stage_says_half_of_them_are_named(tmp_path):
    touch(
        tmp_path,
        "data/tables/reflacx/readings.parquet",
        "results/mil/tabulate.json",
        "results/tune/ranking.csv",
    )
    (tmp_path / "results/tune/tune.json").symlink_to("tune.json")
    with pytest.raises(GazeError, match="parts of this run are not whole") as caught:
        open_run(tmp_path)
    assert list(caught.value.faults) == [
        "results/mil has no file tables.json",
        "results/tune has no file tune.json",
    ]


def test_a_run_file_is_taken_at_its_word(tmp_path):
    content = {
        "schema_version": 1,
        "title": "Mine",
        "datasets": {"mine": {"tables": "t", "associated": "a"}},
        "results": {"mil": "r"},
    }
    (tmp_path / "run.json").write_text(json.dumps(content))
    touch(tmp_path, "t/readings.parquet", "a/windows.parquet", "r/tabulate.json")
    run = open_run(tmp_path)
    assert (run.title, run.datasets["mine"].tables, run.tune) == ("Mine", "t", None)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param("{", "not JSON", id="broken"),
        pytest.param({"datasets": {}}, "schema_version is missing", id="no version"),
        pytest.param(
            {"schema_version": 1, "datasets": {}, "tunes": "x"},
            "tunes is unknown; the nearest is tune",
            id="unknown key",
        ),
        pytest.param(
            {"schema_version": 1, "datasets": {}, "tune": "../secret"},
            "must lie in the folder of run.json, found '../secret'",
            id="out of the folder",
        ),
        pytest.param(
            {"schema_version": 1, "datasets": {"a": {"tables": "/etc"}}},
            "must lie in the folder of run.json, found '/etc'",
            id="absolute",
        ),
    ],
)
def test_what_a_run_file_may_not_say(tmp_path, content, message):
    text = content if isinstance(content, str) else json.dumps(content)
    (tmp_path / "run.json").write_text(text)
    with pytest.raises(GazeError) as error:
        open_run(tmp_path)
    assert message in str(error.value)


def test_everything_that_is_not_there_is_told_at_once(tmp_path):
    content = {
        "schema_version": 1,
        "datasets": {
            "one": {"tables": "t", "mentions": "mentons.parquet", "associated": "a"},
            "two": {"tables": "empty"},
        },
        "tune": "tuen",
        "results": {"mil": "r"},
        "metrics": ["t/ingest.json", "t/ingets.json"],
    }
    (tmp_path / "run.json").write_text(json.dumps(content))
    touch(tmp_path, "t/readings.parquet", "t/ingest.json", "a/windows.parquet", "empty/x.txt")
    with pytest.raises(GazeError, match="names what is not there") as error:
        open_run(tmp_path)
    assert sorted(error.value.faults) == [
        "datasets.one.mentions: mentons.parquet",
        "datasets.two.tables: empty holds no tables",
        "metrics.1: t/ingets.json",
        "results.mil: r",
        "tune: tuen",
    ]


def test_another_folder_is_no_run(tmp_path):
    with pytest.raises(GazeError, match=r"neither run\.json nor data/tables"):
        open_run(tmp_path)
